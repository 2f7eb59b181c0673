// A proposed value is taken with one click: button[data-pick-for="id of an input"][data-pick-value]. On the label of a
// radio the focus stays in the group.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-pick-for]");
  const input = button && document.getElementById(button.dataset.pickFor);
  if (!input) return;
  input.value = button.dataset.pickValue;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (!button.matches("label")) input.focus();
});
