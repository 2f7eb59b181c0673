// The minutes an item has been on screen, kept over reloads of this tab; red when over the planned minutes.

const clock = document.querySelector("[data-conference-clock]");
if (clock) {
  const key = `kyosei:${clock.dataset.conferenceClock}`;
  const before = Number(sessionStorage.getItem(key)) || 0;
  const opened = Date.now();
  const planned = Number(clock.dataset.minutes) * 60000;
  const now = clock.querySelector("[data-clock-now]");
  const show = () => {
    const spent = before + Date.now() - opened;
    sessionStorage.setItem(key, String(spent));
    now.textContent = `${Math.floor(spent / 60000)}分`;
    clock.classList.toggle("is-over", spent > planned);
  };
  show();
  window.setInterval(show, 5000);
  window.addEventListener("pagehide", show);
}

// How much of the whole sitting is left, from the moment at which it was opened: the same on every screen.
const sitting = document.querySelector("[data-sitting-since]");
if (sitting) {
  const since = Date.parse(sitting.dataset.sittingSince);
  const whole = Number(sitting.dataset.minutes);
  const left = sitting.querySelector("[data-sitting-left]");
  const tell = () => {
    const minutes = whole - Math.floor((Date.now() - since) / 60000);
    left.textContent = minutes >= 0 ? `残り ${minutes}分` : `予定を ${-minutes}分 超過`;
    sitting.classList.toggle("is-over", minutes < 0);
  };
  tell();
  window.setInterval(tell, 15000);
}
