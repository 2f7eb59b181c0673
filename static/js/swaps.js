// After an htmx swap the focus stays where the hands are: htmx keeps it when the element has the same id; when the
// focused element is gone, it goes to what is wrong, to [data-focus], or to the swapped part itself.
// An answer that cannot be shown (no network, 403, 404, 500, signed out) is said in a banner; nothing typed is lost.

const messages = document.getElementById("messages");
const loginPath = document.body.dataset.loginUrl;

const WORDS = {
  0: "通信できませんでした。入力は残っています。つながったら、もう一度行ってください。",
  403: "いまの役割では、この操作を行えません。",
  404: "見つからないか、見る権限がありません。",
  409: "ほかの人が先に保存しました。画面を開き直して確かめてください。",
};

function banner(text) {
  if (!messages) return;
  document.getElementById("swap-error")?.remove();
  const box = document.createElement("div");
  box.id = "swap-error";
  box.className = "banner banner--error";
  box.setAttribute("role", "alert");
  box.innerHTML = '<p class="banner__kind">エラー</p><div class="banner__body"><p></p></div>';
  box.querySelector(".banner__body p").textContent = text;
  messages.append(box);
}

document.addEventListener("htmx:sendError", () => banner(WORDS[0]));
document.addEventListener("htmx:timeout", () => banner(WORDS[0]));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  banner(WORDS[status] ?? "処理を終えられませんでした。入力は残っています。もう一度行ってください。");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const answered = event.detail.xhr.responseURL;
  if (loginPath && answered && new URL(answered).pathname === loginPath) {
    event.detail.shouldSwap = false;
    banner("ログインの時間が切れました。別のタブでログインしてから、この画面でもう一度行ってください。入力は残っています。");
    return;
  }
  document.getElementById("swap-error")?.remove();
});

let hadFocus = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  hadFocus = Boolean(target && document.activeElement !== document.body && target.contains(document.activeElement));
});

document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.detail.elt;
  if (!(part instanceof Element) || !part.isConnected) return;
  const wrong = part.querySelector("[data-error-summary], [aria-invalid='true']");
  const wanted = part.querySelector("[data-focus]");
  const lost = hadFocus && (document.activeElement === document.body || document.activeElement === null);
  hadFocus = false;
  if (wrong && event.detail.xhr?.status === 422) wrong.focus();
  else if (wanted) wanted.focus();
  else if (lost) {
    if (!part.matches("a[href], button, input, select, textarea, [tabindex]")) part.setAttribute("tabindex", "-1");
    part.focus({ preventScroll: true });
  }
});

// A part that is fetched when it is opened, and was opened before htmx had come, is fetched now.
function openLate() {
  for (const details of document.querySelectorAll("details[open][hx-get]")) {
    if (!details.querySelector(".lazy form")) details.dispatchEvent(new Event("toggle"));
  }
}
document.addEventListener("htmx:load", openLate);
openLate();
