"""A library in which every place that a document can say something in says a script, and a browser that looks at it.

Each script would note in the page that it ran, and as what: none may.
"""

import json
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import numpy as np
from PIL import Image, PngImagePlugin
from playwright.sync_api import Browser, Dialog, Error, Page, Response

from mmsearch.client import Client

OFF = {"part": ""}
WORD = "maelstrom"
"""Stands in every document, so that one search finds them all."""
FORMS = (
    "<script>window.ran='{0}'</script>",
    "<img src=x onerror=\"window.ran='{0}'\">",
    "<svg onload=\"window.ran='{0}'\"></svg>",
    '"><iframe srcdoc="<script>parent.ran=\'{0}\'</script>"></iframe>',
    "'-(window.ran='{0}')-'",
    "${{window.ran='{0}'}}",
    "{{{{constructor.constructor('window.ran=1')()}}}}",
    "[x](javascript:window.ran='{0}')",
    "</textarea></title></style><script>window.ran='{0}'</script>",
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking: how many scripts stood in the library, how many pages were opened, how many results they
    showed, and what ran."""

    scripts: int
    pages: int
    results: int
    ran: tuple[str, ...]


def script(place: str) -> str:
    """Every form of a script at once, each naming the place that it stands in."""
    return " ".join(form.format(place) for form in FORMS)


class Written:
    """Writes the documents; counts the scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.places = folder, 0
        folder.mkdir(parents=True)

    def script(self, place: str) -> str:
        self.places += 1
        return script(place)

    def named(self, place: str, ending: str) -> Path:
        """A file whose name is a script, without what no name holds and as long as one may be."""
        self.places += 1
        return self.folder / f"<img src=x onerror=window.ran='{place}'>{ending}"


def write_documents(folder: Path) -> int:
    """Documents of every medium that say scripts wherever they can; how many scripts."""
    to = Written(folder)
    _texts(to)
    _tables(to)
    _pictures(to)
    _recordings(to)
    records = [
        {"id": to.script("record id"), "title": to.script("record title"), "text": f"{WORD} {to.script('record text')}"}
        | {"tags": [to.script("record tag")], "date": "2024-01-01", to.script("record key"): to.script("record value")},
        {
            "id": "t",
            "title": WORD,
            "table": {"header": [to.script("record head")], "rows": [[to.script("record cell")]]},
        },
    ]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / "list.mmsearch.jsonl").write_text(lines)
    return to.places * len(FORMS)


def _texts(to: Written) -> None:
    front = f"---\ntitle: {json.dumps(to.script('front title'))}\ntags: [{json.dumps(to.script('front tag'))}]\n---\n"
    said = f"# {WORD} {to.script('heading')}\n\n{WORD} {to.script('text')}\n"
    (to.folder / "front.md").write_text(front + said)
    to.named("text name", ".txt").write_text(f"The {WORD} of a name.")
    inside = to.folder / "<b onmouseover=window.ran='folder'>"
    inside.mkdir()
    (inside / "note.txt").write_text(f"The {WORD} in a folder.")
    to.places += 1
    head = f"<title>{WORD} {to.script('html title')}</title><meta name=keywords content='{WORD}'>"
    body = f"<h1>{WORD}</h1><p>{WORD} page {to.script('html body')}</p><p>{WORD} {_escaped(to.script('html text'))}</p>"
    (to.folder / "page.html").write_text(f"<html><head>{head}</head><body>{body}</body></html>")
    (to.folder / "data.json").write_text(json.dumps({"what": f"{WORD} {to.script('json')}"}))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _tables(to: Written) -> None:
    cells = [f"{WORD},{_quoted(to.script('csv head'))}", f"{_quoted(to.script('csv cell'))},{WORD}"]
    to.named("table name", ".csv").write_text("\n".join([*cells, "a,b", "c,d"]) + "\n")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _pictures(to: Written) -> None:
    pixels = np.random.default_rng(7).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = f"{WORD} {to.script('exif description')}", to.script("exif artist")
    picture.save(to.named("picture name", ".jpg"), exif=exif)
    said = PngImagePlugin.PngInfo()
    said.add_itxt("Title", f"{WORD} {to.script('png title')}")
    said.add_itxt("Description", to.script("png description"))
    picture.rotate(90).save(to.folder / "wave.png", pnginfo=said)
    (to.folder / "wave.txt").write_text(f"{WORD} {to.script('caption')}")
    picture.rotate(180).save(to.folder / "swell.png")
    caption = {"title": to.script("caption title"), "description": f"{WORD} {to.script('caption of json')}"}
    (to.folder / "swell.json").write_text(json.dumps(caption | {"tags": [to.script("caption tag")]}))


