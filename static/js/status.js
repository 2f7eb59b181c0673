// The strip above the page: "下書きを保存しました 10:32", "オフライン: この端末に下書き中".
// Others say what happened with: document.dispatchEvent(new CustomEvent("kyosei:status", {detail: {kind, text}}))
// kind: saved | offline | failed | info | "" (clears it). A time is added to "saved".

const strip = document.getElementById("status");

function clock() {
  return new Date().toLocaleTimeString("ja-JP", { hour: "2-digit", minute: "2-digit", hour12: false });
}

function show({ kind = "info", text = "" }) {
  if (!strip) return;
  strip.dataset.kind = kind;
  strip.textContent = kind === "saved" ? `${text} ${clock()}` : text;
}

document.addEventListener("kyosei:status", (event) => show(event.detail));

window.addEventListener("offline", () => {
  const writing = document.querySelector("form[data-draft-url]");
  show({ kind: "offline", text: writing ? "オフライン: この端末に下書き中" : "オフライン: 通信できません" });
});

window.addEventListener("online", () => show({ kind: "info", text: "オンラインに戻りました" }));

if (!navigator.onLine) window.dispatchEvent(new Event("offline"));
