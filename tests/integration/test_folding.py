"""Near copies among the results, from real files through the library, the client and the command line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from media import write_audio
from PIL import Image
from typer.testing import CliRunner, Result

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.demo import demo_library
from mmsearch.errors import InputError
from mmsearch.types import Ranking

pytestmark = pytest.mark.slow

OFF = {"part": ""}
WORDS_ONLY: dict[str, Any] = {
    "ocr": OFF,
    "recognizer": OFF,
    "spaces": {"text": OFF, "image": OFF, "table": OFF, "sound": OFF},
}

KEEPER = (
    "The keeper trimmed the lamp every four hours and wrote the weather into his book. In the gale of 1883 the sea "
    "broke the lower windows, and he carried the oil up the stairs by hand until the morning. His daughter rang the "
    "fog bell through the night, one stroke a minute, and two boats found the harbour by it. The book lies in the "
    "museum now, with the salt still on its pages, and visitors may turn them with gloves. Nobody has kept the lamp "
    "since the motor came, but the stairs are swept on Sundays, and the bell is rung once a year for the lost boats."
)
"""A hundred words."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, texts, tables and recordings, each with near copies and with something that only resembles it."""
    files = tmp_path_factory.mktemp("copies") / "files"
    files.mkdir()
    _pictures(files)
    (files / "keeper.md").write_text(KEEPER)
    (files / "keeper_revised.txt").write_text(KEEPER.replace("1883", "1884").replace("gloves", "care"))
    (files / "keeper_excerpt.txt").write_text(KEEPER[: KEEPER.index("The book lies")])
    rows = [f"{boat},{1900 + boat},{boat * 37}" for boat in range(40)]
    (files / "barrels.csv").write_text("boat,built,barrels\n" + "\n".join(rows))
    (files / "barrels_corrected.csv").write_text(
        "boat,built,barrels\n" + "\n".join([*rows[:20], "20,1920,7", *rows[21:]])
    )
    others = [f"{boat},{1950 + boat},{boat * 41}" for boat in range(40)]
    (files / "barrels_later.csv").write_text("boat,built,barrels\n" + "\n".join(others))
    said = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nOld Jonas saw a whale swim past the breakwater in the winter.\n"
    for name, codec in (("whale.flac", "flac"), ("whale_phone.ogg", "libopus")):
        write_audio(files / name, codec)
        (files / name).with_suffix(".vtt").write_text(said)
    (files / "whale_note.txt").write_text("Old Jonas saw a whale swim past the breakwater in the winter.")
    return files


