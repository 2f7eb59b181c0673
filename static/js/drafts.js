// Drafts. form[data-draft-url][data-draft-key] is posted, as it stands, to the draft address 2 s after the last change
// and at the latest 5 s after the first one that is not saved (same field names, plus draft_key; CSRF in the header).
// The server's draft is the store, and the page shows it. Before each attempt a copy is laid down on this device; it
// goes when the server has the words: a draft was taken, or the cookie kyosei_arrived names the form that was saved
// (kyosei/middleware.py). An attempt that has no answer after 8 s has failed.
// A copy found when the page opens is offered: 戻す／捨てる; so is one of another form of the same page (a new form has
// a new key), and home tells of all of them (draft_copies.js). Copies are kept apart by staff member and by window, and 7 days at most.
// data-draft-base names the draft that filled the page, data-draft-windows the openings of it whose words it goes on
// with. Where another window has written since, the server answers 409 with its words: nothing is overwritten, one's own
// stay in the copy, and both are put side by side (draft_sides.js) until somebody has chosen.
// form[data-draft-page]: the address of the page becomes that of the draft, so that Back finds the words again.

const WAIT_MS = 2000;
const LATEST_MS = 5000;
const ANSWER_MS = 8000;
const PREFIX = "kyosei:draft:";
const user = document.body.dataset.user || "0";

const OWN = new Set(["csrfmiddlewaretoken", "draft_key", "draft_base", "draft_window"]);
// what a page carries beside what somebody typed
const CARRIED = new Set(["request_key", "version", "ticks_before", "look_before", "from", "another", "minutes"]);

const tell = (kind, text) => document.dispatchEvent(new CustomEvent("kyosei:status", { detail: { kind, text } }));
const newWindow = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
// the opening of the page that the form stands in, and those before it whose words it holds
const windowsOf = (form) => [form.dataset.draftWindow, ...(form.dataset.draftWindows ?? "").split(" ")].filter(Boolean);
const slot = (form) => `${PREFIX}${user}:${form.dataset.draftKey}~${form.dataset.draftWindow}`;

function goOnWith(form, window) {
  if (window && !windowsOf(form).includes(window)) form.dataset.draftWindows = [...windowsOf(form).slice(1), window].join(" ");
}

function typed(fields) {
  const words = fields.filter(([name, value]) => value.trim() && !CARRIED.has(name) && !name.endsWith("_FORMS"));
  return JSON.stringify(words.map(([name, value]) => [name, value.trim().replaceAll("\r\n", "\n")]).sort());
}

function fieldsOf(form) {
  const pairs = [...new FormData(form)].filter(([name, value]) => !OWN.has(name) && typeof value === "string");
  const secret = new Set([...form.querySelectorAll("input[type='password']")].map((input) => input.name));
  return pairs.filter(([name]) => !secret.has(name));
}

function keepHere(form, isSent = false) {
  try {
    const page = window.location.pathname + window.location.search;
    const { draftKey: key, draftBase: base, draftWindow } = form.dataset;
    localStorage.setItem(slot(form), JSON.stringify({ at: Date.now(), page, key, base, window: draftWindow, isSent, fields: fieldsOf(form) }));
    return true;
  } catch {
    return false;
  }
}

function forgetHere(form) {
  localStorage.removeItem(slot(form));
}

function readHere(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function csrfOf(form) {
  return form.querySelector("input[name='csrfmiddlewaretoken']")?.value ?? "";
}

async function send(form) {
  const body = new URLSearchParams(fieldsOf(form));
  body.set("draft_key", form.dataset.draftKey);
  body.set("draft_base", form.dataset.draftBase ?? "");
  for (const opening of windowsOf(form)) body.append("draft_window", opening);
  const response = await fetch(form.dataset.draftUrl, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": csrfOf(form), "X-Requested-With": "fetch" },
    credentials: "same-origin",
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS),
    keepalive: String(body).length < 60000,
  });
  if (response.status === 409) return response.json();
  if (!response.ok) throw new Error(`draft ${response.status}`);
  form.dataset.draftBase = response.headers.get("X-Draft-Base") ?? form.dataset.draftBase;
  const id = response.headers.get("X-Draft");
  if (id && form.dataset.draftPage) window.history.replaceState(window.history.state, "", `${form.dataset.draftPage}?draft=${id}`);
  return null;
}

