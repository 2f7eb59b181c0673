// A search field over a list that htmx loads (components/combobox.html). Inside [data-combobox]:
//   input[role=combobox]  with hx-get into  [role=listbox];  input[data-combobox-value] takes the choice.
// The list's items: [role=option] with data-value and data-label; data-href opens a page instead of being taken;
// an item with hx-* attributes is clicked, and htmx does the rest.
// ↓ ↑ move, Enter takes the marked one (nothing is marked until ↓: a wrong person is worse than one key more),
// Esc closes. Editing the words after a choice takes the choice back.
// [data-takes-for=id of the input], anywhere on the page, with data-value and data-label: a button that takes a person.
// Events on [data-combobox]: combobox:select {value, label, option}, combobox:clear.

const HX = ["hx-get", "hx-post"];

// A press elsewhere takes the focus away. A list that pushes the page down closes only when the press has ended: closed
// at once, it would pull what is being pressed from under the pointer, and the click would be lost.
let pressing = false;
const waiting = new Set();
document.addEventListener("mousedown", () => { pressing = true; }, true);
function settle() {
  pressing = false;
  for (const closeIfLeft of waiting) closeIfLeft();
  waiting.clear();
}
for (const end of ["mouseup", "dragend"]) document.addEventListener(end, () => setTimeout(settle), true); // after its click
document.addEventListener("keydown", settle, true);

function watch(box) {
  const input = box.querySelector("[role='combobox']");
  const list = box.querySelector("[role='listbox']");
  const value = box.querySelector("[data-combobox-value]");
  if (!input || !list) return;

  const options = () => [...list.querySelectorAll("[role='option']")];
  const marked = () => list.querySelector("[role='option'][aria-selected='true']");

  function open() {
    const some = list.childElementCount > 0;
    list.hidden = !some;
    input.setAttribute("aria-expanded", String(some));
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(null);
  }

  function mark(option) {
    marked()?.setAttribute("aria-selected", "false");
    if (!option) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    option.id ||= `${list.id}_${options().indexOf(option)}`;
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function take(option) {
    if (option.dataset.href) {
      window.location.assign(option.dataset.href);
      return;
    }
    const label = option.dataset.label ?? option.textContent.trim();
    input.value = label;
    if (value) value.value = option.dataset.value ?? "";
    close();
    box.dispatchEvent(new CustomEvent("combobox:select", {
      bubbles: true, detail: { value: option.dataset.value, label, option },
    }));
    value?.dispatchEvent(new Event("change", { bubbles: true }));
  }

  box.addEventListener("combobox:take", (event) => {
    input.focus();
    take(event.detail);
  });

  function step(by) {
    if (list.hidden) open();
    const all = options();
    if (!all.length) return;
    const at = all.indexOf(marked());
    mark(all[(at + by + all.length + (at < 0 && by < 0 ? 1 : 0)) % all.length]);
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const option = list.hidden ? null : marked();
      if (option && HX.some((name) => option.hasAttribute(name))) option.click();
      else if (option) take(option);
      else close();
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Tab") {
      close();
    }
  });

  input.addEventListener("input", () => {
    if (value?.value) {
      value.value = "";
      box.dispatchEvent(new CustomEvent("combobox:clear", { bubbles: true }));
      value.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (!input.value) {
      list.replaceChildren();
      close();
    }
  });

  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role='option']");
    if (!option) return;
    if (HX.some((name) => option.hasAttribute(name))) close();
    else take(option);
  });
  list.addEventListener("htmx:afterSwap", () => {
    for (const option of options()) option.setAttribute("aria-selected", "false");
    if (document.activeElement === input && input.value) open();
  });
  input.addEventListener("focus", () => { if (options().length && !value?.value) open(); });
  const closeIfLeft = () => { if (!box.contains(document.activeElement)) close(); };
  box.addEventListener("focusout", (event) => {
    if (box.contains(event.relatedTarget)) return;
    if (pressing) waiting.add(closeIfLeft);
    else close();
  });
}

const watched = new WeakSet();
function watchAll() {
  for (const box of document.querySelectorAll("[data-combobox]")) {
    if (watched.has(box)) continue;
    watched.add(box);
    watch(box);
  }
}
watchAll();
document.addEventListener("htmx:load", watchAll);
document.addEventListener("click", (event) => {
  const pick = event.target.closest?.("[data-takes-for]");
  const box = pick && document.getElementById(pick.dataset.takesFor)?.closest("[data-combobox]");
  if (!box) return;
  box.dispatchEvent(new CustomEvent("combobox:take", { detail: pick }));
  pick.closest("[data-alike]")?.replaceChildren();
});