def _recordings(to: Written) -> None:
    tone = (8_000 * np.sin(np.arange(16_000 * 4) / 20)).astype("<i2")
    with wave.open(str(to.folder / "wind.wav"), "wb") as recording:
        recording.setparams((1, 2, 16_000, 0, "NONE", ""))
        recording.writeframes(tone.tobytes())
    cue = f"{WORD} {to.script('transcript').replace('-->', '')}"
    (to.folder / "wind.vtt").write_text(f"WEBVTT\n\n00:00:00.000 --> 00:00:03.500\n{cue}\n")


class Lettering:
    """Reads scripts out of every picture, as letters drawn there would be read."""

    fingerprint = "injected"

    def read(self, picture: bytes) -> tuple[str, tuple[()]]:
        return f"{WORD} {script('lettering')}", ()


@contextmanager
def injected(folder: Path, **settings: Any) -> Iterator[tuple[Client, int]]:
    """A library of those documents, found by their words alone, and how many scripts stand in it."""
    scripts = write_documents(folder / "files") + len(FORMS)
    spaces = dict.fromkeys(("text", "image", "table", "sound"), OFF)
    off: dict[str, Any] = {"recognizer": OFF, "reranker": OFF, "ocr": {"part": "benchmarks.injecting:Lettering"}}
    with Client(folder / "library", spaces=spaces, **off, indexing={"workers": 0}, **settings) as client:
        report = client.index(folder / "files")
        (folder / "broken").mkdir()
        (folder / "broken" / "<img src=x onerror=window.ran='failure'>.png").write_text("no picture")
        client.index(folder / "broken")
        if report.failed:
            raise SystemExit(f"a document of scripts was not indexed: {report.failed}")
        yield client, scripts + 2


def look_at(browser: Browser, address: str, client: Client, scripts: int) -> Looked:
    """Open every page, every card and every file of the library in the browser, and ask each whether a script ran."""
    context = browser.new_context(accept_downloads=False)
    context.add_init_script("window.ran = undefined")
    pages = results = 0
    ran: list[str] = []
    page = context.new_page()

    def refuse(dialog: Dialog) -> None:
        ran.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    for place, use in _places(client):
        _go(page, address + place)
        use(page)
        pages += 1
        results += page.locator(".mm-card").count()
        ran += [f"{place}: {found}" for frame in page.frames if (found := frame.evaluate("window.ran"))]
    context.close()
    return Looked(scripts, pages, results, tuple(ran))


def _go(page: Page, address: str) -> Response | None:
    """Files that are downloads are not shown, which the browser calls an error."""
    try:
        return page.goto(address)
    except Error as error:
        if "Download is starting" not in str(error) and "ERR_ABORTED" not in str(error):
            raise
        return None


def _places(client: Client) -> Iterator[tuple[str, Callable[[Page], None]]]:
    for more in ("", "&copies=all", "&in=table", "&in=image", "&in=audio", "&in=text", "&sort=date&k=50"):
        yield f"?q={WORD}{more}", _open_cards
    for form in FORMS:
        yield f"?q={quote_plus(WORD + ' ' + form.format('query'))}", _open_cards
        yield f"?q={WORD}&tag={quote_plus(form.format('facet'))}&folder={quote_plus(form.format('facet'))}", _open_cards
    for name in ("library", "quality", f"library?q={quote_plus(FORMS[1].format('find'))}"):
        yield name, _wait
    for document in client.documents(0, 1_000):
        yield f"media/document/{document.id}", _wait
        yield f"v1/documents/{document.id}/content", _wait
        yield f"v1/documents/{document.id}", _wait
        yield f"v1/documents/{document.id}/thumbnail", _wait
    for place in ("v1/documents", f"v1/search?q={WORD}", "v1/jobs", "v1/feedback", "page/suggestions?q=img", "metrics"):
        yield place, _wait
    for form in FORMS:
        yield f"v1/search?q={WORD}&filter={quote_plus(form.format('filter'))}", _wait
        yield quote_plus(form.format("path")), _wait


def _wait(page: Page) -> None:
    page.wait_for_load_state("load")


def _open_cards(page: Page) -> None:
    """Wait for the answer, open all that unfolds, look at the pictures large and at what is said around."""
    page.locator("#answer .mm-summary, #answer .mm-error, #answer h2, .mm-narrow").first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    box = page.get_by_role("textbox", name="Search")
    box.press_sequentially(" i", delay=10)
    for card in page.locator(".mm-card").all():
        card.hover(force=True)
    for around in page.locator("[data-transcript]").all():
        around.click(force=True)
    page.wait_for_timeout(200)
