"""What the page shows of a ranking: escaped, marked, and nothing lost."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag

from mmsearch.errors import NotFound
from mmsearch.types import Answer, Duplicate, Hit, Modality, Query, Ranking, Result, Route, Segment, Span, Table
from mmsearch_ui.asked import Asked
from mmsearch_ui.cards import answer_html, error_html, pieces, reasons, transcript_html, welcome_html
from mmsearch_ui.transcripts import around

EVIL = """<script>alert(1)</script><img src=x onerror="alert(2)">' ${alert(3)} {{value}} </mark>"""
DOCUMENT, SEGMENT = "d" * 32, "5" * 32


def _segment(**changes: Any) -> Segment:
    plain = Segment(SEGMENT, DOCUMENT, "/town/pier/notes.md", "text", Span(), title="Notes", text="The pier at night.")
    return replace(plain, **changes)


def _result(segment: Segment, snippet: str = "", **changes: Any) -> Result:
    hits = (Hit(segment.id, segment.document_id, segment.modality, "words", 2, 7.25, 0.625),)
    return replace(Result(1, 0.5, segment, snippet or segment.text, (), hits), **changes)


def _soup(*results: Result, asked: Asked | None = None, closed: Mapping[str, str] | None = None) -> BeautifulSoup:
    asked = asked or Asked("pier")
    routes = (Route("words", 1.0, 100, "answers a query by text"),)
    took_ms = {"route": 0.1, "total": 12.4}
    ranking = Ranking(Query(asked.words), routes, {}, False, closed or {}, took_ms, results)
    return BeautifulSoup(answer_html(ranking, asked), "html.parser")


def _one(soup: BeautifulSoup, selector: str) -> Tag:
    (found,) = soup.select(selector)
    return found


def test_nothing_that_a_document_says_becomes_markup() -> None:
    evil = _segment(
        uri=f"/town/{EVIL}",
        title=EVIL,
        headings=(EVIL + "heading",),
        modality="table",
        span=Span(part=EVIL),
        table=Table((EVIL,), ((EVIL,),)),
    )
    plain = _segment(id="6" * 32, title=EVIL, text=EVIL, modality="audio", span=Span(start_s=1.0, end_s=2.0))
    results = (
        _result(
            evil, EVIL, answer=Answer("cells", EVIL, 0.9, ((0, 0),)), more=(_segment(span=Span(part=EVIL + "more")),)
        ),
        _result(plain, EVIL + "!", highlights=((0, 20),)),
        _result(replace(plain, modality="image"), EVIL + "?"),
    )
    soup = _soup(*results, asked=Asked(EVIL), closed={EVIL: EVIL})
    assert not soup.find_all("script")
    assert [image["src"] for image in soup.find_all("img")] == [f"media/picture/{DOCUMENT}/{plain.id}"]
    assert not [name for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]
    assert soup.get_text().count("<script>alert(1)</script>") >= 12
    for page in (error_html(EVIL), welcome_html([EVIL])):
        assert "<script" not in page
        assert EVIL in BeautifulSoup(page, "html.parser").get_text()


def test_a_text_names_its_place_and_marks_the_words() -> None:
    segment = _segment(uri="/town/pier/notes.pdf", headings=("Notes", "Lamps"), span=Span(page=3))
    soup = _soup(_result(segment, "The pier at night.", highlights=((4, 8), (12, 17))))
    assert [mark.get_text() for mark in soup.select(".mm-snippet mark")] == ["pier", "night"]
    assert _one(soup, ".mm-snippet").get_text().strip() == "The pier at night."
    assert _one(soup, ".mm-place").get_text() == "page 3"
    assert _one(soup, ".mm-headings").get_text() == "Lamps"
    assert _one(soup, ".mm-path").get_text() == "pier/notes.pdf"
    assert _one(soup, "h2 a")["href"] == f"media/document/{DOCUMENT}#page=3"
    why = "number 2 of its list, with its own score 7.25, by itself a probability of 0.62;"
    assert why in _one(soup, ".mm-why").get_text()


def test_a_recording_starts_at_the_moment_and_names_the_other_moments() -> None:
    def said(start_s: float, end_s: float) -> Segment:
        return _segment(modality="audio", uri="/town/talk.ogg", span=Span(start_s=start_s, end_s=end_s))

    result = _result(said(42.0, 58.4), more=(said(3700.0, 3710.0), said(5.25, 9.0), said(42.0, 58.4)))
    soup = _soup(result)
    player = _one(soup, "audio")
    assert (player["src"], player["preload"]) == (f"media/document/{DOCUMENT}#t=42.0", "none")
    assert _one(soup, ".mm-place").get_text() == "0:42–0:58"
    links = soup.select(".mm-more a")
    assert [link.get_text() for link in links] == ["0:05–0:09", "1:01:40–1:01:50"]
    assert [link["data-moment"] for link in links] == ["5.25", "3700.0"]


