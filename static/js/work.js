// 業務記録: a chip or a gap puts its words into a day's line; ↑ ↓ go from line to line; i goes to
// the line used last, at first to today's; Esc leaves a line, so that the keys of the page work again.

const lines = () => [...document.querySelectorAll("input[data-quick-line]")];
let lastId = "";

document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("input[data-quick-line]")) lastId = event.target.id.replace(/^edit-/, "line-");
});

function target() {
  return document.getElementById(lastId)
    ?? document.querySelector("[data-today-line] input")
    ?? lines()[0];
}

function place(input) {
  input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
}

document.addEventListener("click", (event) => {
  const chip = event.target.closest?.("[data-word]");
  if (chip) {
    const input = target();
    if (!input) return;
    input.value = `${input.value.trimEnd()} ${chip.dataset.word}`.trimStart();
    place(input);
    return;
  }
  const template = event.target.closest?.("[data-template]");
  if (template) {
    const input = target();
    if (!input) return;
    input.value = template.dataset.template;
    place(input);
    return;
  }
  const gap = event.target.closest?.("[data-fill]");
  const input = gap && document.getElementById(gap.dataset.line);
  if (input) {
    input.value = gap.dataset.fill;
    place(input);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  const here = event.target;
  if (here.matches?.("input[data-quick-line]")) {
    if (event.key === "Escape") here.blur();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const all = lines();
    const next = step && all[all.indexOf(here) + step];
    if (next) {
      event.preventDefault();
      place(next);
    }
    return;
  }
  if (event.key === "i" && !here.matches?.("input, textarea, select")) {
    const input = target();
    if (input) {
      event.preventDefault();
      place(input);
    }
  }
});

// A row opened for correction is typed over at once.
document.addEventListener("htmx:afterSettle", () => {
  const editing = document.querySelector("[data-edit-line] input");
  if (editing && document.activeElement !== editing) place(editing);
});