function watch(form) {
  form.dataset.draftWindow = newWindow();
  if (form.dataset.draftAt) tell("info", `${clock(form.dataset.draftAt)} の書きかけから続けています`);
  let timer = 0;
  let since = 0; // when the first change came that no attempt has carried
  let turn = 0;
  let other = null; // the words of another window, until somebody has chosen

  function choose(words) {
    other = words;
    if (!words.fields) return; // none that may be shown: one's own stay on this device
    if (typed(other.fields) === typed(fieldsOf(form))) {
      settle(); // the same words
      return;
    }
    showSides(form, {
      title: `別の画面で書いた、新しい書きかけがあります（${clock(other.at)}）`,
      text: "この画面の言葉は、この端末に残しています。どちらも消えていません。どちらで続けるかを選んでください。",
      heads: ["この画面", "別の画面"],
      mine: fieldsOf(form),
      theirs: other.fields,
      choices: [
        ["この画面の言葉で続ける", () => settle()],
        ["別の画面の言葉で続ける", () => settle(other.fields)],
        ["両方を残す", () => settle(together(form, other.fields))],
      ],
    });
  }

  function settle(fields) {
    form.dataset.draftBase = other.base ?? form.dataset.draftBase;
    other = null;
    if (fields) restore(form, fields);
    closeSides(form);
    since = 0;
    save();
  }

  async function save() {
    window.clearTimeout(timer);
    timer = since = 0;
    const mine = ++turn;
    if (form.dataset.sending === "true") return;
    const kept = keepHere(form);
    if (other) {
      tell("failed", kept ? "別の画面に新しい書きかけ: この端末に下書き中" : "別の画面に新しい書きかけがあります。この画面を閉じないでください");
      return;
    }
    try {
      const words = await send(form);
      if (mine !== turn) return;
      if (words) {
        tell("failed", "別の画面に新しい書きかけ: この端末に下書き中");
        choose({ ...words, fields: words.fields && pairsOf(words.fields) });
        return;
      }
      forgetHere(form);
      if (!timer) form.dispatchEvent(new CustomEvent("kyosei:clean", { bubbles: true }));
      tell("saved", "下書きを保存しました");
    } catch {
      if (mine !== turn) return; // a later attempt speaks for the form
      if (!kept) tell("failed", "下書きを保存できません。この画面を閉じないでください");
      else if (navigator.onLine) tell("failed", "サーバーに保存できません: この端末に下書き中");
      else tell("offline", "オフライン: この端末に下書き中");
    }
  }

  const later = () => {
    window.clearTimeout(timer);
    since ||= Date.now();
    timer = window.setTimeout(save, Math.max(0, Math.min(WAIT_MS, since + LATEST_MS - Date.now())));
    if (!navigator.onLine) keepHere(form);
  };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("kyosei:draft", later);
  window.addEventListener("online", () => { if (readHere(slot(form))) save(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && timer) save(); });
  form.addEventListener("submit", () => {
    window.clearTimeout(timer);
    timer = since = 0;
    turn += 1;
    keepHere(form, true);
  });
  form.addEventListener("formdata", (event) => {
    event.formData.set("draft_key", form.dataset.draftKey);
    event.formData.set("draft_base", form.dataset.draftBase ?? "");
    event.formData.delete("draft_window");
    for (const opening of windowsOf(form)) event.formData.append("draft_window", opening);
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    // a refused form is swapped in like a saved one (422): its copy stays until the words have arrived
    if (event.detail.elt === form && event.detail.successful && event.detail.xhr.status < 400) forgetHere(form);
  });
  offer(form);
  if (wasRefused(form)) save();
}

