"""Plain text, HTML and Markdown."""

import gzip

from hostile.made import Bombs

ALIASES = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10))


def _html(body: str, head: str = "") -> bytes:
    return f"<html><head>{head}</head><body>{body}</body></html>".encode()


BOMBS: Bombs = {
    "deep.html": lambda: _html("<div>" * 100_000 + "words"),
    "inline.html": lambda: _html("<b>" * 5_000 + "words"),
    "colspan.html": lambda: _html("<table>" + ("<tr>" + "<td colspan=100 rowspan=100>x" * 300) * 100),
    "attributes.html": lambda: _html(f"<p {' '.join(f'a{n}=1' for n in range(100_000))}>words"),
    "title.html": lambda: _html("<p>words", f"<title>{'long title ' * 200_000}</title>"),
    "keywords.html": lambda: _html("<p>words", f'<meta name=keywords content="{",".join(map(str, range(50_000)))}">'),
    "headings.html": lambda: _html("".join(f"<h1>{'heading ' * 20_000}</h1><p>words {n}" for n in range(20))),
    "laughs.md": lambda: f"---\na0: &a0 laugh\n{ALIASES}\ntitle: *a9\ntags: *a9\n---\nwords".encode(),
    "deep.md": lambda: b"---\ntitle: " + b"[" * 50_000 + b"\n---\nwords",
    "date.md": lambda: b"---\ndate: 2024-13-45\ntitle: !!int abc\n---\nwords",
    "digits.md": lambda: b"---\ntitle: " + b"9" * 10_000 + b"\n---\nwords",
    "python.md": lambda: b"---\ntitle: !!python/object/apply:os.system ['touch /tmp/owned']\n---\nwords",
    "quotes.md": lambda: b">" * 50_000 + b" words",
    "brackets.md": lambda: b"[" * 20_000 + b"a" + b"](" * 20_000,
    "stars.md": lambda: b"*a_ " * 20_000,
    "lists.md": lambda: b"".join(b" " * n + b"- a\n" for n in range(1_000)),
    "word.txt": lambda: b"w" * 2_000_000,
    "marks.txt": lambda: ("a" + "\u0301" * 200_000).encode(),
    "controls.txt": lambda: bytes(range(1, 32)) * 1000 + b"words",
    "nul.txt": lambda: b"words\0words",
    "halves.txt": lambda: b"\xed\xa0\x80 words",
    "utf16.txt": lambda: b"\xff\xfe" + b"w\0o\0r",
    "packed.txt": lambda: gzip.compress(b"words" * 1000),
    "direction.txt": lambda: ("\u202e" + "words \u2066" * 1000).encode(),
}
