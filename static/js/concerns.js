// Concern chips ([data-concerns]): each row [data-concern] holds ○ (checkbox [data-concern-check]) and ◎ (radio
// [data-concern-most]). While the focus is inside, a number toggles ○ and Shift+number ◎; 10–16 are typed as two
// digits. ◎ implies ○; taking ○ away takes ◎ away; ◎ pressed again goes back to ○. Arrows move between rows.

const DIGIT_MS = 600;

function changed(input) {
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function parts(row) {
  return { check: row.querySelector("[data-concern-check]"), most: row.querySelector("[data-concern-most]") };
}

function toggleCheck(row) {
  const { check } = parts(row);
  check.checked = !check.checked;
  check.focus();
  changed(check);
}

function toggleMost(row) {
  const { most } = parts(row);
  most.checked = !most.checked;
  most.focus();
  changed(most);
}

function digitOf(event) {
  const match = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  return match ? match[1] : "";
}

function watch(group) {
  const rows = [...group.querySelectorAll("[data-concern]")];
  let typed = "";
  let waiting = 0;

  function settle(act) {
    window.clearTimeout(waiting);
    const row = rows[Number(typed) - 1];
    typed = "";
    if (row) act(row);
  }

  group.addEventListener("change", (event) => {
    const row = event.target.closest("[data-concern]");
    if (!row) return;
    const { check, most } = parts(row);
    if (event.target === most && most.checked && !check.checked) {
      check.checked = true;
      changed(check);
    }
    if (event.target === check && !check.checked) most.checked = false;
  });

  // A radio that is on already: pressing it again takes ◎ away.
  let wasOn = null;
  const remember = (event) => {
    const label = event.target.closest("label");
    const radio = label?.querySelector("[data-concern-most]");
    if (radio) wasOn = radio.checked ? radio : null;
  };
  group.addEventListener("pointerdown", remember);
  group.addEventListener("keydown", (event) => { if (event.key === " ") remember(event); }, true);
  group.addEventListener("click", (event) => {
    if (event.target.matches("[data-concern-most]") && event.target === wasOn) {
      event.target.checked = false;
      wasOn = null;
      changed(event.target);
    }
  });

  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const digit = digitOf(event);
    if (digit) {
      event.preventDefault();
      event.stopPropagation();
      const act = event.shiftKey ? toggleMost : toggleCheck;
      typed += digit;
      window.clearTimeout(waiting);
      const mayGrow = typed.length < 2 && Number(`${typed}0`) <= rows.length;
      if (mayGrow) waiting = window.setTimeout(() => settle(act), DIGIT_MS);
      else settle(act);
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest("[data-concern]");
    if (step && row) {
      event.preventDefault();
      const next = rows[rows.indexOf(row) + step];
      if (next) parts(next)[event.target.matches("[data-concern-most]") ? "most" : "check"].focus();
    }
    const side = { ArrowRight: "most", ArrowLeft: "check" }[event.key];
    if (side && row) {
      event.preventDefault();
      parts(row)[side].focus();
    }
  });
}

const watched = new WeakSet();
function watchAll() {
  for (const group of document.querySelectorAll("[data-concerns]")) {
    if (watched.has(group)) continue;
    watched.add(group);
    watch(group);
  }
}
watchAll();
document.addEventListener("htmx:load", watchAll);
