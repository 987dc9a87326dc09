(typed, modalities, count, spaces, allCopies) => {
  // A search by words gets an address that can be shared; a picture cannot be put into one.
  const said = [];
  const words = typed.files && typed.files.length ? "" : (typed.text || "").trim();
  if (words) said.push("q=" + encodeURIComponent(words));
  if (words && modalities.length) said.push("in=" + modalities.join(","));
  if (words && count !== 10) said.push("k=" + count);
  if (words && spaces.length) said.push("spaces=" + spaces.join(","));
  if (words && allCopies) said.push("copies=all");
  const address = said.length ? "?" + said.join("&") : location.pathname;
  if (address !== (location.search || location.pathname)) history.pushState(null, "", address);
  return [typed, modalities, count, spaces, allCopies];
}