def _pictures(folder: Path) -> None:
    """The ferry in three sizes and formats and lying on its side with the note that says so; a gull under its name."""
    ferry = Image.open(demo_library() / "ferry" / "crossing.webp").convert("RGB")
    ferry.save(folder / "crossing.png")
    ferry.resize((ferry.width // 2, ferry.height // 2)).save(folder / "crossing_small.jpg", quality=80)
    ferry.resize((ferry.width // 4, ferry.height // 4)).save(folder / "crossing_phone.webp", quality=60)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    ferry.transpose(Image.Transpose.ROTATE_90).save(folder / "crossing_turned.jpg", exif=exif)
    Image.open(demo_library() / "wildlife" / "gull.png").convert("RGB").save(folder / "crossing_gull.jpg")


@pytest.fixture(scope="module")
def client(files: Path) -> Iterator[Client]:
    with Client(files.parent / "library", **WORDS_ONLY) as client:
        assert not client.index(files).failed
        yield client


def _shown(ranking: Ranking) -> list[set[str]]:
    """The names of the files in each place of the list, the one shown among them."""
    return [
        {Path(uri).name for uri in (result.segment.uri, *(copy.uri for copy in result.duplicates))}
        for result in ranking.results
    ]


FERRY = {"crossing.png", "crossing_small.jpg", "crossing_phone.webp", "crossing_turned.jpg"}


def test_one_picture_in_three_sizes_and_formats_and_lying_on_its_side_is_one_result(client: Client) -> None:
    ranking = client.search("crossing", modalities=["image"])
    assert sorted(_shown(ranking), key=len) == [{"crossing_gull.jpg"}, FERRY]
    assert [result.rank for result in ranking.results] == [1, 2]


def test_small_changes_are_folded_and_an_excerpt_is_not(client: Client) -> None:
    shown = _shown(client.search("keeper lamp fog bell", modalities=["text"]))
    assert {"keeper.md", "keeper_revised.txt"} in shown
    assert {"keeper_excerpt.txt"} in shown


def test_a_table_with_a_corrected_cell_is_folded_and_another_year_is_not(client: Client) -> None:
    shown = _shown(client.search("barrels of each boat", modalities=["table"]))
    assert sorted(shown, key=len) == [{"barrels_later.csv"}, {"barrels.csv", "barrels_corrected.csv"}]


def test_two_recordings_of_the_same_words_are_one_and_the_note_of_them_is_another(client: Client) -> None:
    shown = _shown(client.search("whale breakwater"))
    assert sorted(shown, key=len) == [{"whale_note.txt"}, {"whale.flac", "whale_phone.ogg"}]


def test_a_copy_has_the_score_that_it_has_by_itself_and_adds_nothing(client: Client) -> None:
    """Each is found by what it says itself; the first of the unfolded list is the one that is shown."""
    apart = client.search("crossing", modalities=["image"], all_copies=True)
    assert [len(names) for names in _shown(apart)] == [1] * 5
    by_itself = {result.segment.uri: result.score for result in apart.results}
    folded = client.search("crossing", modalities=["image"])
    assert folded.results[0].segment.uri == apart.results[0].segment.uri
    for result in folded.results:
        assert result.score == by_itself[result.segment.uri]
        for copy in result.duplicates:
            assert copy.score == by_itself[copy.uri] <= result.score
    (ferry,) = (result for result in folded.results if result.duplicates)
    scores = [copy.score for copy in ferry.duplicates]
    assert scores == sorted(scores, reverse=True)
    assert all(copy.title.startswith("crossing") and len(copy.document_id) == 32 for copy in ferry.duplicates)


def test_freed_places_are_filled_from_further_down(client: Client) -> None:
    assert len(client.search("crossing", modalities=["image"], top_k=2, all_copies=True).results) == 2
    assert sorted(map(len, _shown(client.search("crossing", modalities=["image"], top_k=2)))) == [1, 4]


def test_more_copies_than_are_looked_at_at_first_leave_no_place_empty(tmp_path: Path) -> None:
    """Fifty copies of the best, of which 4 * top_k = 8 are looked at before all are."""
    files = tmp_path / "files"
    files.mkdir()
    for number in range(50):
        (files / f"copy_{number:02}.txt").write_text(KEEPER)
    (files / "other.txt").write_text("A lamp of another kind hangs in the inn by the quay, and nobody trims it.")
    with Client(tmp_path / "library", **WORDS_ONLY) as client:
        client.index(files)
        assert sorted(map(len, _shown(client.search("lamp", top_k=2)))) == [1, 50]


def test_a_copy_that_changed_stands_by_itself_from_the_next_indexing_on(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    for name in ("keeper.txt", "copy.txt"):
        (files / name).write_text(KEEPER)
    with Client(tmp_path / "library", **WORDS_ONLY) as client:
        client.index(files)
        assert _shown(client.search("keeper")) == [{"keeper.txt", "copy.txt"}]
        (files / "copy.txt").write_text("The keeper of the inn is somebody else, and so is the cat that sleeps there.")
        client.index(files)
        assert sorted(map(len, _shown(client.search("keeper")))) == [1, 1]
        (files / "copy.txt").write_text(KEEPER)
        client.index(files)
        assert _shown(client.search("keeper")) == [{"keeper.txt", "copy.txt"}]
        (files / "copy.txt").unlink()
        client.index(files)
        assert _shown(client.search("keeper")) == [{"keeper.txt"}]


def test_folding_can_be_set_off_for_a_library(files: Path, tmp_path: Path) -> None:
    with Client(tmp_path / "library", **WORDS_ONLY, search={"fold_duplicates": False}) as client:
        client.index(files)
        assert _shown(client.search("whale", modalities=["audio"])) in (
            [{"whale.flac"}, {"whale_phone.ogg"}],
            [{"whale_phone.ogg"}, {"whale.flac"}],
        )


@pytest.fixture(scope="module")
def closed(files: Path) -> Path:
    """A library of the files that no process holds."""
    with Client(files.parent / "closed", **WORDS_ONLY) as other:
        other.index(files)
    return files.parent / "closed"


@pytest.fixture
def run(closed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `mmsearch search` on the closed library."""
    parts = ("ocr", "recognizer", *(f"spaces.{space}" for space in WORDS_ONLY["spaces"]))
    (tmp_path / "mmsearch.toml").write_text("".join(f'[{part}]\npart = ""\n' for part in parts))
    monkeypatch.setenv("MMSEARCH_CONFIG", str(tmp_path / "mmsearch.toml"))
    return lambda *arguments: CliRunner().invoke(app, ["search", *arguments, "--library", str(closed)])


def test_the_command_line_names_the_copies(run: Callable[..., Result]) -> None:
    found = json.loads(run("crossing", "--modality", "image", "--json").stdout)
    (ferry,) = (result for result in found["results"] if result["duplicates"])
    names = {Path(copy["document"]["uri"]).name for copy in ferry["duplicates"]}
    assert names | {Path(ferry["document"]["uri"]).name} == FERRY
    assert all(copy.keys() == {"document", "score"} for copy in ferry["duplicates"])
    assert all(copy["document"].keys() == {"id", "uri", "title"} for copy in ferry["duplicates"])
    apart = json.loads(run("crossing", "--modality", "image", "--all-copies", "--json").stdout)
    assert [result["duplicates"] for result in apart["results"]] == [[]] * 5
    lines = run("crossing", "--modality", "image").stdout.splitlines()
    assert {Path(line.partition("also as: ")[2]).name for line in lines if "also as: " in line} == names
    assert lines[-1].startswith("2 results")


def test_spaces_and_fusion_are_chosen_for_a_query(run: Callable[..., Result]) -> None:
    found = json.loads(run("whale", "--spaces", "words", "--fusion", "reciprocal_rank", "--json").stdout)
    assert [route["space"] for route in found["routes"]] == ["words"]
    assert found["results"][0]["score"] != json.loads(run("whale", "--json").stdout)["results"][0]["score"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--spaces", "words,smell"), 'no space is called "smell"; there are words'),
        (("--fusion", "blend"), 'no fusion is called "blend"; there are calibrated, reciprocal_rank'),
    ],
)
def test_what_cannot_be_chosen_says_what_can(run: Callable[..., Result], options: tuple[str, ...], says: str) -> None:
    refused = run("whale", *options, "--json")
    assert refused.exit_code == 1
    error = json.loads(refused.stdout)["error"]
    assert error["code"] == "input"
    assert says in error["message"]
    assert run("whale", "--diversity", "1.5").exit_code == 2


def test_spaces_that_cannot_answer_the_query_say_so(client: Client, files: Path) -> None:
    with pytest.raises(InputError, match="no space among words answers a query by image"):
        client.search(image=files / "crossing.png", spaces=["words"])
    assert [state.name for state in client.spaces()] == ["words"]
