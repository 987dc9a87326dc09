"""A space changes its model while searches go on: never two models in one space, whatever happens in between."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import hashing
import pytest
from libraries import STORES, client, dump_of
from PIL import Image

from mmsearch import changeover
from mmsearch.client import Client
from mmsearch.errors import InputError, JobError, ModelUnavailable, NotFound, StoreError
from mmsearch.manifest import Manifest
from mmsearch.reports import Reembedded
from mmsearch.stores.memory import MemoryStore

OLD, NEW = hashing.USUAL, "other"
DOCUMENTS = 11
QUERIES = ("storm", "boats on the quay", "height 3.5")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Texts, a table with several windows, two pictures."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "harbour.md").write_text("# Harbour\n\nBoats lie here.\n\n# Quay\n\nNets dry on the quay.\n")
    (files / "tides.csv").write_text("day,height m\n" + "".join(f"{day},{day / 10}\n" for day in range(1, 60)))
    for number in range(8):
        (files / f"storm-{number}.txt").write_text(f"The storm number {number} broke the mole in January.\n")
    Image.effect_noise((64, 48), 80).save(files / "gull.png")
    (files / "gull.txt").write_text("A gull above the pier.")
    return files


@pytest.fixture
def library(tmp_path: Path, files: Path) -> Iterator[Client]:
    """The files by the old model, which no setting names."""
    with client(tmp_path / "library") as library:
        library.index(files)
        yield library


def model_of(library: Client) -> str:
    """By which the text space is searched now."""
    return library.app.searcher.spaces["text"].space.model


def found(library: Client) -> list[list[tuple[str, float]]]:
    rankings = [library.search(query, spaces=["text"]) for query in QUERIES]
    return [[(result.segment.id, result.score) for result in ranking.results] for ranking in rankings]


def made_anew(tmp_path: Path, files: Path, model: str, name: str = "anew", **spaces: str) -> dict[str, Any]:
    """What a library of the files holds that was made by the model from the start."""
    with client(tmp_path / name, model=model, **spaces) as library:
        library.index(files)
        return dump_of(library)


def test_the_space_is_as_if_made_by_the_new_model(tmp_path: Path, files: Path, library: Client) -> None:
    words = dump_of(library)["words"]
    done = library.reembed("text", NEW)
    assert (done.before, done.after, done.documents, done.failed, done.previous) == (OLD, NEW, DOCUMENTS, (), OLD)
    anew = made_anew(tmp_path, files, NEW)
    assert dump_of(library)["text"] == anew["text"]
    assert dump_of(library)["words"] == words
    assert done.rows == len(anew["text"]) > done.documents, "a long table has several vectors"
    with client(tmp_path / "anew", model=NEW) as other:
        assert found(library) == found(other)


def test_the_library_remembers_its_model(tmp_path: Path, files: Path, library: Client) -> None:
    library.reembed("text", NEW)
    expected = found(library)
    library.close()
    with client(tmp_path / "library") as again:
        assert model_of(again) == NEW
        assert found(again) == expected
        encoder: Any = again.app.encoders["text"]
        assert again.index(files).unchanged == DOCUMENTS
        assert encoder.encoded == []
        (files / "new.txt").write_text("A late word of the storm.")
        assert again.index(files).indexed == 1
        assert dump_of(again)["text"] == made_anew(tmp_path, files, NEW)["text"]


@pytest.mark.parametrize(
    ("named", "serves"), [("", NEW), (OLD, NEW), (NEW, NEW), ("third", None)], ids=["none", "old", "new", "third"]
)
def test_a_setting_that_was_chosen_over_is_not_followed_and_another_one_is(
    tmp_path: Path, files: Path, named: str, serves: str | None
) -> None:
    """The settings named the old model when the library was taken to the new one."""
    with client(tmp_path / "library", model=OLD) as library:
        library.index(files)
        library.reembed("text", NEW)
    with client(tmp_path / "library", model=named) as library:
        if serves:
            assert model_of(library) == serves
            assert library.index(files).unchanged == DOCUMENTS
        else:
            assert 'run "mmsearch reembed text"' in library.search("storm").closed_spaces["text"]
            library.reembed("text")
            assert model_of(library) == "third"


def test_searches_use_the_old_model_until_the_change(library: Client) -> None:
    before = found(library)
    models, rankings = [], []

    def look(_: object) -> None:
        models.append(model_of(library))
        rankings.append(found(library))

    library.reembed("text", NEW, on_progress=look)
    assert len(models) >= 3
    assert set(models) == {OLD}
    assert all(ranking == before for ranking in rankings)
    assert model_of(library) == NEW


def test_searches_of_other_threads_are_by_one_model_or_the_other(library: Client) -> None:
    rankings: list[list[list[tuple[str, float]]]] = []
    closed: list[object] = []
    over = threading.Event()

    def search() -> None:
        while not over.is_set():
            closed.append(library.app.searcher.closed)
            rankings.append(found(library))

    known = [found(library)]
    with ThreadPoolExecutor(2) as threads:
        searching = [threads.submit(search) for _ in range(2)]
        for model in (NEW, "third", OLD):
            library.reembed("text", model)
            known.append(found(library))
        over.set()
        for one in searching:
            one.result()
    assert len(rankings) > 3
    assert known[0] == known[-1] != known[1]
    assert not any(closed)
    for ranking in rankings:
        assert all(one in of_query for one, of_query in zip(ranking, zip(*known, strict=True), strict=True))


def test_documents_that_change_meanwhile_are_right_in_the_new_space(
    tmp_path: Path, files: Path, library: Client
) -> None:
    steps: list[object] = []

    def change(step: object) -> None:
        if len(steps) == 1:
            (files / "storm-3.txt").write_text("No storm, but a calm sea.\n")
            (files / "storm-5.txt").unlink()
            (files / "late.txt").write_text("Late news of the storm.\n")
            report = library.index(files)
            assert (report.indexed, report.removed) == (2, 1)
        steps.append(step)

    library.reembed("text", NEW, on_progress=change)
    assert len(steps) > 2
    assert dump_of(library)["text"] == made_anew(tmp_path, files, NEW)["text"]


def test_stopped_it_goes_on_and_what_changed_between_is_right(tmp_path: Path, files: Path, library: Client) -> None:
    steps: list[object] = []
    done = library.reembed("text", NEW, on_progress=steps.append, stop=lambda: len(steps) >= 2)
    assert done.stopped
    assert 0 < done.documents < DOCUMENTS
    assert model_of(library) == OLD
    [job, *_] = library.app.jobs.all()
    assert (job.id, job.state, job.space, job.subject) == (done.job, "interrupted", "text", "text by other")
    assert job.progress["done"] == done.documents
    (files / "storm-3.txt").write_text("No storm, but a calm sea.\n")
    (files / "storm-5.txt").unlink()
    library.index(files)
    assert dump_of(library)["text"] == made_anew(tmp_path, files, OLD)["text"], "indexing keeps to the old model"
    rest = library.reembed("text", NEW)
    assert DOCUMENTS - 1 - done.documents <= rest.documents <= DOCUMENTS - done.documents + 1
    assert library.app.jobs.all()[0].state == "done"
    assert dump_of(library)["text"] == made_anew(tmp_path, files, NEW, "anew-2")["text"]


def test_jobs_go_one_after_another_and_one_that_is_cancelled_before_its_turn_changes_nothing(library: Client) -> None:
    steps: list[object] = []
    begun = library.reembed("text", NEW, on_progress=steps.append, stop=lambda: len(steps) >= 1)
    assert begun.stopped
    assert begun.documents > 0
    held = threading.Event()

    def hold(job: Any, _stop: object) -> None:
        with library.app.jobs.ending(job):
            assert held.wait(60)

    library.app.queue.submit({"roots": []}, hold)
    job = changeover.submit_reembed(library.app, "text", "third")
    later = changeover.submit_reembed(library.app, "text", NEW)
    last = changeover.submit_reembed(library.app, "text")
    assert {one.state for one in library.jobs()[:3]} == {"waiting"}
    library.cancel(job.id)
    library.cancel(last.id)
    held.set()
    *_, ended = library.follow(job.id)
    assert (ended.state, ended.outcome(Reembedded).documents) == ("cancelled", 0)
    *_, ended = library.follow(later.id)
    done = ended.outcome(Reembedded)
    assert (done.after, done.documents) == (NEW, DOCUMENTS - begun.documents), "what was begun is gone on with"
    *_, ended = library.follow(last.id)
    assert (ended.state, model_of(library)) == ("cancelled", NEW)


def test_a_rollback_goes_to_what_is_the_previous_model_when_its_turn_comes(library: Client) -> None:
    library.reembed("text", NEW)
    submitted = [changeover.submit_roll_back(library.app, "text") for _ in range(3)]
    after = [list(library.follow(job.id))[-1].outcome(Reembedded).after for job in submitted]
    assert after == [OLD, NEW, OLD]


def test_the_estimate_says_what_is_to_be_done_and_changes_nothing(library: Client) -> None:
    before = dump_of(library)
    expected = library.estimate_reembed("text", NEW)
    assert (expected.before, expected.after, expected.documents, expected.held) == (OLD, NEW, DOCUMENTS, 0)
    assert expected.sampled_segments == expected.segments == len(before["words"]), "all of so few"
    assert expected.disk_bytes > len(before["text"]) * 4 * 96, "the new model has 96 dimensions"
    assert expected.free_bytes is not None
    assert expected.closed == ""
    assert dump_of(library) == before
    assert library.app.manifest.succession.spares() == []
    library.reembed("text", NEW)
    assert library.estimate_reembed("text", NEW).documents == 0


def test_no_room_is_said_before_it_starts(library: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.changeover.shutil.disk_usage", lambda _: type("Usage", (), {"free": 1_000}))
    with pytest.raises(StoreError, match=r"are free: make room; .* --forget-previous"):
        library.estimate_reembed("text", NEW).check_room()


def test_rolling_back_fills_in_what_came_since(tmp_path: Path, files: Path, library: Client) -> None:
    library.reembed("text", NEW)
    (files / "storm-3.txt").write_text("No storm, but a calm sea.\n")
    (files / "storm-5.txt").unlink()
    (files / "late.txt").write_text("Late news of the storm.\n")
    library.index(files)
    done = library.roll_back("text")
    assert (done.before, done.after, done.documents, done.previous) == (NEW, OLD, 2, NEW)
    encoder: Any = library.app.encoders["text"]
    assert len(encoder.encoded) == 2, "the others are there still"
    assert model_of(library) == OLD
    assert dump_of(library)["text"] == made_anew(tmp_path, files, OLD)["text"]
    assert library.roll_back("text").after == NEW, "and forth"
    assert dump_of(library)["text"] == made_anew(tmp_path, files, NEW, "anew-2")["text"]


def test_a_stopped_rollback_goes_on(files: Path, library: Client) -> None:
    library.reembed("text", NEW)
    for number in range(8):
        (files / f"storm-{number}.txt").write_text(f"Other words of {number}.\n")
    library.index(files)
    steps: list[object] = []
    assert library.roll_back("text", steps.append, lambda: len(steps) >= 1).stopped
    assert model_of(library) == NEW
    assert library.roll_back("text").after == OLD
    assert model_of(library) == OLD


def test_forgetting_the_previous_model_drops_it(library: Client) -> None:
    rows = len(dump_of(library)["text"])
    library.reembed("text", NEW)
    collections = STORES[str(library.app.folder / "milvus.db")]._collections
    assert len(collections) == 3
    assert library.forget_previous("text") == rows
    assert len(collections) == 2
    with pytest.raises(NotFound, match="no previous model"):
        library.roll_back("text")


def test_only_one_previous_model_is_kept_and_what_was_begun_is_given_up(library: Client) -> None:
    collections = STORES[str(library.app.folder / "milvus.db")]._collections
    steps: list[object] = []
    library.reembed("text", "begun", on_progress=steps.append, stop=lambda: len(steps) >= 1)
    assert len(collections) == 3
    assert library.reembed("text", OLD).documents == 0, "naming the model that it has gives the other up"
    assert len(collections) == 2
    library.reembed("text", NEW)
    assert library.reembed("text", "third").previous == NEW
    assert {held.space.model for held in collections.values() if held.space.kind == "dense"} == {NEW, "third"}


def test_what_is_lacking_is_filled_in_by_the_model_that_it_has(tmp_path: Path, files: Path, library: Client) -> None:
    whole = dump_of(library)["text"]
    gone = next(entry for entry in library.app.manifest.entries() if entry.uri.endswith("storm-2.txt"))
    [(collection, space)] = [held for name, held in library.app.manifest.spaces().items() if name == "text"]
    library.app.store.prune(collection, gone.id)
    with library.app.manifest._writing() as sql:
        sql.execute("delete from holdings where document = ? and space = ?", (gone.id, space.fingerprint))
    assert library.reembed("text").documents == 1
    assert dump_of(library)["text"] == whole
    assert library.app.manifest.succession.spares() == []


def test_pictures_are_embedded_again_from_what_the_library_keeps(tmp_path: Path, files: Path) -> None:
    with client(tmp_path / "library", pictures=OLD) as library:
        library.index(files)
        picture = (files / "gull.png").read_bytes()
        (files / "gull.png").unlink()
        library.reembed("image", "eyes")
        [result] = library.search(image=picture).results
        assert result.segment.modality == "image"
        held = dump_of(library)["image"]
    (files / "gull.png").write_bytes(picture)
    assert held == made_anew(tmp_path, files, "", pictures="eyes")["image"]


def test_a_space_that_is_new_is_filled_without_reading_a_file(tmp_path: Path, files: Path, library: Client) -> None:
    library.close()
    expected = made_anew(tmp_path, files, "", pictures=OLD)["image"]
    for file in files.iterdir():
        file.unlink()
    with client(tmp_path / "library", pictures=OLD) as opened:
        assert "mmsearch index" in opened.search("storm").closed_spaces["image"]
        done = opened.reembed("image")
        assert (done.before, done.after, done.rows, done.previous) == ("", OLD, 1, "")
        assert dump_of(opened)["image"] == expected


def test_a_document_whose_picture_is_lost_is_named_and_indexing_mends_it(tmp_path: Path, files: Path) -> None:
    Image.effect_noise((64, 48), 80).save(files / "pier.png")
    with client(tmp_path / "library", pictures=OLD) as library:
        library.index(files)
        first, second = sorted((tmp_path / "library" / "pictures").glob("*/*/*"))
        kept = second.read_bytes()
        first.unlink()
        second.unlink()
        with pytest.raises(JobError, match=r"nothing could be embedded.*picture is missing"):
            library.reembed("image", "eyes")
        assert library.app.searcher.spaces["image"].space.model == OLD
        second.write_bytes(kept)
        done = library.reembed("image", "eyes")
        [failure] = done.failed
        assert failure.uri.endswith(".png")
        assert '"mmsearch index" reads it again' in failure.reason
        assert len(dump_of(library)["image"]) == 1
        assert library.index(files).indexed == 1
        assert len(dump_of(library)["image"]) == 2


def test_what_cannot_be_is_said_and_changes_nothing(
    tmp_path: Path, library: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "ABSENT", {"absent"})
    calls: list[tuple[type[Exception], str, Callable[[], object]]] = [
        (NotFound, 'no space is called "sound"', lambda: library.reembed("sound", NEW)),
        (InputError, "has no model", lambda: library.reembed("words", NEW)),
        (InputError, "name that too", lambda: library.reembed("text", "", "weights")),
        (InputError, "pretrained", lambda: library.reembed("text", NEW, "weights")),
        (ModelUnavailable, "mmsearch models pull text --model absent", lambda: library.reembed("text", "absent")),
        (NotFound, "no previous model", lambda: library.roll_back("text")),
        (NotFound, "no previous model", lambda: library.forget_previous("text")),
    ]
    for error, says, call in calls:
        with pytest.raises(error, match=says):
            call()
    assert model_of(library) == OLD
    assert library.app.manifest.succession.spares() == []
    with client(tmp_path / "empty") as empty, pytest.raises(InputError, match="holds nothing yet"):
        empty.reembed("text", NEW)


def test_one_space_at_a_time(library: Client) -> None:
    errors = []

    def again(_: object) -> None:
        with pytest.raises(JobError, match="wait for that") as raised:
            library.reembed("text", "third")
        errors.append(raised.value)

    library.reembed("text", NEW, on_progress=again)
    assert errors
    assert model_of(library) == NEW


class _Killed(BaseException):
    """As abrupt as a kill: nothing catches it."""


class _Kill:
    """Dies at the nth write, of the store or of the manifest, before or after it took place."""

    def __init__(self, step: int, after: bool) -> None:
        self.step, self.after = step, after

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.step -= 1
        if self.step == 0 and not self.after:
            raise _Killed
        yield
        if self.step == 0:
            raise _Killed


class _DyingStore(MemoryStore):
    kill: _Kill | None = None

    def __getattribute__(self, name: str) -> Any:
        method = super().__getattribute__(name)
        kill = super().__getattribute__("kill")
        if kill is None or name not in ("open", "upsert", "prune", "drop"):
            return method

        def write(*args: Any, **named: Any) -> Any:
            with kill.writing():
                return method(*args, **named)

        return write

    def close(self) -> None:
        """Nothing is lost."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("back", [False, True], ids=["reembed", "rollback"])
