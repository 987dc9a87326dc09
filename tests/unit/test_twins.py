"""The same bytes are encoded once, wherever they lie and whatever they are called."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hashing import HashingEncoder
from libraries import Library
from PIL import Image

from mmsearch.lexical import LexicalEncoder
from mmsearch.types import Embeddings, Segment, Space

LONG = "# Harbour guide\n\n" + "\n\n".join(f"## Part {n}\n\nHere stands lamp {n}." for n in range(40))


@dataclass
class LooksEncoder(HashingEncoder):
    """Stands for open_clip: made from the pictures alone, which text and pictures can be put to."""

    name: str = "image"

    @property
    def space(self) -> Space:
        return Space(self.name, "dense", frozenset({"image"}), frozenset({"text", "image"}), "looks", "1", 4)

    def windows(self, segment: Segment) -> list[Segment]:
        return [segment]

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        self.encoded += [segment.id for segment in segments]
        rows = [np.frombuffer((segment.picture or b"")[-4:], np.uint8) for segment in segments]
        return np.stack(rows).astype(np.float32) + 1


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "library")
    library.encoders = {"words": LexicalEncoder(), "text": HashingEncoder(), "image": LooksEncoder()}
    return library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "harbour.md").write_text(LONG)
    (folder / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    Image.effect_noise((64, 48), 80).save(folder / "gull.png")
    (folder / "gull.txt").write_text("A gull above the pier.")
    return folder


def _encoded(library: Library) -> dict[str, int]:
    """How many windows each space's encoder was given since the last call."""
    counts = {}
    for name in ("text", "image"):
        encoder = library.encoders[name]
        assert isinstance(encoder, HashingEncoder)
        counts[name] = len(encoder.encoded)
        encoder.encoded.clear()
    return counts


def _fresh(library: Library, folder: Path) -> Library:
    """A library that never saw anything but the folder as it is now."""
    other = Library(folder.parent / "fresh", encoders={**library.encoders})
    other.indexer().index([folder])
    return other


def test_a_moved_folder_is_not_encoded_again_and_equals_a_new_library(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    assert min(_encoded(library).values()) > 0
    before = library.dump()
    (folder / "deep").mkdir()
    for name in ("harbour.md", "tides.csv", "gull.png", "gull.txt"):
        (folder / name).rename(folder / "deep" / name)
    report = library.indexer().index([folder])
    assert (report.indexed, report.removed, report.unchanged) == (3, 3, 0)
    assert _encoded(library) == {"text": 0, "image": 0}
    assert report.reused == len(before["text"]) + len(before["image"])
    assert library.dump() == _fresh(library, folder).dump()
    assert len(library.dump()["text"]) == len(before["text"])


def test_a_move_from_one_root_to_another_in_one_indexing_is_seen(library: Library, folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (folder / "stays.txt").write_text("Stays.")
    library.indexer().index([folder, other])
    _encoded(library)
    (folder / "harbour.md").rename(other / "harbour.md")
    report = library.indexer().index([folder, other])
    assert (report.indexed, report.removed) == (1, 1)
    assert _encoded(library) == {"text": 0, "image": 0}


def test_a_new_name_is_in_the_title_and_only_what_the_title_is_in_is_encoded_anew(
    library: Library, folder: Path
) -> None:
    library.indexer().index([folder])
    _encoded(library)
    (folder / "harbour.md").rename(folder / "notes.md")
    (folder / "gull.png").rename(folder / "sea bird.png")
    (folder / "gull.txt").rename(folder / "sea bird.txt")
    report = library.indexer().index([folder])
    assert (report.indexed, report.removed, report.unchanged) == (2, 2, 1)
    assert _encoded(library) == {"text": 1, "image": 0}, "the picture's title; the Markdown has its own"
    assert library.dump() == _fresh(library, folder).dump()


@pytest.mark.parametrize("batch_segments", [1, 7, 1000])
def test_copies_are_encoded_once(library: Library, folder: Path, batch_segments: int) -> None:
    library.batch_segments = batch_segments
    library.indexer().index([folder])
    once = _encoded(library)
    fresh = Library(folder.parent / "copies", encoders=library.encoders, batch_segments=batch_segments)
    for name in ("a", "b", "c"):
        shutil.copytree(folder, folder.parent / "three" / name)
    report = fresh.indexer().index([folder.parent / "three"])
    assert report.indexed == 9
    assert _encoded(fresh) == once
    assert report.reused == 2 * sum(once.values())
    held = fresh.dump()
    assert len(held["text"]) == 3 * once["text"]
    assert len(held["image"]) == 3 * once["image"]


def test_another_reader_or_other_bytes_are_no_twins(library: Library, folder: Path) -> None:
    library.indexer().index([folder])
    _encoded(library)
    shutil.copy(folder / "harbour.md", folder / "harbour copy.txt")
    (folder / "more.md").write_text(LONG + "\n\nOne line more.")
    library.indexer().index([folder])
    new = [row for row, _ in library.dump()["text"].values() if Path(row.uri).stem in {"harbour copy", "more"}]
    assert _encoded(library)["text"] == len(new) > 40
    assert library.dump() == _fresh(library, folder).dump()


def test_a_changed_file_that_becomes_a_copy_takes_the_vectors_over(library: Library, folder: Path) -> None:
    (folder / "b.md").write_text("Other words.")
    library.indexer().index([folder])
    _encoded(library)
    shutil.copy(folder / "harbour.md", folder / "b.md")
    report = library.indexer().index([folder])
    assert (report.indexed, report.unchanged) == (1, 3)
    assert _encoded(library) == {"text": 0, "image": 0}
    assert library.dump() == _fresh(library, folder).dump()


def test_two_files_that_swap_their_bytes_keep_their_own(library: Library, folder: Path) -> None:
    """Either is rewritten while it should lend its vectors: what is being written lends nothing."""
    Image.effect_noise((64, 48), 20).save(folder / "puffin.png")
    library.indexer().index([folder])
    gull, puffin = (folder / "gull.png").read_bytes(), (folder / "puffin.png").read_bytes()
    (folder / "gull.png").write_bytes(puffin)
    (folder / "puffin.png").write_bytes(gull)
    (folder / "gull.txt").unlink()
    library.indexer().index([folder])
    assert library.dump() == _fresh(library, folder).dump()


def test_a_space_that_opens_later_is_filled_once_for_copies(library: Library, folder: Path) -> None:
    late = HashingEncoder(closed="not here")
    library.encoders = {**library.encoders, "text": late}
    shutil.copytree(folder, folder / "copy")
    library.indexer().index([folder])
    late.closed = ""
    library.indexer().index([folder])
    held = library.dump()
    assert len(late.encoded) * 2 == len(held["text"])
    assert held == _fresh(library, folder).dump()
