"""Files as they break in the world: each is named with its reason, and nothing else is raised."""

import os
import random
import struct
import subprocess
import sys
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hostile import damaged
from media import (
    HARBOUR,
    document,
    lock_office_file,
    photo,
    write_audio,
    write_docx,
    write_parquet,
    write_pdf,
    write_pptx,
    write_rich_pdf,
    write_xlsx,
)
from PIL import Image, ImageFile

from mmsearch.errors import CorruptMedia, Forbidden, InputError, MMSearchError, NotFound, TooLarge
from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.sources import reader_of
from mmsearch.types import Segment

READERS = default_readers(PassageSplitter(64))


def read(path: Path, *sidecars: Path) -> list[Segment]:
    found = document(path, *sidecars)
    return list(reader_of(found, READERS).read(found))


def cut(path: Path, share: float = 0.5) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def saved(path: Path, picture: Image.Image) -> Path:
    picture.save(path)
    return path


def silent_wav(path: Path) -> Path:
    with wave.open(path.as_posix(), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
    return path


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


BROKEN: dict[str, tuple[Callable[[Path], Path], str]] = {
    "truncated.jpg": (lambda path: cut(saved(path, photo(900, 700)), 0.6), "does not decode.*truncated"),
    "truncated.png": (lambda path: cut(saved(path, photo()), 0.6), "does not decode"),
    "truncated.webp": (lambda path: cut(saved(path, photo()), 0.6), "does not decode|not a picture"),
    "truncated.gif": (lambda path: cut(saved(path, photo()), 0.6), "does not decode"),
    "one.png": (lambda path: saved(path, Image.new("RGB", (1, 1))), "1x1 pixels: nothing to see"),
    "text.jpg": (lambda path: written(path, b"These are words."), "not a picture"),
    "locked.pdf": (lambda path: write_pdf(path, [HARBOUR], password="secret"), "locked with a password"),
    "truncated.pdf": (lambda path: cut(write_pdf(path, [HARBOUR] * 20)), "cut off"),
    "text.pdf": (lambda path: written(path, b"These are words. %%EOF"), "does not decode"),
    "empty_pages.pdf": (lambda path: write_pdf(path, ["", ""]), "nothing on its 2 pages"),
    "silent.wav": (silent_wav, "no sound"),
    "text.wav": (lambda path: written(path, b"These are words." * 50), "does not decode"),
    "truncated.m4a": (lambda path: cut(write_audio(path, "aac"), 0.3), "does not decode|no sound"),
    "mixed.txt": (lambda path: written(path, "José\n".encode() + "Zoë\n".encode("cp1252")), "mixes encodings"),
    "mixed.csv": (lambda path: written(path, "a,b\nJosé,1\n".encode() + "Zoë,2\n".encode("cp1252")), "mixes encodings"),
    "header_only.parquet": (lambda path: write_parquet(path, {"a": []}), "no rows"),
    "truncated.parquet": (lambda path: cut(write_parquet(path, {"a": range(500)})), "does not decode"),
    "locked.xlsx": (
        lambda path: lock_office_file(write_xlsx(path, {"a": [["x"], [1]]}), "secret"),
        "locked with a password",
    ),
    "empty_sheet.xlsx": (lambda path: write_xlsx(path, {"a": []}), "no rows"),
    "truncated.xlsx": (lambda path: cut(write_xlsx(path, {"a": [["x"], [1]]})), "does not decode"),
    "truncated.docx": (lambda path: cut(write_docx(path)), "does not decode"),
    "truncated.pptx": (lambda path: cut(write_pptx(path)), "does not decode"),
    "locked.docx": (lambda path: lock_office_file(write_docx(path), "secret"), "locked with a password"),
    "zipped.docx": (lambda path: archive(path, "hello.txt", b"hello"), "does not decode"),
    "broken.json": (lambda path: written(path, b'[{"a": 1}, {"a": '), "does not decode"),
}


def archive(path: Path, name: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, content)
    return path


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_corrupt_media_with_its_name_and_reason(tmp_path: Path, name: str) -> None:
    make, reason = BROKEN[name]
    with pytest.raises(CorruptMedia, match=reason) as caught:
        read(make(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("suffix", sorted(suffix for reader in READERS[:-1] for suffix in reader.suffixes))
def test_an_empty_file_of_any_kind(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(CorruptMedia, match=r"nothing\..* is empty \(0 bytes\)"):
        read(written(tmp_path / f"nothing{suffix}", b""))


def test_truncated_pictures_are_refused_whatever_other_code_has_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(CorruptMedia, match="truncated"):
        read(cut(saved(tmp_path / "a.jpg", photo(900, 700))))


def test_a_picture_with_another_formats_name_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    photo().save(path, "PNG")
    assert read(path)[0].metadata["width"] == 320


def png_bomb(path: Path) -> Path:
    """A PNG of 50,000 x 50,000 pixels in a few bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return written(path, b"\x89PNG\r\n\x1a\n" + body)


def test_a_picture_of_too_many_pixels_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match=r"bomb\.png has too many pixels"):
        read(png_bomb(tmp_path / "bomb.png"))


def test_an_archive_that_unpacks_to_far_more_than_it_is_is_too_large(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "bomb.docx", "word/document.xml", b" " * 100_000_000)
    for path in (bomb, bomb.with_suffix(".xlsx"), bomb.with_suffix(".pptx")):
        path.write_bytes(bomb.read_bytes())
        with pytest.raises(TooLarge, match=rf"{path.name} unpacks to 95 MiB"):
            read(path)


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Rights do not bind root: give them up for the test."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65_534)
    yield
    os.seteuid(before)


SUFFIXES = [min(reader.suffixes) for reader in READERS[:-1]]


@pytest.mark.skipif(sys.platform == "win32", reason="rights are others there")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.usefixtures("as_nobody")
def test_a_file_without_rights_is_forbidden(suffix: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = os.geteuid()
    if os.getuid() == 0:
        os.seteuid(0)
    path = written(tmp_path_factory.mktemp("rights") / f"secret{suffix}", b"words")
    path.chmod(0)
    os.seteuid(before)
    with pytest.raises(Forbidden, match=r"secret.*no right"):
        read(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_gone(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(NotFound, match=f"gone{suffix}"):
        read(tmp_path / f"gone{suffix}")


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.json", b"{broken"), ("a.xmp", b"<unclosed"), ("a.txt", "José ".encode() + "Zoë".encode("cp1252"))],
)
def test_a_broken_caption_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(CorruptMedia, match=name):
        read(saved(tmp_path / "a.png", photo()), written(tmp_path / name, content))


MAKERS: dict[str, Callable[[Path], object]] = {
    "a.jpg": lambda path: photo().save(path),
    "a.png": lambda path: photo().save(path),
    "a.webp": lambda path: photo().save(path),
    "a.tiff": lambda path: photo().save(path),
    "a.pdf": write_rich_pdf,
    "a.docx": write_docx,
    "a.pptx": write_pptx,
    "a.xlsx": lambda path: write_xlsx(path, {"a": [["x", "y"], *([n, "z"] for n in range(30))]}),
    "a.parquet": lambda path: write_parquet(path, {"a": range(50)}),
    "a.flac": lambda path: write_audio(path, "flac"),
    "a.mp3": lambda path: write_audio(path, "libmp3lame"),
    "a.m4a": lambda path: write_audio(path, "aac"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_damage_anywhere_raises_nothing_but_our_own_errors(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    MAKERS[name](path)
    good, chance = path.read_bytes(), random.Random(1)
    for _ in range(5):
        damaged = bytearray(good)
        for _ in range(chance.choice([1, 10, 100])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        with suppress(MMSearchError):  # some damage does no harm
            read(path)


@pytest.mark.parametrize(("seed", "start"), [(3, "flipped-3-avif"), (17, "torn-17-avif"), (11, "flipped-11-m4a")])
def test_what_damaged_files_once_raised_is_an_error_of_their_input(tmp_path: Path, seed: int, start: str) -> None:
    """AVIF's decoder a RuntimeError; FFmpeg said that there was no right to read it."""
    [file] = [file for file in damaged(seed) if file.name.startswith(start)]
    with suppress(InputError):
        read(file.write(tmp_path))


def test_readers_are_imported_without_their_libraries() -> None:
    heavy = "PIL, av, pandas, pyarrow, docx, pptx, pdfplumber, pypdfium2, bs4, lxml, tokenizers"
    code = (
        "import sys; from mmsearch.readers import default_readers\n"
        "from mmsearch.passages import PassageSplitter\n"
        f"default_readers(PassageSplitter(64)); print([m for m in '{heavy}'.split(', ') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_library_that_is_not_installed_is_named_with_the_way_out(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['PIL'] = None\n"
        "from pathlib import Path\nfrom mmsearch.errors import ConfigError\n"
        "from mmsearch.readers.picture import PictureReader\nfrom mmsearch.types import Document\n"
        "path = Path(sys.argv[1])\n"
        "try:\n    list(PictureReader().read(Document(str(path), path)))\n"
        "except ConfigError as error:\n    print(error)\n"
    )
    path = saved(tmp_path / "a.png", photo())
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert 'pip install "mmsearch[readers]"' in done.stdout
    assert str(path) in done.stdout
