"""The report of a comparison: self-contained, escaped, and with the queries that matter."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from saved import saved_run

from mmsearch.comparison import compare
from mmsearch.comparison_report import cards, failed, report, verdict, write_report
from mmsearch.errors import Forbidden

EVIL = '<script>alert("x")</script> $\\frac{1}{2}$ &'


class Tags(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_asks_no_other_place_for_anything() -> None:
    page = report(compare([saved_run("old", [0.5, 0.0]), saved_run("new", [1.0, 0.0])]))
    tags = Tags(page).found
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "embed", "base"}
    targets = [
        value or "" for _, attributes in tags for name, value in attributes.items() if re.search("href|src", name)
    ]
    assert targets
    assert all(target.startswith("#") for target in targets), targets
    assert not re.search(r"@import|url\((?!#)", page)


def test_ids_of_the_plots_differ() -> None:
    runs = [saved_run(name, [0.5, 0.0], of_set) for of_set in ("x", "y") for name in ("old", "new")]
    ids = [attributes["id"] for _, attributes in Tags(report(compare(runs))).found if "id" in attributes]
    assert ids
    assert len(ids) == len(set(ids))


def test_titles_names_and_sets_are_text_and_never_markup() -> None:
    runs = [saved_run(EVIL, [0.0, 1.0], EVIL, EVIL), saved_run("new", [1.0, 0.5], EVIL, EVIL)]
    page = report(compare(runs))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "$\\frac{1}{2}$ &amp;" in page
    assert "$\\frac{1}{2}$" in page[page.index("<svg") :]


def test_plots_take_their_colours_from_the_page() -> None:
    page = report(compare([saved_run("old", [0.5, 0.5]), saved_run("new", [1.0, 0.0])]))
    plots = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    for used in ("ink", "faint", "won", "lost", "run-0", "run-1"):
        assert f"var(--{used})" in plots
        assert f"--{used}:" in page
    assert not re.search(r"(?:fill|stroke): #(?!000000|ffffff)", plots)


def test_the_verdict_says_how_much_and_how_sure() -> None:
    gained = compare([saved_run("old", [0.25] * 16), saved_run("new", [0.75] * 16)]).sets[0].contrasts[0]
    assert verdict(gained) == (
        "new is 0.5000 ndcg@10 above old (95 % interval +0.5000 to +0.5000); "
        "that is hardly chance (p < 0.001). 16 queries got better, 0 stayed equal, 0 got worse."
    )
    lost = compare([saved_run("old", [0.5, 0.5]), saved_run("new", [0.5, 0.0])]).sets[0].contrasts[0]
    assert verdict(lost).startswith("new is 0.2500 ndcg@10 below old")
    assert "may be chance (p = 1.000)" in verdict(lost)


def test_the_queries_shown_are_those_that_moved_most() -> None:
    old = saved_run("old", [1.0, 1.0, 0.0, 0.5, 0.0])
    new = saved_run("new", [0.0, 0.6, 1.0, 0.5, 0.0])
    of_set = compare([old, new]).sets[0]
    shown = cards(of_set.contrasts[0])
    assert [card.query.id for card in shown["lost"]] == ["q0", "q1"]
    assert [card.query.id for card in shown["won"]] == ["q2"]
    assert shown["lost"][0].place("a") == "old: rank 1 · new: not in the first 100"
    count, never = failed(of_set)
    assert (count, [card.query.id for card in never]) == (1, ["q4"])


def test_more_runs_than_colours_still_make_a_report() -> None:
    runs = [saved_run(f"run {n}", [n / 10, 0.5]) for n in range(9)]
    page = report(compare(runs))
    assert page.count("<svg") == 1 + 1 + 8


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(Forbidden, match="cannot be written"):
        write_report(compare([saved_run("old", [0.5]), saved_run("new", [1.0])]), tmp_path)
