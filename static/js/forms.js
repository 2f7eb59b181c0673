// All forms: sent once (the button waits), focus on what is wrong, a warning before leaving unsaved words.
// form[data-dirty-warn]: warn before leaving while changed. form[data-resend]: may be sent again at once (downloads).
// Others mark a form clean with: form.dispatchEvent(new CustomEvent("kyosei:clean")).

const REOPEN_MS = 10000;
const dirty = new WeakSet();
let leavingBySubmit = false;

function buttonsOf(form) {
  return [...form.elements].filter((item) => item.matches("button:not([type='button']), input[type='submit']"));
}

function hold(form) {
  form.dataset.sending = "true";
  // One turn later: a button disabled at once would drop out of the data that is being sent.
  window.setTimeout(() => {
    if (form.dataset.sending !== "true") return;
    for (const button of buttonsOf(form)) button.disabled = true;
  }, 0);
  window.setTimeout(() => release(form), REOPEN_MS);
}

function release(form) {
  if (form.dataset.sending !== "true") return;
  delete form.dataset.sending;
  for (const button of buttonsOf(form)) button.disabled = false;
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-resend], [method='dialog']")) return;
  if (form.method === "get" && !form.hasAttribute("hx-post")) return;
  if (form.dataset.sending === "true") {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  if (event.defaultPrevented) return;
  leavingBySubmit = true;
  hold(form);
}, true);

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (!form) return;
  leavingBySubmit = false;
  release(form);
  if (event.detail.successful && event.detail.requestConfig?.verb !== "get") dirty.delete(form);
});

window.addEventListener("pageshow", () => {
  leavingBySubmit = false;
  for (const form of document.forms) release(form);
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-dirty-warn]")) dirty.add(form);
});

document.addEventListener("kyosei:clean", (event) => dirty.delete(event.target));

window.addEventListener("beforeunload", (event) => {
  if (leavingBySubmit) return;
  if ([...document.forms].some((form) => dirty.has(form))) event.preventDefault();
});

// [data-example]: the gallery shows errors that are nobody's.
const wrong = [...document.querySelectorAll("[data-error-summary], main [aria-invalid='true']")].find((item) => !item.closest("[data-example]"));
wrong?.focus();