function restore(form, fields) {
  const values = new Map();
  for (const [name, value] of fields) values.set(name, [...(values.get(name) ?? []), value]);
  for (const item of form.elements) {
    if (!item.name || item.name === "csrfmiddlewaretoken" || item.type === "file" || item.type === "password") continue;
    const kept = values.get(item.name) ?? [];
    if (item.type === "checkbox" || item.type === "radio") item.checked = kept.includes(item.value);
    else if (item.type === "select-multiple") for (const option of item.options) option.selected = kept.includes(option.value);
    else if (kept.length) item.value = kept.shift();
  }
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

const pairsOf = (fields) => Object.entries(fields).flatMap(([name, values]) => values.map((value) => [name, value]));

// Both one below the other in long texts, the longer where one holds the other; elsewhere what stands in this page.
function together(form, theirs) {
  const other = new Map(theirs);
  return fieldsOf(form).map(([name, mine]) => {
    const said = (other.get(name) ?? "").trim();
    if (form.elements.namedItem(name)?.tagName !== "TEXTAREA" || !said || mine.includes(said)) return [name, mine];
    return [name, said.includes(mine.trim()) ? said : `${mine.trimEnd()}\n${said}`];
  });
}

// draft_sides.js draws what these two ask for.
const showSides = (form, detail) => form.dispatchEvent(new CustomEvent("kyosei:sides", { bubbles: true, detail }));
const closeSides = (form) => form.dispatchEvent(new CustomEvent("kyosei:sides-over", { bubbles: true }));

const clock = (at) => new Date(at).toLocaleString("ja-JP", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });

function copies() {
  const own = `${PREFIX}${user}:`;
  return Object.keys(localStorage).filter((name) => name.startsWith(own)).map((name) => ({ name, ...readHere(name) })).filter((kept) => kept.fields);
}

const pathOf = (page) => (page ?? "").split("?")[0];

// Copies of this form, and of other openings of a page whose forms have a new key each time (data-draft-page).
function copiesFor(form) {
  const { draftKey: key, draftPage: page } = form.dataset;
  return copies().filter((kept) => kept.key === key || (page && kept.key && pathOf(kept.page) === page));
}

// The answer to a form that was not saved holds the words that were sent; the server's draft may hold older ones.
const wasRefused = (form) => form.querySelector("[data-error-summary], [aria-invalid='true'], .field__error") !== null;

function offer(form) {
  const refused = wasRefused(form);
  for (const kept of copiesFor(form)) {
    const isHere = kept.key === form.dataset.draftKey && (typed(kept.fields) === typed(fieldsOf(form)) || (refused && kept.isSent));
    if (isHere) localStorage.removeItem(kept.name);
    else offerOne(form, kept);
  }
}

function offerOne(form, kept) {
  const isOwn = kept.key === form.dataset.draftKey;
  const goBack = (fields) => {
    if (!isOwn) {
      form.dataset.draftKey = kept.key;
      form.dataset.draftBase = kept.base ?? "";
    }
    goOnWith(form, kept.window);
    restore(form, fields);
    keepHere(form);
    localStorage.removeItem(kept.name);
  };
  showSides(form, {
    title: `この端末に残った下書きがあります（${clock(kept.at)}）`,
    // a page that holds a draft shows what stands on the server: written since, maybe from another machine
    text: isOwn && form.dataset.draftBase ? "まだ届いていません。画面には、サーバーにある書きかけが出ています。" : "まだ届いていません。",
    heads: ["この端末の下書き", "いまの画面"],
    mine: kept.fields,
    theirs: isOwn && form.dataset.draftBase ? fieldsOf(form) : [],
    choices: [
      ["戻す", () => goBack(kept.fields)],
      ...(isOwn && form.dataset.draftBase ? [["両方を残す", () => goBack(together(form, kept.fields))]] : []),
      ["捨てる", () => localStorage.removeItem(kept.name)],
    ],
  });
}

const watched = new WeakSet();
function watchAll(root) {
  for (const form of root.querySelectorAll("form[data-draft-url][data-draft-key]")) {
    if (watched.has(form)) continue;
    watched.add(form);
    watch(form);
  }
}

watchAll(document);
document.addEventListener("htmx:load", () => watchAll(document));
