// Links to searches change the answer in place; the page's address always says what is shown.
const follow = (address, keep = false) => trigger("select", { address, keep });
const goTo = (address, keep) => {
  if (!keep) history.pushState(null, "", address || location.pathname);
  follow(address, keep);
};

element.addEventListener("click", (event) => {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const search = event.target.closest("a[data-search]");
  if (search) {
    event.preventDefault();
    goTo(search.search, "keep" in search.dataset);
    return;
  }
  const moment = event.target.closest("a[data-moment]");
  const player = moment && moment.closest("article").querySelector("audio");
  if (player) {
    event.preventDefault();
    const start = () => { player.currentTime = Number(moment.dataset.moment); player.play(); };
    if (player.readyState > 0) start();
    else { player.addEventListener("loadedmetadata", start, { once: true }); player.load(); player.preload = "metadata"; }
  }
});

window.addEventListener("popstate", () => follow(location.search));
// Gradio gives the box no name for a screen reader.
const name = () => {
  const box = document.querySelector("#box textarea");
  if (box) box.setAttribute("aria-label", "Search");
  else requestAnimationFrame(name);
};
name();
if (location.search.length > 1) follow(location.search);
