// Dialogs and menus. [data-dialog-open="id"] opens dialog#id, [data-dialog-close] closes the one around it; the focus
// goes back to where it was (the browser's own doing). details[data-menu] closes on Esc and on a click elsewhere.

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return;
  const opener = target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog && !dialog.open) dialog.showModal();
  }
  if (target.closest("[data-dialog-close]")) target.closest("dialog")?.close();
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (!menu.contains(target) || opener) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});
