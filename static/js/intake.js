// 相談を受ける by hand alone: from the person the focus goes on to the concerns, whose numbers are keys.
// A match is taken with ↓ Enter; Enter on words that nobody was taken for leaves them as a new person.

function concerns(form) {
  return form.querySelector("[data-concern-check]");
}

for (const form of document.querySelectorAll("form:has([data-receive])")) {
  const person = form.querySelector("#id_person_text");
  form.addEventListener("combobox:select", (event) => {
    if (event.target.contains(person)) concerns(form)?.focus();
  });
  // the list has had its turn (it took the marked person, or closed): capture would come too early
  person?.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    if (person.value && document.activeElement === person) concerns(form)?.focus();
  });
}