def test_killed_at_any_write_the_library_has_one_model_or_the_other(
    tmp_path: Path, files: Path, monkeypatch: pytest.MonkeyPatch, after: bool, back: bool
) -> None:
    """On the way to the new model, where an earlier one is dropped; or back to the old one, after new documents."""
    for number in range(3, 8):
        (files / f"storm-{number}.txt").unlink()
    whole = {model: made_anew(tmp_path, files, model, model)["text"] for model in (OLD, NEW)}
    start, end = (NEW, OLD) if back else (OLD, NEW)
    writing = Manifest._writing
    seen, step = [], 0
    while True:
        step += 1
        folder = tmp_path / f"library-{step}"
        store = STORES[str(folder / "milvus.db")] = _DyingStore()
        kill = _Kill(step, after)

        @contextmanager
        def dying(manifest: Manifest, kill: _Kill = kill) -> Iterator[Connection]:
            with kill.writing(), writing(manifest) as sql:
                yield sql

        with client(folder) as library:
            if back:
                late = (files / "storm-2.txt").read_text()
                (files / "storm-2.txt").unlink()
                library.index(files)
                library.reembed("text", NEW)
                (files / "storm-2.txt").write_text(late)
                library.index(files)
            else:
                library.index(files)
                library.reembed("text", "earlier")
                library.roll_back("text")
        try:
            monkeypatch.setattr(Manifest, "_writing", dying)
            with client(folder) as library:
                store.kill = kill
                library.roll_back("text") if back else library.reembed("text", NEW)
        except _Killed:
            pass
        finally:
            store.kill = None
            monkeypatch.setattr(Manifest, "_writing", writing)
        with client(folder) as library:
            seen.append(model_of(library))
            assert dump_of(library)["text"] == whole[seen[-1]], f"killed at write {step}"
            if seen[-1] == start:
                library.roll_back("text") if back else library.reembed("text", NEW)
            assert model_of(library) == end
            assert dump_of(library)["text"] == whole[end], f"killed at write {step}"
            assert library.index(files).unchanged == 6
            assert len(store._collections) == 3, "words, text, and the one before"
        if kill.step > 0:
            break
    assert seen[0] == start
    assert seen[-1] == end
    assert seen == sorted(seen, key=[start, end].index), "one change, at one moment"
    assert seen.count(start) >= 5
