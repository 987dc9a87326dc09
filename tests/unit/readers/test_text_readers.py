from pathlib import Path

import pytest
from media import HARBOUR, document, texts

from mmsearch.errors import CorruptMedia
from mmsearch.passages import PassageSplitter
from mmsearch.readers.html import HtmlReader
from mmsearch.readers.markdown import MarkdownReader
from mmsearch.readers.text import TextReader
from mmsearch.types import Segment, Table

SPLITTER = PassageSplitter(64)


def markdown(tmp_path: Path, content: str) -> list[Segment]:
    path = tmp_path / "old_harbour-notes.md"
    path.write_bytes(content.encode())
    return list(MarkdownReader(SPLITTER).read(document(path)))


def html(tmp_path: Path, content: str) -> list[Segment]:
    path = tmp_path / "page.html"
    path.write_text(content)
    return list(HtmlReader(SPLITTER).read(document(path)))


def test_text_spans_count_in_the_decoded_text(tmp_path: Path) -> None:
    path = tmp_path / "old_harbour-notes.txt"
    content = f"Café.\r\n\r\n{HARBOUR * 9}".replace("home", "höme")
    path.write_bytes(content.encode("cp1252"))
    segments = list(TextReader(SPLITTER).read(document(path)))
    assert len(segments) > 2
    assert all(content[s.span.start_char : s.span.end_char] == s.text for s in segments)
    assert {s.title for s in segments} == {"old harbour notes"}
    assert segments[0].metadata == {"encoding": "cp1252"}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_markdown_sections_keep_their_path_of_headings_and_their_place(tmp_path: Path, line_end: str) -> None:
    content = "# Coast\nIntro.\n\n## Harbour\nOld.\n\n### *Ships*\nTwo.\n\nFishers\n-------\nMany.\n".replace(
        "\n", line_end
    )
    segments = markdown(tmp_path, content)
    assert [(s.title, s.headings, s.text) for s in segments] == [
        ("Coast", (), "Intro."),
        ("Coast", ("Harbour",), "Old."),
        ("Coast", ("Harbour", "Ships"), "Two."),
        ("Coast", ("Fishers",), "Many."),
    ]
    assert all(content[s.span.start_char : s.span.end_char] == s.text for s in segments)


def test_markdown_tables_front_matter_and_code(tmp_path: Path) -> None:
    segments = markdown(
        tmp_path,
        "---\ntitle: Ships\ntags: [sail, steam]\ndate: 2024-05-01\nlang: en-GB\n---\n\n"
        "| Ship | Built |\n|---|:--|\n| *Aurora* | 1901 |\n"
        "\n```\n# no heading\n```\n",
    )
    assert segments[0].table == Table(("Ship", "Built"), (("Aurora", "1901"),))
    assert [s.text for s in segments[1:]] == ["```\n# no heading\n```"]
    assert {s.title for s in segments} == {"Ships"}
    assert segments[0].metadata["tags"] == ["sail", "steam"]
    assert segments[0].metadata["date"] == "2024-05-01"
    assert segments[0].metadata["language"] == "en-GB"


def test_markdown_of_headings_only_is_found_by_them(tmp_path: Path) -> None:
    (segment,) = markdown(tmp_path, "# One\n# Two\n")
    assert (segment.title, segment.text) == ("old harbour notes", "# One\n# Two")


def test_broken_front_matter_does_not_lose_the_text(tmp_path: Path) -> None:
    assert texts(markdown(tmp_path, "---\ntitle: [unclosed\n---\nWords.\n")) == ["Words."]


PAGE = f"""<!doctype html><html><head><title> The
 Harbour </title><meta name="keywords" content="ships, light"><meta property="article:published_time"
 content="2024-05-01T10:00:00Z"><style>p {{ color: red }}</style></head><body><header>Site name</header><nav>Menu</nav>
<main><h1>The Harbour</h1><p>Built <b>in</b>&nbsp;1871.<br>Widened <i>later</i>.</p><!-- secret -->
<h2>Ships</h2><ul><li>Aurora</li><li>Borealis</li></ul><script>var x = "junk"</script><div hidden>hidden</div>
<h3>Catches</h3><table><caption>By year</caption><tr><th>Year</th><th colspan="2">Catch, t</th></tr>
<tr><td rowspan="2">2001</td><td>1,500</td><td>x</td></tr><tr><td>007</td><td>NA</td></tr></table>
<h2>Story</h2><p>{HARBOUR} {HARBOUR}</p><p><img src="a.png" alt="a quay">caption</p></main>
<aside>Advert</aside><footer>Imprint</footer></body></html>"""


def test_html_gives_the_main_text_under_its_headings_without_junk(tmp_path: Path) -> None:
    segments = html(tmp_path, PAGE)
    assert [(s.headings, s.text) for s in segments if s.modality == "text"] == [
        ((), "Built in 1871.\nWidened later."),
        (("Ships",), "Aurora\n\nBorealis"),
        (("Story",), f"{HARBOUR} {HARBOUR}\n\na quay caption"),
    ]
    assert {s.title for s in segments} == {"The Harbour"}
    assert segments[0].metadata == {"date": "2024-05-01T10:00:00", "tags": ["ships", "light"]}


def test_html_tables_fill_their_spans(tmp_path: Path) -> None:
    (segment,) = [s for s in html(tmp_path, PAGE) if s.modality == "table"]
    assert segment.table == Table(("Year", "Catch, t", "Catch, t"), (("2001", "1,500", "x"), ("2001", "007", "NA")))
    assert segment.headings == ("Ships", "Catches", "By year")


def test_html_tables_keep_the_header_that_they_mark(tmp_path: Path) -> None:
    (segment,) = html(tmp_path, "<table><tr><th>1</th><th>2</th></tr><tr><td>3</td><td>4</td></tr></table>")
    assert segment.table == Table(("1", "2"), (("3", "4"),))


def test_html_spans_count_in_its_paragraphs(tmp_path: Path) -> None:
    segments = [s for s in html(tmp_path, PAGE) if s.modality == "text"]
    whole = "\n\n".join(s.text for s in segments)
    assert all(whole[s.span.start_char : s.span.end_char] == s.text for s in segments)


def test_html_layout_tables_are_text(tmp_path: Path) -> None:
    segments = html(
        tmp_path, f"<table><tr><td>{HARBOUR * 8}</td><td>side</td></tr><tr><td>a</td><td>b</td></tr></table>"
    )
    assert {s.modality for s in segments} == {"text"}


def test_html_reads_as_it_declares_itself(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes('<meta charset="iso-8859-2"><p>Plzeň</p>'.encode("iso-8859-2"))
    assert texts(list(HtmlReader(SPLITTER).read(document(path)))) == ["Plzeň"]


def test_html_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptMedia, match=r"page\.html holds no text"):
        html(tmp_path, "<body><script>1</script><nav>Menu</nav></body>")
