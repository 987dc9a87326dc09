"""Searches to try on a library."""

from pathlib import Path

from mmsearch.demo import demo_library, example_searches
from mmsearch.examples import examples, suggestions
from mmsearch.manifest import Entry, Manifest
from mmsearch.types import Root


def _manifest(folder: Path, *uris: str) -> Manifest:
    manifest = Manifest(folder / "manifest.sqlite3")
    manifest.write(Entry(id=str(number), uri=uri, done=True) for number, uri in enumerate(uris))
    return manifest


def test_file_names_that_read_as_words_are_searches(tmp_path: Path) -> None:
    manifest = _manifest(
        tmp_path, "/a/town_history.md", "/a/IMG_2031.jpg", "/b/Town-History.pdf", "/b/x.txt", "/c/a b.md"
    )
    assert examples(manifest) == ["town history"]


def test_at_most_six_come_from_all_over_the_library(tmp_path: Path) -> None:
    letters = "abcdefghijkl"
    manifest = _manifest(tmp_path, *(f"/notes/{letter * 3}_notes.md" for letter in letters))
    assert examples(manifest) == [f"{letter * 3} notes" for letter in "acegik"]


def test_the_demo_brings_its_own(tmp_path: Path) -> None:
    manifest = _manifest(tmp_path, "/a/town_history.md")
    manifest.add_root(Root.at(demo_library()))
    assert examples(manifest) == [example["query"] for example in example_searches()]


def test_what_is_typed_goes_on_to_names_that_hold_it_at_the_start_of_a_word(tmp_path: Path) -> None:
    manifest = _manifest(
        tmp_path,
        "/a/storm_wave.jpg",
        "/a/Storm-Wave.md",
        "/a/the storm.md",
        "/a/brainstorm.md",
        "/a/storm%5.md",
    )
    assert suggestions(manifest, "Storm") == ["storm 5", "storm wave", "the storm"]
    assert suggestions(manifest, "storm_w") == ["storm wave"]
    assert suggestions(manifest, "storm", 1) == ["storm 5"]
    assert suggestions(manifest, "%") == suggestions(manifest, " ") == []
