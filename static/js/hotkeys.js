// Keys. Any element with data-hotkey="x" is pressed by that key: a text field gets the focus, the rest is clicked.
// Two letters ("g h") are typed one after the other. Nothing happens while somebody types, except Ctrl+Enter,
// which submits the form whose field has the cursor, or else the only form[data-submit-key] of the page.
// ? opens the list of keys; 1–9 follow the tabs of nav[data-tabs]; j and k walk the rows ([data-row] or tr[data-href]).

const SEQUENCE_MS = 900;
let first = "";
let firstAt = 0;

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select, [role='combobox']")) return true;
  return target.matches("input:not([type='checkbox'], [type='radio'], [type='button'], [type='submit'], [type='range'])");
}

function isVisible(element) {
  return element.getClientRects().length > 0 && !element.closest("[inert]");
}

function findKey(keys) {
  const scope = document.querySelector("dialog[open]") ?? document;
  return [...scope.querySelectorAll("[data-hotkey]")].find((item) => item.dataset.hotkey === keys && isVisible(item));
}

function press(element) {
  if (element.matches("input, textarea, select") && isTyping(element)) {
    element.focus();
    if (element.select) element.select();
  } else {
    element.focus({ preventScroll: true });
    element.click();
  }
}

function submitByKey(event) {
  const around = event.target instanceof Element ? event.target.closest("form") : null;
  const isWritten = around?.method === "post" && event.target.matches("input, select, textarea");
  const form = isWritten || around?.matches("[data-submit-key]") ? around : document.querySelector("form[data-submit-key]");
  if (!form) return false;
  if (around && around !== form && around.method === "get") return false;
  form.requestSubmit(form.querySelector("[data-submit-default]") ?? undefined);
  return true;
}

function followTab(number) {
  const links = document.querySelectorAll("nav[data-tabs] a");
  const link = links[number - 1];
  if (link) link.click();
  return Boolean(link);
}

function walkRows(step) {
  const rows = [...document.querySelectorAll("[data-row], tr[data-href]")].filter(isVisible);
  if (!rows.length) return false;
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const start = step > 0 ? -1 : rows.length;
  const next = rows[Math.min(Math.max((current < 0 ? start : current) + step, 0), rows.length - 1)];
  const target = next.matches("a, button") ? next : next.querySelector("a[href], button");
  target?.focus();
  return Boolean(target);
}

function runSingle(event) {
  const key = event.key;
  if (key === "?") {
    const dialog = document.getElementById("keys-dialog");
    if (dialog && !dialog.open) dialog.showModal();
    return Boolean(dialog);
  }
  const sequence = Date.now() - firstAt < SEQUENCE_MS ? findKey(`${first} ${key}`) : undefined;
  first = key;
  firstAt = Date.now();
  const element = sequence ?? findKey(key);
  if (element) {
    first = "";
    press(element);
    return true;
  }
  if (document.querySelector("dialog[open]")) return false;
  if (/^[1-9]$/.test(key)) return followTab(Number(key));
  if (key === "j") return walkRows(1);
  if (key === "k") return walkRows(-1);
  return false;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    if (submitByKey(event)) event.preventDefault();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (runSingle(event)) event.preventDefault();
});

// A click anywhere on a row opens it, unless it lands on something of its own or selects text.
document.addEventListener("click", (event) => {
  const row = event.target instanceof Element ? event.target.closest("tr[data-href]") : null;
  if (!row || event.target.closest("a, button, input, select, textarea, label, summary")) return;
  if (String(window.getSelection())) return;
  window.location.assign(row.dataset.href);
});
