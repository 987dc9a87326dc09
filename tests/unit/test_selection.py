"""What of a folder is a document: globs, ignore files, links. Git is asked for its opinion of the same patterns."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from libraries import Library

from mmsearch.errors import InputError
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.sources import IGNORE_FILE, Unread, find_documents
from mmsearch.types import Document, Root

READERS = default_readers(PassageSplitter(256))


def _make(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def _documents(root: Path, **how: Any) -> list[str]:
    """The documents' paths from the root."""
    places = find_documents(Root.at(root, **how), READERS)
    return [os.path.relpath(place.uri, root.resolve()) for place in places if isinstance(place, Document)]


def _passed_over(root: Path, **how: Any) -> dict[str, str]:
    """Path from the root -> reason; a folder's path ends in "/"."""
    places = find_documents(Root.at(root, **how), READERS)
    base = root.resolve().as_posix() + "/"
    return {place.uri.removeprefix(base): place.reason for place in places if isinstance(place, Unread)}


def test_globs_choose_and_the_excluded_are_counted(tmp_path: Path) -> None:
    _make(tmp_path, {"a.txt": "a", "b.md": "b", "drafts/c.txt": "c", "deep/d.txt": "d", "deep/e.log": "e"})
    assert _documents(tmp_path, include=("*.txt",)) == ["a.txt", "deep/d.txt", "drafts/c.txt"]
    assert _documents(tmp_path, include=("/deep/",)) == ["deep/d.txt", "deep/e.log"]
    how = {"include": ("*.txt", "*.log"), "exclude": ("drafts/", "*.log", "!e.log")}
    assert _documents(tmp_path, **how) == ["a.txt", "deep/d.txt", "deep/e.log"]
    assert _passed_over(tmp_path, **how) == {"b.md": "not_included", "drafts/": "excluded"}


def test_deeper_ignore_files_and_the_call_have_the_last_word(tmp_path: Path) -> None:
    _make(
        tmp_path,
        {
            IGNORE_FILE: "# notes\n*.log\n/a.txt\nbuild/\n",
            "a.txt": "a",
            "x.log": "x",
            "build/b.txt": "b",
            "kept/a.txt": "a",
            "kept/x.log": "x",
            f"kept/{IGNORE_FILE}": "!x.log\n",
        },
    )
    assert _documents(tmp_path) == ["kept/a.txt", "kept/x.log"]
    assert _passed_over(tmp_path) == {"a.txt": "ignored", "x.log": "ignored", "build/": "ignored"}
    assert _documents(tmp_path, exclude=("!/x.log", "kept/")) == ["x.log"]


def test_an_excluded_side_car_describes_nothing_and_an_excluded_picture_needs_none(tmp_path: Path) -> None:
    _make(tmp_path, {"gull.png": "", "gull.txt": "A gull."})
    (picture,) = (p for p in find_documents(Root.at(tmp_path), READERS) if isinstance(p, Document))
    assert [path.name for path in picture.sidecars] == ["gull.txt"]
    (picture,) = (p for p in find_documents(Root.at(tmp_path, exclude=("*.txt",)), READERS) if isinstance(p, Document))
    assert picture.sidecars == ()
    assert _documents(tmp_path, exclude=("*.png",)) == ["gull.txt"]
    assert _documents(tmp_path, include=("*.txt",)) == [], "a caption is no document while its picture is there"


def test_a_root_that_is_a_file_is_a_document_whatever_globs_say(tmp_path: Path) -> None:
    _make(tmp_path, {"a.txt": "a", IGNORE_FILE: "*.txt"})
    assert _documents(tmp_path / "a.txt", exclude=("*.txt",), include=("*.md",)) == ["."]


@pytest.mark.parametrize("how", [{"exclude": ("!",)}, {"include": ("!",)}])
def test_a_glob_that_is_no_pattern_is_an_error(tmp_path: Path, how: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(InputError, match="'!'"):
        _documents(tmp_path, **how)


def test_a_glob_that_is_no_pattern_is_not_remembered(tmp_path: Path) -> None:
    library = Library(tmp_path / "library")
    with pytest.raises(InputError):
        library.indexer().index([Root.at(tmp_path, exclude=("!",))])
    assert library.manifest.roots() == []


def test_an_ignore_file_that_cannot_be_understood_keeps_its_folder_out(tmp_path: Path) -> None:
    _make(tmp_path, {"a.txt": "a", f"secret/{IGNORE_FILE}": "!\n", "secret/b.txt": "b"})
    places = list(find_documents(Root.at(tmp_path), READERS))
    assert [place.uri for place in places if isinstance(place, Document)] == [(tmp_path / "a.txt").as_posix()]
    (bad,) = [place for place in places if isinstance(place, Unread) and place.error]
    assert bad.uri == (tmp_path / "secret").as_posix() + "/"
    assert f"secret/{IGNORE_FILE}" in str(bad.error)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_that_leave_the_root_are_followed_when_that_is_on_and_loops_end(tmp_path: Path) -> None:
    root = _make(tmp_path / "root", {"a.txt": "a", "deep/b.txt": "b"})
    outside = _make(tmp_path / "outside", {"c.txt": "c", "far/d.txt": "d"})
    (root / "inner.txt").symlink_to(root / "deep" / "b.txt")
    (root / "outer.txt").symlink_to(outside / "c.txt")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "deep" / "up").symlink_to(tmp_path, target_is_directory=True)
    (root / "far").symlink_to(outside / "far", target_is_directory=True)
    (outside / "far" / "back").symlink_to(outside, target_is_directory=True)
    (outside / "home").symlink_to(root, target_is_directory=True)
    (outside / "self").symlink_to(outside / "self")
    assert _documents(root) == ["a.txt", "inner.txt", "deep/b.txt"]
    assert _passed_over(root) == {"outer.txt": "link", "loop": "link", "far": "link", "deep/up": "link"}
    followed = _documents(root, follow_symlinks=True)
    names = [Path(place).name for place in followed]
    assert sorted(names) == ["a.txt", "b.txt", "c.txt", "d.txt", "inner.txt", "outer.txt"], followed


