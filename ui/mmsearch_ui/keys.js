// "/" goes to the box, the arrows from card to card, Enter opens the card, Escape goes back to the box.
const box = () => document.querySelector("#box textarea");
const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);

document.addEventListener("keydown", (event) => {
  if (!isPlain(event) || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  const typing = event.target.closest("input[type=text], textarea, [contenteditable]");
  const cards = [...element.querySelectorAll(".mm-card > article")];
  const at = cards.indexOf(event.target);
  if (event.key === "/" && !typing) box().focus();
  else if (event.key === "ArrowDown" && cards.length && (at >= 0 || event.target === box() || event.target === document.body)) {
    if (event.target === box() && box().value.slice(box().selectionEnd).includes("\n")) return;
    cards[Math.min(at + 1, cards.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) (at ? cards[at - 1] : box()).focus();
  else if (event.key === "Enter" && at >= 0) {
    const opens = cards[at].querySelector("a[data-large], h2 a");
    if (opens) opens.click();
  } else if (event.key === "Escape" && event.target.closest(".mm-card")) box().focus();
  else return;
  event.preventDefault();
});
