// While one types: what this browser asked before, and names of the library's files. Nothing of it leaves the browser
// but the letters typed, which go to the page's own server.
const RECENT = "mmsearch.recent";
const recent = () => { try { return JSON.parse(localStorage.getItem(RECENT)) || []; } catch { return []; } };
const remember = (words) => {
  if (!words) return;
  try { localStorage.setItem(RECENT, JSON.stringify([words, ...recent().filter((other) => other !== words)].slice(0, 50))); }
  catch { /* a private window may keep nothing */ }
};

const list = document.createElement("ul");
Object.assign(list, { id: "mm-suggestions", className: "mm-suggestions", hidden: true });
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", "Suggestions");
let active = -1;
let asked = 0;

const mark = (place) => {
  active = place;
  [...list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === place)));
  if (place < 0) box().removeAttribute("aria-activedescendant");
  else box().setAttribute("aria-activedescendant", list.children[place].id);
};
const closeList = () => { asked += 1; list.hidden = true; mark(-1); };
const choose = (words) => { closeList(); remember(words); goTo("?q=" + encodeURIComponent(words), false); };

const offer = (words) => {
  list.replaceChildren(...words.map(([text, kind], at) => {
    const option = document.createElement("li");
    option.id = `mm-suggestion-${at}`;
    option.className = kind;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.textContent = text;
    option.addEventListener("mousedown", (event) => { event.preventDefault(); choose(text); });
    return option;
  }));
  list.hidden = !words.length;
  mark(-1);
};

const suggest = async () => {
  const typed = box().value.trim().toLowerCase();
  const mine = ++asked;
  await new Promise((later) => setTimeout(later, 120));
  if (mine !== asked || typed.length < 2 || typed.includes("\n")) { if (mine === asked) closeList(); return; }
  const before = recent().filter((words) => words.toLowerCase().includes(typed)).slice(0, 3);
  let names = [];
  try {
    const answer = await fetch("page/suggestions?q=" + encodeURIComponent(typed.slice(0, 100)));
    if (answer.ok) names = await answer.json();
  } catch { /* the server is away: the search will say so */ }
  if (mine !== asked) return;
  offer([...before.map((words) => [words, "mm-recent"]), ...names.filter((name) => !before.includes(name)).map((name) => [name, "mm-named"])]
    .filter(([words]) => words.toLowerCase() !== typed));
};

const attach = () => {
  const field = box();
  if (!field) { requestAnimationFrame(attach); return; }
  document.querySelector("#box").appendChild(list);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.addEventListener("input", suggest);
  field.addEventListener("blur", closeList);
  document.querySelector("#box").addEventListener("click", (event) => {
    if (event.target.closest(".submit-button")) { remember(box().value.trim()); closeList(); }
  }, true);
};
attach();

document.addEventListener("keydown", (event) => {
  if (event.target !== box()) return;
  if (event.key === "Enter" && !event.shiftKey) {
    const chosen = !list.hidden && list.children[active];
    if (chosen) { event.preventDefault(); event.stopImmediatePropagation(); choose(chosen.textContent); }
    else { remember(box().value.trim()); closeList(); }
  } else if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    const count = list.children.length;
    mark(event.key === "ArrowDown" ? (active + 1) % count : (active <= 0 ? count : active) - 1);
  } else if (!list.hidden && event.key === "Escape") {
    event.preventDefault();
    event.stopImmediatePropagation();
    closeList();
  }
}, true);
