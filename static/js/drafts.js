// Drafts. form[data-draft-url][data-draft-key] is posted, as it stands, to the draft address 2 s after the last change
// and at the latest 5 s after the first one that is not saved (same field names, plus draft_key; CSRF in the header).
// The server's draft is the store, and the page shows it. Before each attempt a copy is laid down on this device; it
// goes when the server has the words: a draft was taken, or the cookie kyosei_arrived names the form that was saved
// (kyosei/middleware.py). An attempt that has no answer after 8 s has failed.
// A copy found when the page opens is offered: 戻す／捨てる; so is one of another form of the same page (a new form has
// a new key), and home tells of all of them. Copies are kept apart by staff member, and 7 days at most.
// form[data-draft-page]: the address of the page becomes that of the draft, so that Back finds the words again.

const WAIT_MS = 2000;
const LATEST_MS = 5000;
const ANSWER_MS = 8000;
const KEEP_MS = 7 * 24 * 3600 * 1000;
const PREFIX = "kyosei:draft:";
const ARRIVED = "kyosei_arrived";
const user = document.body.dataset.user || "0";

const OWN = new Set(["csrfmiddlewaretoken", "draft_key"]);

const tell = (kind, text) => document.dispatchEvent(new CustomEvent("kyosei:status", { detail: { kind, text } }));
const slot = (form) => `${PREFIX}${user}:${form.dataset.draftKey}`;

function fieldsOf(form) {
  const pairs = [...new FormData(form)].filter(([name, value]) => !OWN.has(name) && typeof value === "string");
  const secret = new Set([...form.querySelectorAll("input[type='password']")].map((input) => input.name));
  return pairs.filter(([name]) => !secret.has(name));
}

function keepHere(form) {
  try {
    const page = window.location.pathname + window.location.search;
    localStorage.setItem(slot(form), JSON.stringify({ at: Date.now(), page, key: form.dataset.draftKey, fields: fieldsOf(form) }));
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
    signal: AbortSignal.timeout(ANSWER_MS),
    keepalive: String(body).length < 60000,
  });
  if (!response.ok) throw new Error(`draft ${response.status}`);
  const id = response.headers.get("X-Draft");
  if (id && form.dataset.draftPage) window.history.replaceState(window.history.state, "", `${form.dataset.draftPage}?draft=${id}`);
}

function watch(form) {
  let timer = 0;
  let since = 0; // when the first change came that no attempt has carried
  let turn = 0;

  async function save() {
    window.clearTimeout(timer);
    timer = since = 0;
    const mine = ++turn;
    if (form.dataset.sending === "true") return;
    const kept = keepHere(form);
    try {
      await send(form);
      if (mine !== turn) return;
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
    keepHere(form);
  });
  form.addEventListener("formdata", (event) => event.formData.set("draft_key", form.dataset.draftKey));
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

function bannerOf(text) {
  const banner = document.createElement("div");
  banner.className = "banner banner--warning";
  banner.setAttribute("role", "alert");
  banner.innerHTML = '<p class="banner__kind">注意</p><div class="banner__body"><p></p><div class="banner__actions"></div></div>';
  banner.querySelector(".banner__body p").textContent = text;
  return banner;
}

const clock = (at) => new Date(at).toLocaleString("ja-JP", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });

function copies() {
  const own = `${PREFIX}${user}:`;
  return Object.keys(localStorage).filter((name) => name.startsWith(own)).map((name) => ({ name, ...readHere(name) })).filter((kept) => kept.fields);
}

const pathOf = (page) => (page ?? "").split("?")[0];

function offer(form) {
  const mine = readHere(slot(form));
  const refused = form.querySelector("[data-error-summary], [aria-invalid='true'], .field__error"); // the answer holds the words
  if (mine && refused) forgetHere(form);
  else if (mine && JSON.stringify(mine.fields) === JSON.stringify(fieldsOf(form))) forgetHere(form);
  // a form with the address of its page in data-draft-page has a new key each time: copies of the others are offered too
  const others = form.dataset.draftPage ? copies().filter((kept) => kept.key && pathOf(kept.page) === form.dataset.draftPage) : [];
  const found = new Map(others.map((kept) => [kept.name, kept]));
  if (readHere(slot(form))) found.set(slot(form), { name: slot(form), key: form.dataset.draftKey, ...readHere(slot(form)) });
  for (const kept of found.values()) {
    const banner = bannerOf(`この端末に残った下書きがあります（${clock(kept.at)}）。まだ届いていません。`);
    const close = () => { banner.remove(); form.querySelector("textarea, input:not([type='hidden'])")?.focus(); };
    banner.querySelector(".banner__actions").append(
      button("戻す", () => {
        if (kept.key) form.dataset.draftKey = kept.key;
        restore(form, kept.fields);
        close();
      }),
      button("捨てる", () => { localStorage.removeItem(kept.name); close(); }),
    );
    form.before(banner);
  }
}

// Home: words that are only on this device, each with the page that offers them.
function tellAtHome() {
  if (window.location.pathname !== "/") return;
  const left = copies().filter((kept) => kept.page);
  if (!left.length) return;
  const banner = bannerOf(`この端末に、まだ届いていない下書きが ${left.length}件 あります。`);
  for (const kept of left) {
    const link = document.createElement("a");
    link.href = kept.page;
    link.textContent = `${clock(kept.at)} の下書きを開く`;
    banner.querySelector(".banner__actions").append(link);
  }
  document.querySelector("#messages")?.append(banner);
}

// The server has saved the form that the cookie names: its copy may go.
function settleArrived() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith(`${ARRIVED}=`));
  if (!cookie || !document.body.dataset.user) return;
  document.cookie = `${ARRIVED}=; max-age=0; path=/; samesite=strict`;
  localStorage.removeItem(`${PREFIX}${user}:${decodeURIComponent(cookie.slice(ARRIVED.length + 1))}`);
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
settleArrived();
watchAll(document);
tellAtHome();
document.addEventListener("htmx:load", () => watchAll(document));
