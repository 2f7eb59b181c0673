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
