// A picture opens large; the arrows go on to the others of the list, Escape closes.
const large = document.createElement("dialog");
large.className = "mm-large";
large.setAttribute("aria-label", "Picture");
large.innerHTML = `<figure><div class="mm-picture"><img alt=""></div><figcaption><b></b><span></span><a data-alike>More like this</a>
  <a data-original target="_blank" rel="noopener">Original</a></figcaption></figure>
  <button type="button" data-step="-1" aria-label="Previous picture">‹</button>
  <button type="button" data-step="1" aria-label="Next picture">›</button>
  <button type="button" data-close aria-label="Close">×</button>`;
const home = element.closest(".gradio-container") || document.body;
home.appendChild(large);
let shown = null;

const pictures = () => [...element.querySelectorAll("a[data-large]")];
const showLarge = (picture) => {
  shown = picture;
  const image = large.querySelector("img");
  image.src = picture.dataset.large;
  image.alt = picture.dataset.title;
  large.querySelector(".mm-marks")?.remove();
  const marks = picture.querySelector(".mm-marks");
  if (marks) image.after(marks.cloneNode(true));
  large.querySelector("b").textContent = picture.dataset.title;
  const all = pictures();
  large.querySelector("span").textContent = `${all.indexOf(picture) + 1} of ${all.length}`;
  large.querySelector("[data-original]").href = picture.href;
  const alike = picture.closest("article").querySelector(".mm-alike");
  large.querySelector("[data-alike]").hidden = !alike;
  if (alike) large.querySelector("[data-alike]").href = alike.href;
  for (const button of large.querySelectorAll("[data-step]")) button.hidden = all.length < 2;
  if (!large.open) large.showModal();
};
const step = (by) => {
  const all = pictures();
  showLarge(all[(all.indexOf(shown) + by + all.length) % all.length]);
};

large.addEventListener("keydown", (event) => {
  if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    event.preventDefault();
    step(event.key === "ArrowRight" ? 1 : -1);
  }
  event.stopPropagation();
});
large.addEventListener("close", () => { if (shown && shown.isConnected) shown.focus(); });
large.addEventListener("click", (event) => {
  const by = event.target.closest("[data-step]");
  const alike = event.target.closest("[data-alike]");
  if (by) step(Number(by.dataset.step));
  if (alike) { event.preventDefault(); large.close(); goTo(alike.search, false); }
  if (event.target === large || event.target.closest("[data-close]")) large.close();
  event.stopPropagation();
});
element.addEventListener("click", (event) => {
  const picture = event.target.closest("a[data-large]");
  if (!picture || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  showLarge(picture);
});
