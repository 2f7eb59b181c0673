// Copies of drafts on this device, whatever page is open (drafts.js lays them down): those of a form that the server has
// saved go (the cookie kyosei_arrived names it, kyosei/middleware.py), those of a week ago go, home tells of the rest.
// Runs before drafts.js, which offers what is left.

const KEEP_MS = 7 * 24 * 3600 * 1000;
const PREFIX = "kyosei:draft:";
const ARRIVED = "kyosei_arrived";
const user = document.body.dataset.user || "0";

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

const names = (start) => Object.keys(localStorage).filter((name) => name.startsWith(start));
const copies = () => names(`${PREFIX}${user}:`).map((name) => ({ name, ...read(name) })).filter((kept) => kept.fields);
const clock = (at) => new Date(at).toLocaleString("ja-JP", { month: "long", day: "numeric", hour: "2-digit", minute: "2-digit" });

function bannerOf(text) {
  const banner = document.createElement("div");
  banner.className = "banner banner--warning";
  banner.setAttribute("role", "alert");
  banner.innerHTML = '<p class="banner__kind">注意</p><div class="banner__body"><p></p><div class="banner__actions"></div></div>';
  banner.querySelector(".banner__body p").textContent = text;
  return banner;
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

// The server has saved the form that the cookie names, in the openings that it names: their copies may go.
function settleArrived() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith(`${ARRIVED}=`));
  if (!cookie || !document.body.dataset.user) return;
  document.cookie = `${ARRIVED}=; max-age=0; path=/; samesite=strict`;
  const [key, ...openings] = decodeURIComponent(cookie.slice(ARRIVED.length + 1)).split("~");
  for (const kept of copies()) {
    if (kept.key === key && (!openings.length || !kept.window || openings.includes(kept.window))) localStorage.removeItem(kept.name);
  }
}

function dropOld() {
  for (const key of names(PREFIX)) {
    const kept = read(key);
    if (!kept || Date.now() - kept.at > KEEP_MS) localStorage.removeItem(key);
  }
}

dropOld();
settleArrived();
tellAtHome();