def test_what_is_excluded_later_goes_and_comes_back(tmp_path: Path) -> None:
    folder = _make(tmp_path / "files", {"a.txt": "harbour", "drafts/b.txt": "lighthouse"})
    library = Library(tmp_path / "library")
    library.indexer().index([folder])
    assert "lighthouse" in library.words()
    report = library.indexer().index([Root.at(folder, exclude=("drafts/",))])
    assert (report.found, report.unchanged, report.removed) == (1, 1, 1)
    assert report.skipped == {"excluded": {"/": 1}}
    assert library.words() == "harbour"
    assert library.indexer().index([folder]).indexed == 1
    (folder / IGNORE_FILE).write_text("b.txt")
    report = library.indexer().index([folder])
    assert (report.removed, report.skipped) == (1, {"ignored": {".txt": 1}})


def test_an_earlier_root_is_filled_as_it_was_looked_at(tmp_path: Path) -> None:
    from hashing import HashingEncoder

    folder = _make(tmp_path / "files", {"a.txt": "harbour", "drafts/b.txt": "lighthouse"})
    other = _make(tmp_path / "other", {"c.txt": "ferry"})
    library = Library(tmp_path / "library")
    library.encoders = {**library.encoders, "text": HashingEncoder(closed="not here")}
    library.indexer().index([Root.at(folder, exclude=("drafts/",))])
    library.encoders = {**library.encoders, "text": HashingEncoder()}
    report = library.indexer().index([other])
    assert (report.found, report.indexed) == (2, 2)
    assert "lighthouse" not in library.words()


def test_a_root_below_another_has_its_own_say(tmp_path: Path) -> None:
    folder = _make(tmp_path / "files", {"a.txt": "harbour", "drafts/b.txt": "lighthouse", "drafts2/c.txt": "ferry"})
    library = Library(tmp_path / "library")
    library.indexer().index([folder])
    (folder / "drafts2" / "c.txt").unlink()
    report = library.indexer().index([Root.at(folder / "drafts"), Root.at(folder, exclude=("drafts/",))])
    assert report.removed == 1
    assert sorted(library.words().split()) == ["harbour", "lighthouse"]


NAMES = st.sampled_from(
    ["a", "b", "ab", "foo.txt", "b.txt", "x y", "a[b]", "A"]
)  # ASCII: git's "?" is a byte, ours a letter
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
PIECES = st.sampled_from(
    [
        "a",
        "b",
        "*",
        "**",
        "?",
        "*.txt",
        "[ab]",
        "[!a]",
        "[^b]",
        "a*",
        "*b",
        "foo.txt",
        "\\a",
        "x y",
        "x ",
        "\\!",
        "#",
        "A",
    ]
)
PATTERNS = st.builds(
    lambda negated, lead, pieces, tail: negated + lead + "/".join(pieces) + tail,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.lists(PIECES, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", " "]),
)
RULES = st.lists(PATTERNS, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def repository() -> Iterator[Path]:
    with TemporaryDirectory() as place:
        subprocess.run(["git", "init", "--quiet", place], check=True)
        yield Path(place)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.sets(PATHS, min_size=1, max_size=8),
    rules=st.dictionaries(st.sampled_from(["", "a/", "b/", "a/b/"]), RULES, max_size=3),
    excluded=st.lists(PATTERNS.map(str.rstrip), max_size=2),  # only files have blanks at the end of lines
)
def test_git_agrees(repository: Path, files: set[str], rules: dict[str, list[str]], excluded: list[str]) -> None:
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for name in sorted(files):
        path = repository / f"{name}.md"
        if not any(parent.is_file() for parent in path.parents):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")
    for folder, patterns in rules.items():
        if (repository / folder).is_dir():
            (repository / folder / IGNORE_FILE).write_text("\n".join(patterns) + "\n")
    asked = ["git", "-C", str(repository), "ls-files", "-z", "--others", f"--exclude-per-directory={IGNORE_FILE}"]
    said = subprocess.run([*asked, *(f"--exclude={glob}" for glob in excluded)], check=True, capture_output=True)
    wanted = {name for name in said.stdout.decode().split("\0") if name.endswith(".md")}
    assert set(_documents(repository, exclude=tuple(excluded))) == wanted
