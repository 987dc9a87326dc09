// Thumbs: one press says it, another takes it back; the words beside them tell what is kept.
const say = (thumbs, words) => { thumbs.querySelector("[role=status]").textContent = words; };

const press = async (button) => {
  const thumbs = button.closest(".mm-thumbs");
  const list = button.closest("[data-query]");
  const takeBack = button.getAttribute("aria-pressed") === "true";
  const said = { query: list.dataset.query, document: thumbs.dataset.document };
  if (!takeBack) {
    Object.assign(said, {
      grade: Number(button.dataset.grade), segment: thumbs.dataset.segment, rank: Number(thumbs.dataset.rank),
      score: Number(thumbs.dataset.score), routes: JSON.parse(list.dataset.routes),
    });
  }
  try {
    const number = new URLSearchParams({ search: list.dataset.searchNumber, rank: thumbs.dataset.rank });
    const answer = await fetch(`page/judgement?${number}`, {
      method: takeBack ? "DELETE" : "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said),
    });
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    for (const other of thumbs.querySelectorAll("[data-grade]")) {
      other.setAttribute("aria-pressed", String(!takeBack && other === button));
    }
    thumbs.querySelector("[data-undo]").hidden = takeBack;
    say(thumbs, takeBack ? "Taken back" : button.dataset.grade === "0" ? "Noted: does not fit" : "Noted: fits");
  } catch (error) {
    say(thumbs, `Not kept: ${error.message}`);
  }
};

element.addEventListener("click", (event) => {
  const undo = event.target.closest("[data-undo]");
  const thumbs = undo && undo.closest(".mm-thumbs");
  const button = undo ? thumbs.querySelector("[data-grade][aria-pressed=true]") : event.target.closest("[data-grade]");
  if (undo) thumbs.querySelector("[data-grade]").focus();
  if (button) press(button);
});

// What is opened or played is noted by its place in the list, for the quality page.
const noteOpened = (target) => {
  const card = target.closest && target.closest(".mm-card");
  const list = card && card.closest("[data-search-number]");
  if (!list || list.dataset.searchNumber === "0") return;
  const rank = [...list.children].indexOf(card) + 1;
  fetch(`page/opened?${new URLSearchParams({ search: list.dataset.searchNumber, rank })}`, { method: "POST", keepalive: true })
    .catch(() => { /* a note less */ });
};
element.addEventListener("click", (event) => { if (event.target.closest(".mm-picture, h2 a, .mm-more a, a[data-moment]")) noteOpened(event.target); });
element.addEventListener("play", (event) => noteOpened(event.target), true);
