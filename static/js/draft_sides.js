// Two sides of a draft, beside each other above its form. drafts.js asks for it with the event kyosei:sides on the form:
// {title, text, heads: [mine, theirs], mine, theirs: [[name, value]], choices: [[label, act]]}; kyosei:sides-over ends
// what waits. Only fields that differ are shown, by their labels and in words; without any, the title and the choices.

const MOST = 400; // characters of a long text: the rest can be read in the form

// what a page carries beside what somebody typed
const UNSEEN = new Set(["hidden", "file", "password"]);

function make(tag, words = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = words;
  if (className) element.className = className;
  return element;
}

const controlsOf = (form, name) => [...form.elements].filter((item) => item.name === name && !UNSEEN.has(item.type));

function labelOf(form, name) {
  const [first] = controlsOf(form, name);
  const group = first?.closest("fieldset")?.querySelector(":scope > legend");
  const isChoice = first?.type === "radio" || first?.type === "checkbox";
  const own = isChoice ? null : first?.labels?.[0] ?? first?.closest(".field")?.querySelector(".field__label");
  const words = (own ?? group)?.textContent.trim() || first?.getAttribute("aria-label") || "";
  return own && group ? `${group.textContent.trim()} ${words}` : words;
}

// The value as the form would show it: the words of a choice, not its code.
function wordsOf(form, name, value) {
  for (const item of controlsOf(form, name)) {
    const option = [...(item.options ?? [])].find((one) => one.value === value);
    if (option) return value ? option.textContent.trim() : "";
    if (item.type === "radio" || item.type === "checkbox") {
      if (item.value === value) return item.labels?.[0]?.textContent.trim() ?? value;
    } else return value;
  }
  return value;
}

function sideOf(form, fields) {
  const side = new Map();
  for (const [name, value] of fields) {
    if (!controlsOf(form, name).length) continue;
    const words = wordsOf(form, name, value.trim());
    side.set(name, [side.get(name), words].filter(Boolean).join("、"));
  }
  return side;
}

const short = (words) => (words.length > MOST ? `${words.slice(0, MOST)}…（ほか${words.length - MOST}文字）` : words);

function tableOf(form, { heads, mine, theirs }) {
  const [own, other] = [sideOf(form, mine), sideOf(form, theirs)];
  const names = [...new Set([...own.keys(), ...other.keys()])];
  const rows = names.filter((name) => (own.get(name) ?? "") !== (other.get(name) ?? ""));
  if (!rows.length || !theirs.length) return null;
  const table = make("table", "", "table compare");
  table.append(make("caption", "二つの書きかけの違い", "visually-hidden"), make("thead"), make("tbody"));
  const head = table.tHead.insertRow();
  for (const words of ["項目", ...heads]) head.append(Object.assign(make("th", words), { scope: "col" }));
  for (const name of rows) {
    const row = table.tBodies[0].insertRow();
    row.append(Object.assign(make("th", labelOf(form, name) || name), { scope: "row" }));
    for (const side of [own, other]) row.append(make("td", short(side.get(name) ?? "") || "（空欄）", "prewrap"));
  }
  const wrap = make("div", "", "table-wrap");
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", "二つの書きかけの違い");
  wrap.tabIndex = 0;
  wrap.append(table);
  return wrap;
}

document.addEventListener("kyosei:sides", (event) => {
  const form = event.target;
  const { title, text, choices } = event.detail;
  const card = make("section", "", "card card--sides stack-s no-print");
  card.setAttribute("role", "alert");
  card.setAttribute("aria-label", title);
  card.append(make("p", title, "banner__title"), make("p", text));
  const table = tableOf(form, event.detail);
  if (table) card.append(table);
  const actions = make("div", "", "banner__actions");
  for (const [label, act] of choices) {
    const button = make("button", label, "btn btn--small");
    button.type = "button";
    button.addEventListener("click", () => {
      act();
      card.remove();
      form.querySelector("textarea, input:not([type='hidden'])")?.focus();
    });
    actions.append(button);
  }
  card.append(actions);
  card.dataset.sidesOf = form.dataset.draftKey;
  form.before(card);
});

document.addEventListener("kyosei:sides-over", (event) => {
  const before = event.target.previousElementSibling;
  if (before?.dataset.sidesOf && before.dataset.sidesOf === event.target.dataset.draftKey) before.remove();
});