def test_near_copies_are_named_and_linked_and_many_are_counted() -> None:
    def copy(number: int) -> Duplicate:
        return Duplicate(f"{number}" * 32, f"/town/old/{EVIL.replace('/', '')}{number}.md", EVIL, 0.4)

    soup = _soup(_result(_segment(), duplicates=(copy(1),)), _result(_segment(), duplicates=tuple(map(copy, range(7)))))
    one, seven = soup.select(".mm-copies")
    assert " ".join(one.get_text().split()) == " ".join(f"1 copy: old/{EVIL.replace('/', '')}1.md".split())
    assert _one(BeautifulSoup(str(one), "html.parser"), "a")["href"] == f"media/document/{'1' * 32}"
    assert seven.get_text().strip().startswith("7 copies:")
    assert len(seven.select("a")) == 5
    assert " ".join(seven.get_text().split()).endswith("4.md and 2 more")
    record = _result(_segment(uri="/c/corpus.jsonl#1"), duplicates=(Duplicate("2" * 32, "/c/corpus.jsonl#2", "", 0.1),))
    assert not _soup(record).select(".mm-copies a")
    assert not _soup(_result(_segment())).select(".mm-copies")


def test_a_recording_that_no_browser_plays_is_a_link() -> None:
    recording = _segment(modality="audio", uri="/town/talk.aiff", span=Span(start_s=42.0, end_s=58.4))
    soup = _soup(_result(recording), _result(replace(recording, uri="/sets/corpus.jsonl#7")))
    (player,) = soup.select("audio")
    assert [bool(card.select("audio")) for card in soup.select(".mm-card")] == [False, True]
    assert player["src"] == soup.select("h2 a")[0]["href"]


def test_a_picture_is_shown_with_its_title_as_its_description() -> None:
    soup = _soup(_result(_segment(modality="image", title="Pier at night")))
    image = _one(soup, "img")
    assert (image["src"], image["alt"]) == (f"media/picture/{DOCUMENT}/{SEGMENT}", "Pier at night")


def test_what_answers_on_a_picture_is_framed_where_it_stands() -> None:
    """In the picture's own pixels: the frames lie over the picture however large that is shown."""
    segment = _segment(modality="image", text="THE PIER", metadata={"width": 1000, "height": 500})
    answer = Answer("region", "THE PIER", 0.97, boxes=((0.5, 0.2, 0.75, 0.3), (0.0, 0.8, 0.1, 1.0)))
    soup = _soup(_result(segment, answer=answer))
    assert _one(soup, ".mm-picture .mm-marks")["viewbox"] == "0 0 1000 500"
    frames = [[float(str(frame[name])) for name in ("x", "y", "width", "height")] for frame in soup.select("rect")]
    assert frames[0] == pytest.approx([500 - 2.5, 100 - 2.5, 250 + 5, 50 + 5])
    assert frames[1] == pytest.approx([-5, 400 - 5, 100 + 10, 100 + 10])
    assert not soup.select(".mm-answer"), "the snippet has the words, marked"
    for unknown in (replace(segment, metadata={}), replace(segment, metadata={"width": "wide", "height": 500})):
        assert not _soup(_result(unknown, answer=answer)).select(".mm-marks")


def test_a_table_shows_the_row_that_matches_and_where_it_stands() -> None:
    rows = tuple((f"2024-01-{day:02}", "calm" if day != 9 else "storm") for day in range(1, 21))
    segment = _segment(modality="table", table=Table(("day", "sea"), rows), span=Span(start_row=40, end_row=60))
    snippet = "day: 2024-01-09 · sea: storm"
    start = snippet.index("storm")
    soup = _soup(_result(segment, snippet, highlights=((start, start + 5),)))
    match = _one(soup, "tr.mm-match")
    assert [cell.get_text() for cell in match.find_all(["th", "td"])] == ["49", "2024-01-09", "storm"]
    assert _one(soup, "td mark").get_text() == "storm"
    assert [row.get_text() for row in soup.select("tbody th")] == ["47", "48", "49", "50", "51"]
    assert not soup.select(".mm-snippet")


def test_the_cell_that_answers_is_shown_even_where_no_word_matches() -> None:
    rows = tuple((str(day), f"{day / 2} m") for day in range(1, 31))
    segment = _segment(modality="table", table=Table(("day", "wave"), rows), span=Span(start_row=0, end_row=30))
    soup = _soup(_result(segment, "day: 1 · wave: 0.5 m", answer=Answer("cells", "14.5 m", 0.9, ((28, 1),))))
    assert _one(soup, "td.mm-cell").get_text() == "14.5 m"
    assert _one(soup, ".mm-answer").get_text() == "14.5 m"


