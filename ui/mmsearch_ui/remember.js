(typed, count, spaces, allCopies) => {
  // A search by words gets an address that can be shared; a picture or sound cannot be put into one.
  // The same words again stay narrowed as they are, other words start anew.
  const before = new URLSearchParams(location.search);
  const words = (typed.text || "").trim();
  const media = Boolean(typed.files && typed.files.length);
  const same = !media && (words || "") === (before.get("q") || "") && (words || before.get("like"));
  const said = new URLSearchParams(same ? before : "");
  for (const [name, value] of [
    ["q", words], ["k", count === 10 ? "" : String(count)], ["spaces", spaces.join(",")], ["copies", allCopies ? "all" : ""],
  ]) {
    if (value) said.set(name, value);
    else said.delete(name);
  }
  const asked = words || said.get("like");
  const address = asked && !media ? "?" + said.toString().replaceAll("%2C", ",").replaceAll("%2F", "/") : location.pathname;
  if (address !== (location.search || location.pathname)) history.pushState(null, "", address);
  return [typed, count, spaces, allCopies, asked ? "?" + said.toString() : ""];
}
