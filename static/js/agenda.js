// Drag to reorder the agenda: an item dropped on another takes its place. The arrows beside it do the same by key.

const list = document.querySelector("[data-agenda]");
let dragged = null;

function send(item, place) {
  const form = item.querySelector("[data-agenda-form]");
  const field = document.createElement("input");
  field.type = "hidden";
  field.name = "to";
  field.value = String(place);
  form.append(field);
  form.requestSubmit();
}

for (const item of list?.querySelectorAll("[data-agenda-item]") ?? []) {
  const handle = item.querySelector(".agenda__handle");
  handle.draggable = true;
  handle.addEventListener("dragstart", (event) => {
    dragged = item;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(item, 0, 0);
  });
  handle.addEventListener("dragend", () => {
    dragged = null;
    list.querySelector(".is-over")?.classList.remove("is-over");
  });
  item.addEventListener("dragover", (event) => {
    if (!dragged || dragged === item) return;
    event.preventDefault();
    list.querySelector(".is-over")?.classList.remove("is-over");
    item.classList.add("is-over");
  });
  item.addEventListener("drop", (event) => {
    if (!dragged || dragged === item) return;
    event.preventDefault();
    send(dragged, [...list.querySelectorAll("[data-agenda-item]")].indexOf(item) + 1);
  });
}