def test_the_cells_of_an_answer_are_counted_from_the_top_of_the_whole_table() -> None:
    rows = tuple((str(day), f"{day / 2} m") for day in range(101, 131))
    segment = _segment(modality="table", table=Table(("day", "wave"), rows), span=Span(start_row=100, end_row=130))
    soup = _soup(_result(segment, answer=Answer("cells", "64.5 m", 0.9, ((3, 1), (128, 1)))))
    assert _one(soup, "td.mm-cell").get_text() == "64.5 m"
    assert _one(soup, "tr:has(td.mm-cell) th").get_text() == "129"


def test_the_sentence_that_answers_is_marked_among_its_neighbours() -> None:
    text = "word " * 40 + "The lamp is <green>. " + "more " * 40
    start = text.index("The lamp")
    answer = Answer("sentence", "The lamp is <green>.", 0.8, characters=(start, start + 20))
    soup = _soup(_result(_segment(text=text.strip()), "something else", answer=answer))
    assert _one(soup, ".mm-said mark").get_text() == "The lamp is <green>."
    shown = _one(soup, ".mm-said").get_text().strip()
    assert (shown.startswith("… word"), shown.endswith("more …")) == (True, True)
    assert 200 < len(shown) < 300
    assert not soup.select(".mm-answer")


@pytest.mark.parametrize(
    ("title", "shown"),
    [("storm wave", "Storm wave"), ("iPhone manual", "iPhone manual"), ("", "Notes.md"), ("émile", "Émile")],
)
def test_a_title_in_small_letters_gets_a_capital(title: str, shown: str) -> None:
    assert _one(_soup(_result(_segment(title=title))), "h2").get_text().strip() == shown


def test_a_line_of_a_corpus_has_no_file_to_open() -> None:
    soup = _soup(_result(_segment(uri="/sets/corpus.jsonl#12")))
    assert not soup.select("h2 a")


def test_nothing_found_offers_the_search_without_its_limits() -> None:
    soup = _soup(asked=Asked("pier", ("table",), 20))
    assert _one(soup, ".mm-empty a[data-search]")["href"] == "?q=pier&k=20"
    assert "mmsearch index" in _one(soup, ".mm-empty").get_text()


def test_nothing_found_in_some_spaces_offers_all() -> None:
    soup = _soup(asked=Asked("pier", (), 20, ("words",)))
    assert _one(soup, ".mm-empty a[data-search]")["href"] == "?q=pier&k=20"
    assert "instead of words alone" in _one(soup, ".mm-empty").get_text()


def test_a_picture_that_nobody_can_answer_says_what_opens_the_space() -> None:
    closed = {"image": 'weights are not here; run "mmsearch models pull image"'}
    ranking = Ranking(Query(image=b"..."), (), {}, False, closed, {"total": 0.2}, ())
    soup = BeautifulSoup(answer_html(ranking, Asked()), "html.parser")
    assert _one(soup, "h2").get_text() == "A picture cannot be looked for yet"
    assert "open" in _one(soup, ".mm-closed").attrs
    assert 'run "mmsearch models pull image"' in _one(soup, ".mm-closed").get_text()


def test_an_empty_library_says_how_to_fill_it() -> None:
    ranking = Ranking(Query("pier"), (), {}, False, {}, {"total": 0.2}, ())
    soup = BeautifulSoup(answer_html(ranking, Asked("pier")), "html.parser")
    assert _one(soup, "h2").get_text() == "The library is empty"
    assert _one(soup, "code").get_text() == "mmsearch index PATH"


def test_a_weak_ranking_says_so_and_what_media_the_query_wants() -> None:
    routes = (Route("words", 1.0, 100, "answers a query by text"),)
    media: dict[Modality, float] = {"text": 0.25, "image": 0.75}
    weak = Ranking(Query("pier"), routes, media, True, {}, {"total": 1.0}, (_result(_segment()),), "because")
    soup = BeautifulSoup(answer_html(weak, Asked("pier")), "html.parser")
    assert "Nothing here matches well" in _one(soup, ".mm-weak").get_text()
    assert "picture 75 %, text 25 %: because" in _one(soup, ".mm-how").get_text()
    assert not BeautifulSoup(answer_html(replace(weak, no_good_match=False), Asked("pier")), "html.parser").select(
        ".mm-weak"
    )


def test_reasons_name_all_spaces_that_they_hold_for() -> None:
    routes = [Route(space, 1.0, 9, reason) for reason in ("by text", "asks for image") for space in ("words", "text")]
    assert reasons(routes) == [("by text", "words, text"), ("asks for image", "words, text")]


