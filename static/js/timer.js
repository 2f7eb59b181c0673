// Minutes that count by themselves: input[data-timer] shows the minutes since the page was opened (at least 1)
// until somebody edits it. A value that is there already (a draft) stays, unless data-timer="running".
// [data-timer-state] nearby (same .field) says 計測中 or 手で入力.

const opened = Date.now();
const TICK_MS = 15000;

function start(input) {
  if (input.value !== "" && input.dataset.timer !== "running") return;
  const base = Number(input.value) || 0;
  const state = input.closest(".field")?.querySelector("[data-timer-state]");
  if (state) state.textContent = "計測中";

  const show = () => {
    input.value = String(Math.max(1, base + Math.ceil((Date.now() - opened) / 60000)));
  };
  const ticking = window.setInterval(show, TICK_MS);
  show();

  const stop = () => {
    window.clearInterval(ticking);
    if (state) state.textContent = "手で入力";
  };
  input.addEventListener("input", stop, { once: true });
  input.form?.addEventListener("submit", () => window.clearInterval(ticking));
}

for (const input of document.querySelectorAll("input[data-timer]")) start(input);
