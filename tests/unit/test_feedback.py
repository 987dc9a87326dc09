"""Judgements: what may be said of which document, what is kept of it, and that several processes may say it."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mmsearch.alike import name_of
from mmsearch.errors import Forbidden, InputError, NotFound, StoreError
from mmsearch.feedback import FEEDBACK_FILE, Feedback, export, open_feedback
from mmsearch.manifest import Entry, Manifest
from mmsearch.retrieval_sets import read_set
from mmsearch.settings import MANIFEST_FILE, Settings
from mmsearch.types import Query, Ranking, Result, Route, Segment, Space, Span, digest

WORDS = Space("words", "lexical", frozenset({"text"}), frozenset({"text"}), "bm25", "1")


def make_library(folder: Path, *uris: str) -> Manifest:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(folder / MANIFEST_FILE)
    manifest.activate(WORDS)
    manifest.write(Entry(digest(uri), uri, modality="text", segments=1, done=True) for uri in uris)
    return manifest


@pytest.fixture
def feedback(tmp_path: Path) -> Iterator[Feedback]:
    manifest = make_library(tmp_path, f"{tmp_path}/a.md", f"{tmp_path}/b.md", "/sets/tiny/corpus.jsonl#7")
    opened = Feedback(tmp_path, manifest)
    yield opened
    opened.close()
    manifest.close()


def test_a_document_is_named_by_path_uri_or_id(
    feedback: Feedback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a.md").write_text("The tide comes in.")
    a = digest(f"{tmp_path}/a.md")
    for name in ("a.md", f"{tmp_path}/a.md", tmp_path / "a.md", name_of(tmp_path / "linked" / "a.md"), a):
        assert feedback.judge("tides", name).document_id == a
    assert feedback.judge("tides", "/sets/tiny/corpus.jsonl#7").uri == "/sets/tiny/corpus.jsonl#7"
    with pytest.raises(NotFound, match=r'no document "c\.md": give its path'):
        feedback.judge("tides", "c.md")


def test_judged_again_the_later_word_counts_and_blanks_do_not_tell_queries_apart(feedback: Feedback) -> None:
    uri = "/sets/tiny/corpus.jsonl#7"
    feedback.judge("high  tides ", uri, 1)
    feedback.judge("low tides", uri, 1)
    feedback.judge(" high tides", uri, 0)
    assert [(j.query, j.grade) for j in feedback.judgements()] == [("high tides", 0), ("low tides", 1)]


def test_what_the_score_came_from_is_kept(feedback: Feedback, tmp_path: Path) -> None:
    segment = Segment("s1", digest(f"{tmp_path}/a.md"), f"{tmp_path}/a.md", "text", Span())
    said = feedback.judge("tides", Result(3, 0.75, segment, "", (), ()), False)
    (kept,) = feedback.judgements()
    assert kept == said
    assert (kept.segment_id, kept.rank, kept.score, kept.grade) == ("s1", 3, 0.75, 0)
    assert kept.spaces == {"words": WORDS.fingerprint}
    assert kept.version
    assert kept.time.endswith("+00:00")


@pytest.mark.parametrize(("query", "grade", "says"), [(" ", 1, "the query is empty"), ("tides", -1, "a grade of -1")])
def test_what_says_nothing_is_refused_and_nothing_kept(feedback: Feedback, query: str, grade: int, says: str) -> None:
    with pytest.raises(InputError, match=says):
        feedback.judge(query, "/sets/tiny/corpus.jsonl#7", grade)
    assert feedback.judgements() == []


def test_it_outlives_the_process_and_the_document(tmp_path: Path) -> None:
    manifest = make_library(tmp_path, "/gone.md")
    settings = Settings(library=tmp_path)
    with open_feedback(settings) as feedback:
        feedback.judge("tides", "/gone.md")
    manifest.forget([digest("/gone.md")])
    with open_feedback(settings) as feedback:
        assert [j.uri for j in feedback.judgements()] == ["/gone.md"]


def test_a_folder_that_is_no_library_and_a_file_that_is_no_feedback_say_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not a library yet"), open_feedback(Settings(library=tmp_path / "none")):
        pass
    assert not (tmp_path / "none").exists()
    make_library(tmp_path)
    (tmp_path / FEEDBACK_FILE).write_text("what people said, in prose, and at some length, so that it is no database")
    with (
        pytest.raises(StoreError, match="judgements cannot be read or written"),
        open_feedback(Settings(library=tmp_path)),
    ):
        pass


def test_an_export_is_the_judgement_side_of_a_retrieval_set(feedback: Feedback, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    with pytest.raises(InputError, match="nothing is judged yet"):
        export([], folder)
    feedback.judge("low\ttides", "/sets/tiny/corpus.jsonl#7", 2)
    feedback.judge("low tides", f"{tmp_path}/a.md", 0)
    feedback.judge("Gezeiten", f"{tmp_path}/a.md", 1)
    for _ in range(2):  # again into the same folder
        export(feedback.judgements(), folder)
    documents = [json.loads(line) for line in (folder / "documents.jsonl").read_text().splitlines()]
    assert {d["uri"] for d in documents} == {"/sets/tiny/corpus.jsonl#7", f"{tmp_path}/a.md"}
    (folder / "corpus.jsonl").write_text("".join(json.dumps({"_id": d["_id"], "text": "x"}) + "\n" for d in documents))
    found = read_set(folder)
    assert sorted(found.queries.values()) == ["Gezeiten", "low tides"]
    ids = {text: id for id, text in found.queries.items()}
    assert found.qrels[ids["low tides"]] == {
        digest("/sets/tiny/corpus.jsonl#7"): 2,
        digest(f"{tmp_path}/a.md"): 0,
    }
    assert found.warnings == ()


def test_an_export_overwrites_nothing_else(feedback: Feedback, tmp_path: Path) -> None:
    feedback.judge("tides", "/sets/tiny/corpus.jsonl#7")
    with pytest.raises(InputError, match="holds something else"):
        export(feedback.judgements(), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(Forbidden, match="cannot be written"):
        export(feedback.judgements(), tmp_path / "file")


JUDGING = """
import sys
from mmsearch.feedback import open_feedback
from mmsearch.settings import Settings
with open_feedback(Settings(library=sys.argv[1])) as feedback:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(60):
        feedback.judge(f"{sys.argv[2]} {number}", "/a.md")
        feedback.judge(f"both {number}", "/a.md", int(sys.argv[3]))
