// What is said around a moment is fetched when it is opened; the server has escaped it.
element.addEventListener("toggle", async (event) => {
  const details = event.target;
  if (!details.open || !details.matches || !details.matches("[data-transcript]:not([data-fetched])")) return;
  details.dataset.fetched = "";
  const place = details.querySelector("[role=status]");
  try {
    const answer = await fetch(details.dataset.transcript);
    if (!answer.ok) throw new Error((await answer.json()).error.message);
    place.innerHTML = await answer.text();
  } catch (error) {
    delete details.dataset.fetched;
    place.textContent = error.message;
  }
}, true);
