// select[data-fill-all=x] sets every select inside [data-fill-group=x] that still stands at its first choice or was filled by it.

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.fillAll;
  if (!name) return;
  for (const select of document.querySelectorAll(`[data-fill-group="${name}"] select`)) {
    if (select.value && select.dataset.filled !== "true") continue;
    select.value = event.target.value;
    select.dataset.filled = "true";
    select.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
