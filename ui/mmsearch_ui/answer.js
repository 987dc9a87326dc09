// Links to searches change the answer in place; the page's address always says what is shown.
const follow = (address) => trigger("select", { address });

element.addEventListener("click", (event) => {
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const search = event.target.closest("a[data-search]");
  if (search) {
    event.preventDefault();
    history.pushState(null, "", search.search || location.pathname);
    follow(search.search);
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
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input[type=text], textarea, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  document.querySelector("#box textarea").focus();
});
// Gradio gives the box no name for a screen reader.
const name = () => {
  const box = document.querySelector("#box textarea");
  if (box) box.setAttribute("aria-label", "Search");
  else requestAnimationFrame(name);
};
name();
if (location.search.length > 1) follow(location.search);
