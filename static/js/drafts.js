// Drafts. form[data-draft-url][data-draft-key] is posted, as it stands, to the draft address 2 s after a change
// (same field names, plus draft_key; CSRF in the header). The server's draft is the store, and the page shows it.
// Only while the server cannot be reached a copy stays on this device; it goes when the server has the words.
// A copy found when the page opens is offered: 戻す／捨てる. Copies are kept apart by staff member, and 7 days at most.

const WAIT_MS = 2000;
const KEEP_MS = 7 * 24 * 3600 * 1000;
const PREFIX = "kyosei:draft:";
const SENT = "kyosei:sent";
const user = document.body.dataset.user || "0";

const tell = (kind, text) => document.dispatchEvent(new CustomEvent("kyosei:status", { detail: { kind, text } }));
const slot = (form) => `${PREFIX}${user}:${form.dataset.draftKey}`;

function fieldsOf(form) {
  const pairs = [...new FormData(form)].filter(([name, value]) => name !== "csrfmiddlewaretoken" && typeof value === "string");
  const secret = new Set([...form.querySelectorAll("input[type='password']")].map((input) => input.name));
  return pairs.filter(([name]) => !secret.has(name));
}

function keepHere(form) {
  try {
    localStorage.setItem(slot(form), JSON.stringify({ at: Date.now(), fields: fieldsOf(form) }));
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
  const response = await fetch(form.dataset.draftUrl, {
    method: "POST",
    body,
    headers: { "X-CSRFToken": csrfOf(form), "X-Requested-With": "fetch" },
    credentials: "same-origin",
    redirect: "manual",
    keepalive: String(body).length < 60000,
  });
  if (!response.ok) throw new Error(`draft ${response.status}`);
}

function watch(form) {
  let timer = 0;
  let turn = 0;

  async function save() {
    window.clearTimeout(timer);
    timer = 0;
    const mine = ++turn;
    if (form.dataset.sending === "true") return;
    try {
      await send(form);
      if (mine !== turn) return;
      forgetHere(form);
      if (!timer) form.dispatchEvent(new CustomEvent("kyosei:clean", { bubbles: true }));
      tell("saved", "下書きを保存しました");
    } catch {
      const kept = keepHere(form);
      if (!kept) tell("failed", "下書きを保存できません。この画面を閉じないでください");
      else if (navigator.onLine) tell("failed", "サーバーに保存できません: この端末に下書き中");
      else tell("offline", "オフライン: この端末に下書き中");
    }
  }

  const later = () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(save, WAIT_MS);
    if (!navigator.onLine) keepHere(form);
  };

  form.addEventListener("input", later);
  form.addEventListener("change", later);
  form.addEventListener("kyosei:draft", later);
  window.addEventListener("online", () => { if (readHere(slot(form))) save(); });
  document.addEventListener("visibilitychange", () => { if (document.hidden && timer) save(); });
  form.addEventListener("submit", () => {
    window.clearTimeout(timer);
    timer = 0;
    turn += 1;
    keepHere(form);
    sessionStorage.setItem(SENT, slot(form));
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.elt === form && event.detail.successful) forgetHere(form);
  });
  offer(form);
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

function button(label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = "btn btn--small";
  element.textContent = label;
  element.addEventListener("click", act);
  return element;
}

function offer(form) {
  const kept = readHere(slot(form));
  if (!kept) return;
  const same = JSON.stringify(kept.fields) === JSON.stringify(fieldsOf(form));
  if (same || Date.now() - kept.at > KEEP_MS) {
    forgetHere(form);
    return;
  }
  const banner = document.createElement("div");
  banner.className = "banner banner--warning";
  banner.setAttribute("role", "alert");
  const when = new Date(kept.at).toLocaleString("ja-JP", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });
  banner.innerHTML = '<p class="banner__kind">注意</p><div class="banner__body"><p></p><div class="banner__actions"></div></div>';
  banner.querySelector(".banner__body p").textContent = `この端末に残った下書きがあります（${when}）。`;
  const close = () => { banner.remove(); form.querySelector("textarea, input:not([type='hidden'])")?.focus(); };
  banner.querySelector(".banner__actions").append(
    button("戻す", () => { restore(form, kept.fields); close(); }),
    button("捨てる", () => { forgetHere(form); close(); }),
  );
  form.before(banner);
}

// The form of the last page was sent, and this page is not that form with errors: the words arrived.
function settleSent() {
  const key = sessionStorage.getItem(SENT);
  if (!key) return;
  sessionStorage.removeItem(SENT);
  const again = [...document.querySelectorAll("form[data-draft-key]")].find((form) => slot(form) === key);
  const refused = document.querySelector("[data-error-summary], main [aria-invalid='true'], .field__error");
  const atLogin = !document.body.dataset.user;
  if (atLogin) sessionStorage.setItem(SENT, key);
  else if (!refused) localStorage.removeItem(key);
  else if (again) forgetHere(again);
}

function dropOld() {
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
    const kept = readHere(key);
    if (!kept || Date.now() - kept.at > KEEP_MS) localStorage.removeItem(key);
  }
}

const watched = new WeakSet();
function watchAll(root) {
  for (const form of root.querySelectorAll("form[data-draft-url][data-draft-key]")) {
    if (watched.has(form)) continue;
    watched.add(form);
    watch(form);
  }
}

dropOld();
settleSent();
watchAll(document);
document.addEventListener("htmx:load", () => watchAll(document));