"""


def test_two_processes_judge_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    make_library(tmp_path, "/a.md").close()
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", JUDGING, str(tmp_path), *who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for who in (("one", "1"), ("two", "2"))
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=120)
        assert process.returncode == 0
    with open_feedback(Settings(library=tmp_path)) as feedback:
        found = feedback.judgements()
    queries = [judgement.query for judgement in found]
    assert sorted(queries) == sorted(f"{who} {n}" for who in ("one", "two", "both") for n in range(60))
    assert {j.grade for j in found if j.query.startswith("both")} <= {1, 2}


def test_a_ranking_instead_of_its_words_says_which_spaces_were_asked(feedback: Feedback, tmp_path: Path) -> None:
    segment = Segment("s1", digest(f"{tmp_path}/a.md"), f"{tmp_path}/a.md", "text", Span())
    result = Result(3, 0.5, segment, "", (), ())
    routes = (Route("words", 0.5, 100, ""), Route("text", 1.0, 100, ""), Route("words", 0.75, 100, ""))
    ranking = Ranking(Query("high  tides"), routes, {}, False, {}, {}, (result,))
    kept = feedback.judge(ranking, result, 0)
    assert (kept.query, kept.rank, kept.grade) == ("high tides", 3, 0)
    assert kept.routes == {"words": 0.75, "text": 1.0}
    assert feedback.judgements("high tides") == [kept]
    assert feedback.judgements("low tides") == []


def test_what_was_said_can_be_taken_back(feedback: Feedback, tmp_path: Path) -> None:
    feedback.judge("high tides", f"{tmp_path}/a.md")
    feedback.judge("low tides", f"{tmp_path}/a.md")
    assert feedback.withdraw(" high  tides", f"{tmp_path}/a.md")
    assert not feedback.withdraw("high tides", f"{tmp_path}/a.md")
    assert [judgement.query for judgement in feedback.judgements()] == ["low tides"]
    with pytest.raises(NotFound):
        feedback.withdraw("low tides", "c.md")


def test_judgements_of_the_earlier_format_are_read(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FEEDBACK_FILE)) as sql, sql:
        sql.execute(
            "create table judgements (query text not null, document text not null, uri text not null, "
            "segment text not null, grade integer not null, rank integer, score real, spaces text not null, "
            "version text not null, time text not null, primary key (query, document))"
        )
        row = ("tides", digest("/a.md"), "/a.md", "", 1, None, None, '{"words": "f"}', "0.1", "2026-01-01T00:00:00")
        sql.execute("insert into judgements values (?,?,?,?,?,?,?,?,?,?)", row)
        sql.execute("pragma user_version=1")
    with closing(make_library(tmp_path, "/a.md")) as manifest, closing(Feedback(tmp_path, manifest)) as feedback:
        assert [(j.query, j.spaces, j.routes) for j in feedback.judgements()] == [("tides", {"words": "f"}, {})]
        feedback.judge("tides", "/a.md", 0)
        assert [j.grade for j in feedback.judgements()] == [0]