@pytest.mark.parametrize(
    ("highlights", "expected"),
    [
        ([], [("abcdef", False)]),
        ([(0, 2), (4, 6)], [("ab", True), ("cd", False), ("ef", True)]),
        ([(2, 5), (0, 3)], [("abc", True), ("de", True), ("f", False)]),
        ([(3, 99)], [("abc", False), ("def", True)]),
    ],
)
def test_pieces_put_together_are_the_text(highlights: list[tuple[int, int]], expected: list[tuple[str, bool]]) -> None:
    assert pieces("abcdef", highlights) == expected


@pytest.mark.parametrize(
    "asked",
    [
        Asked("a", (), 10, ("text", "words"), True),
        Asked(),
        Asked("a & b=c + ü"),
        Asked("waves", ("table", "image"), 50),
        Asked("", ("audio",)),
        Asked("a", narrowed=(("folder", "/a b/ü&c"), ("tag", "x,y"), ("tag", "z=1"), ("year", "2024")), by_date=True),
        Asked(like=f"{DOCUMENT}/{SEGMENT}"),
    ],
)
def test_an_address_reads_back_as_what_was_asked(asked: Asked) -> None:
    assert Asked.read(asked.address, ("text", "image", "words")) == asked


def test_an_address_that_makes_no_sense_is_read_as_far_as_it_does() -> None:
    address = "?q=+sea+&in=video,text,,text&k=1000000&spaces=smell&copies=1&sort=size&colour=red&tag=&like=../.."
    assert Asked.read(address, ("text",)) == Asked("sea", ("text",), 10)


def test_what_is_elsewhere_is_shown_without_an_address_on_this_machine() -> None:
    picture = _segment(uri="s3://town/pier.png", modality="image", title="Pier")
    sound = _segment(uri="https://host/bell.ogg", modality="audio", title="Bell", span=Span(start_s=3.0, end_s=9.0))
    soup = _soup(_result(picture), _result(sound))
    assert not soup.select("audio")
    assert [link["href"] for link in soup.select("a.mm-picture")] == [f"media/picture/{DOCUMENT}/{SEGMENT}"]
    assert "media/document" not in str(soup)


def test_a_picture_leads_to_its_like_where_it_can_be_asked_with() -> None:
    named = _result(_segment(uri="/town/pier.png", modality="image", title="Pier", text=""))
    bare = replace(named, segment=replace(named.segment, title=""))
    for picture, by_picture, leads in ((named, True, 1), (named, False, 1), (bare, True, 1), (bare, False, 0)):
        ranking = Ranking(Query("pier"), (Route("words", 1.0, 9, ""),), {}, False, {}, {"total": 1.0}, (picture,))
        soup = BeautifulSoup(answer_html(ranking, Asked("pier"), by_picture=by_picture), "html.parser")
        assert [link["href"] for link in soup.select(".mm-alike")] == [f"?like={DOCUMENT}/{SEGMENT}"] * leads


def test_a_text_opens_where_its_passage_begins() -> None:
    text = "\n- The pier is long, *very* long, and nobody walks it at night."
    soup = _soup(_result(_segment(uri="/town/notes.md", text=text), "The pier"))
    assert str(_one(soup, "h2 a")["href"]).endswith("#:~:text=%2D%20The%20pier%20is%20long%2C")


def test_the_transcript_around_a_moment_is_in_order_and_marks_the_words() -> None:
    said = [
        _segment(id=f"{n}" * 32, modality="audio", span=Span(start_s=20.0 * n, end_s=20.0 * n + 9), text=text)
        for n, text in enumerate(("One.", "Two.", "A whale?", f"The whale {EVIL}", "Five.", "Six.", "Seven.", "Eight."))
    ]
    shown = around([said[4], *said[:4], *said[5:]], said[3].id)
    assert shown == said[1:7]
    soup = BeautifulSoup(transcript_html(DOCUMENT, shown, said[3].id, {"whale"}), "html.parser")
    lines = soup.select("li")
    assert [line.get_text().split()[:2] for line in lines[:3]] == [["0:20", "Two."], ["0:40", "A"], ["1:00", "The"]]
    assert [mark.get_text() for mark in soup.select("mark")] == ["whale", "whale"]
    assert ["mm-here" in str(line) for line in lines] == [False, False, True, False, False, False]
    assert not soup.find_all("script")
    with pytest.raises(NotFound):
        around(said, "9" * 32)


def test_what_was_judged_is_pressed() -> None:
    ranking = Ranking(
        Query("pier"), (Route("words", 0.5, 9, ""),), {}, False, {}, {"total": 1.0}, (_result(_segment()),)
    )
    soup = BeautifulSoup(answer_html(ranking, Asked("pier"), {DOCUMENT: 0}), "html.parser")
    assert [button["aria-pressed"] for button in soup.select("[data-grade]")] == ["false", "true"]
    assert _one(soup, "ol.mm-results")["data-routes"] == '{"words": 0.5}'
