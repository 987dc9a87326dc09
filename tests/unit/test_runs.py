"""Saved runs: what is written is what is read, and what is no run is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ir_measures
import pytest

from mmsearch.errors import Forbidden, InputError, NotFound
from mmsearch.evaluation import Found, Outcome, Wanted
from mmsearch.runs import read_run, save_run, surroundings, trec

FACTS: dict[str, Any] = {"set": "tiny", "spaces": ["text", "words"], "fusion": "reciprocal_rank"}

OUTCOME = Outcome(
    id="q1",
    text="tide",
    intended="text",
    metrics={"ndcg@10": 1.0, "recall@10": 1.0, "recall@100": 1.0, "mrr@10": 1.0},
    took_ms={"total": 2.5},
    weights={"words": 1.0},
    no_good_match=False,
    ranking=("a b", "50%"),
    found=(Found("a b", 1, 0.9, "text", "Tïdes <b>", "The sea.", 1),),
    wanted=(Wanted("a b", 1, 1, "text", "Tides", "The sea."), Wanted("z", 1, None, "text", "", "gone")),
)


def test_a_saved_run_is_read_as_it_was(tmp_path: Path) -> None:
    folder = save_run(tmp_path, "words", FACTS, [OUTCOME])
    assert folder == tmp_path / "tiny-words"
    run = read_run(folder)
    assert run.outcomes == (OUTCOME,)
    assert (run.set, run.label) == ("tiny", "words")
    assert read_run("tiny-words", tmp_path) == run


def test_a_run_without_a_name_is_called_by_what_searched(tmp_path: Path) -> None:
    first, second = save_run(tmp_path, "", FACTS, [OUTCOME]), save_run(tmp_path, "", FACTS, [OUTCOME])
    assert first != second
    assert read_run(first).label == "text + words, reciprocal_rank"


def test_the_same_name_replaces_the_run_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    save_run(tmp_path, "words", FACTS, [OUTCOME, OUTCOME])
    save_run(tmp_path, "words", FACTS, [OUTCOME])
    assert [place.name for place in tmp_path.iterdir()] == ["tiny-words"]
    assert len(read_run(tmp_path / "tiny-words").outcomes) == 1


class Interrupted(list[Outcome]):
    """Outcomes of which a second reading is stopped: after the ranking is written, before the queries are."""

    reads = 0

    def __iter__(self) -> Iterator[Outcome]:
        self.reads += 1
        if self.reads == 2:
            raise KeyboardInterrupt
        return super().__iter__()


def test_a_saving_that_is_stopped_leaves_the_old_run_and_works_again(tmp_path: Path) -> None:
    folder = save_run(tmp_path, "words", FACTS, [OUTCOME])
    with pytest.raises(KeyboardInterrupt):
        save_run(tmp_path, "words", FACTS, Interrupted([OUTCOME, OUTCOME]))
    assert [place.name for place in tmp_path.iterdir()] == ["tiny-words"]
    assert len(read_run(folder).outcomes) == 1
    save_run(tmp_path, "words", FACTS, [OUTCOME, OUTCOME])
    assert len(read_run(folder).outcomes) == 2


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(Forbidden, match="the run cannot be written"):
        save_run(tmp_path / "runs", "words", FACTS, [OUTCOME])


def test_trec_lines_escape_blanks_and_sort_as_the_ranking() -> None:
    assert trec([OUTCOME], "words") == "q1 Q0 a%20b 1 2 words\nq1 Q0 50%25 2 1 words\n"


def test_the_trec_file_is_what_trec_tools_read(tmp_path: Path) -> None:
    folder = save_run(tmp_path, "words", FACTS, [OUTCOME])
    lines = ir_measures.read_trec_run(str(folder / "run.trec"))  # type: ignore[no-untyped-call]  # has no annotations
    assert [(line.query_id, line.doc_id, line.score) for line in lines] == [("q1", "a%20b", 2.0), ("q1", "50%25", 1.0)]


@pytest.mark.parametrize("name", ["a/b", "..\\x", "two words", "x:y"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot name a run"):
        save_run(tmp_path, name, FACTS, [OUTCOME])
    assert not list(tmp_path.iterdir())


def test_a_folder_with_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "tiny-words").mkdir()
    (tmp_path / "tiny-words" / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="is there and is no run"):
        save_run(tmp_path, "words", FACTS, [OUTCOME])
    assert (tmp_path / "tiny-words" / "thesis.txt").read_text() == "dear"


def test_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="holds no run of that name"):
        read_run("nothing", tmp_path)
    with pytest.raises(InputError, match=r"is no run: it has no run.json"):
        read_run(tmp_path)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("run.json", json.dumps({"format": 99}), "has format 99, this mmsearch reads 1"),
        ("run.json", "[]", "cannot be read"),
        ("queries.jsonl", '{"id": "q1"}\n', "cannot be read"),
        ("queries.jsonl", "not json\n", "cannot be read"),
    ],
)
def test_a_broken_run_says_so(tmp_path: Path, file: str, content: str, message: str) -> None:
    folder = save_run(tmp_path, "words", FACTS, [OUTCOME])
    (folder / file).write_text(content)
    with pytest.raises(InputError, match=message):
        read_run(folder)


def test_surroundings_name_versions_and_machine() -> None:
    found = surroundings()
    assert found["versions"].keys() >= {"python", "numpy", "pymilvus", "ir-measures"}
    assert found["machine"]["cores"] >= 1
    assert found["machine"]["processor"]
