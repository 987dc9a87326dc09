"""Judgements through the command line: a made set and feedback in, honest scores out, on Milvus Lite and BM25."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.refinement import REFINEMENT_FILE, Line, Lines, Refinement, read_refinement, write_refinement
from mmsearch.types import Query

pytestmark = pytest.mark.slow

WITHOUT_MODELS = """
[recognizer]
part = ""
[ocr]
part = ""
[spaces]
image = { part = "" }
table = { part = "" }
"""
WORDS_ONLY = WITHOUT_MODELS + 'text = { part = "" }\n'
WORDS_AND_HASHES = WITHOUT_MODELS + 'text = { part = "hashing:HashingEncoder" }\n'

TOPICS, TWINS, TERMS = 25, 4, 8
"""Every topic has eight words of its own, which all its four documents hold: they score the same, one is relevant."""


def words_of(topic: int) -> str:
    letters = "bdfgklmnprstvz"
    return " ".join(f"{letters[topic % 14]}o{letters[topic // 14]}a{letters[term]}u" for term in range(TERMS))


def write_set(folder: Path) -> Path:
    corpus = [
        {"_id": f"{topic}-{twin}", "title": "", "text": words_of(topic)}
        for topic in range(TOPICS)
        for twin in range(TWINS)
    ]
    queries = [{"_id": f"q{topic}", "text": words_of(topic)} for topic in range(TOPICS)]
    qrels = "".join(f"q{topic}\t{topic}-{topic % TWINS}\t1\n" for topic in range(TOPICS))
    (folder / "qrels").mkdir(parents=True)
    for name, records in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + qrels)
    return folder


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def as_json(*arguments: str | Path, exit_code: int = 0) -> Any:
    result = invoke(*arguments, "--json")
    assert result.exit_code == exit_code, result.output
    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout)


def settle(folder: Path, settings: str) -> Path:
    config = folder / "mmsearch.toml"
    config.write_text(settings)
    return config


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMSEARCH_CONFIG", str(settle(tmp_path, WORDS_ONLY)))
    monkeypatch.setenv("MMSEARCH_LIBRARY", str(tmp_path / "library"))
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "cache"))


@pytest.fixture
def twins(tmp_path: Path) -> Path:
    """The set, indexed into the library."""
    folder = write_set(tmp_path / "twins")
    assert as_json("index", folder)["indexed"] == TOPICS * TWINS
    return folder


def test_scores_that_promised_too_much_keep_their_promise(tmp_path: Path, twins: Path) -> None:
    before = as_json("search", words_of(3))
    assert before["calibration"] == "background"
    assert before["results"][0]["score"] > 0.99

    found = as_json("calibrate", twins)
    measured = found["measures"]["all"]
    assert (found["queries"], found["relevant"], measured["results"]) == (TOPICS, TOPICS, found["results"])
    assert found["assumed_not_relevant"] == found["results"] - TOPICS
    assert found["from"] == {"set": found["results"], "feedback": 0}
    assert measured["before"]["calibration_error"] > 0.7 * TWINS * TOPICS / found["results"]
    assert measured["after"]["calibration_error"] < 0.1
    assert measured["after"]["brier"] < measured["before"]["brier"]
    assert found["measures"]["text"] == measured

    stored = read_refinement(tmp_path / "library")
    assert found["stored"] == str(tmp_path / "library" / REFINEMENT_FILE)
    assert stored
    assert list(stored.spaces) == ["words"]
    assert stored.facts["versions"].keys() == {"mmsearch", "numpy", "scipy"}

    after = as_json("search", words_of(3))
    assert after["calibration"] == "judgements"
    assert [r["document"] for r in after["results"]] == [r["document"] for r in before["results"]]
    assert all(r["score"] == pytest.approx(1 / TWINS, abs=0.08) for r in after["results"][:TWINS])
    assert (before["no_good_match"], after["no_good_match"]) == (False, False)
    assert "scores refined by judgements" in invoke("search", words_of(3)).stdout
    assert {"part": "scores", "works": True}.items() <= as_json("doctor")["findings"][-1].items()

    again = as_json("calibrate", twins)
    assert again["measures"] == found["measures"], "fitted to evidence, not to scores that were refined already"

    assert as_json("calibrate", "--forget") == {"forgotten": True}
    assert as_json("calibrate", "--forget") == {"forgotten": False}
    assert as_json("search", words_of(3))["results"][0]["score"] == before["results"][0]["score"]


def test_the_terminal_shows_before_and_after_and_what_was_assumed(twins: Path) -> None:
    shown = invoke("calibrate", twins)
    assert shown.exit_code == 0, shown.output
    for words in ("calibration error", "log loss", "all", "text", "→", "judged by nobody", "searches use it"):
        assert words in shown.stdout
    with_set = invoke("calibrate", twins, "--forget")
    assert (with_set.exit_code, "takes no set" in with_set.stderr) == (1, True)
    only = as_json("calibrate", twins, "--judged-only", exit_code=1)
    assert f"{TOPICS} judged results ({TOPICS} relevant, 0 not) of {TOPICS} queries" in only["error"]["message"]


def test_only_what_was_judged_alike_is_refined(tmp_path: Path, twins: Path) -> None:
    as_json("calibrate", twins)
    with Client() as client:
        limited = client.app.search(Query(words_of(3), spaces=frozenset({"words"})))
        assert (limited.calibration, limited.results[0].score > 0.99) == ("background", True)
        assert client.search(words_of(3)).calibration == "judgements"
        assert client.forget_calibration() is True
        assert client.search(words_of(3)).calibration == "background"
    with Client(search={"fusion": "reciprocal_rank"}) as client:
        warned = client.calibrate(twins)
        assert "reciprocal_rank" in warned["warnings"][-1]
        assert client.search(words_of(3)).calibration == "nothing"
        assert client.search(words_of(3)).results[0].score == 1.0

    settle(tmp_path, WORDS_AND_HASHES)
    other = as_json("calibrate", twins, exit_code=1)
    assert "twins is searched in text (" in other["error"]["message"]
    as_json("index", twins)
    assert as_json("search", words_of(3))["calibration"] == "background"
    finding = as_json("doctor")["findings"][-1]
    assert (finding["part"], finding["works"], finding["code"]) == ("scores", False, "space_mismatch")
    assert "for the spaces words as they were; open are words, text" in finding["says"]
    assert '"mmsearch calibrate --forget"' in finding["says"]


def test_feedback_is_given_while_another_process_holds_the_library(twins: Path) -> None:
    with Client() as client:
        best, second = client.search(words_of(1), all_copies=True).results[:2]
        client.judge(words_of(1), best)
        command = [sys.executable, "-m", "mmsearch.cli", "feedback", "add", words_of(1), second.segment.uri]
        done = subprocess.run([*command, "--not-relevant"], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        kept = {judgement.uri: (judgement.grade, judgement.rank) for judgement in client.judgements()}
    assert kept == {best.segment.uri: (1, 1), second.segment.uri: (0, None)}
    assert len(as_json("feedback", "list")) == 2


def test_feedback_alone_refines_the_scores(tmp_path: Path, twins: Path) -> None:
    few = as_json("calibrate", exit_code=1)
    assert "0 judged results (0 relevant, 0 not) of 0 queries are too few" in few["error"]["message"]
    corpus = (twins / "corpus.jsonl").resolve()
    for topic in range(6):
        for twin in range(TWINS):
            verdict = "--relevant" if twin == topic % TWINS else "--not-relevant"
            said = as_json("feedback", "add", words_of(topic), f"{corpus}#{topic}-{twin}", verdict)
            assert said["grade"] == int(twin == topic % TWINS)
    found = as_json("calibrate")
    assert (found["set"], found["from"], found["assumed_not_relevant"]) == (None, {"feedback": 24}, 0)
    assert found["measures"]["all"]["before"]["calibration_error"] == pytest.approx(1 - 1 / TWINS, abs=0.01)
    assert found["measures"]["all"]["after"]["calibration_error"] < 0.05
    unseen = as_json("search", words_of(20))["results"][:TWINS]
    assert all(result["score"] == pytest.approx(1 / TWINS, abs=0.1) for result in unseen)

    both = as_json("calibrate", twins)
    assert both["from"]["feedback"] == 24
    assert both["results"] == both["from"]["set"] + 24

    unknown = as_json("feedback", "add", "tides", "nowhere.md", "--relevant", exit_code=1)
    assert unknown["error"]["code"] == "not_found"
    assert invoke("feedback", "add", "tides", "nowhere.md").exit_code == 2, "a verdict is asked for"
    exported = as_json("feedback", "export", tmp_path / "said")
    assert exported["judgements"] == 24
    assert (tmp_path / "said" / "qrels" / "test.tsv").read_text().count("\n") == 25
    assert words_of(0) in invoke("feedback", "list").stdout


def test_a_refinement_that_does_worse_is_not_stored_and_an_earlier_one_stays(tmp_path: Path) -> None:
    """One query's ten results are all relevant, another's ten are not: neither teaches anything of the other."""
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.txt").write_text("ferry" if number < 10 else "lamp")
    as_json("index", folder)
    kept = tmp_path / "library" / REFINEMENT_FILE
    with Client() as client:
        for word, grade in (("ferry", 1), ("lamp", 0)):
            results = client.search(word).results
            assert len(results) == 10
            for result in results:
                client.judge(word, result, grade)
        found = client.calibrate()
    measured = found["measures"]["all"]
    assert found["stored"] is None
    assert not kept.exists()
    assert measured["after"]["log_loss"] == pytest.approx(math.log(12), rel=0.02)
    assert measured["after"]["log_loss"] > measured["before"]["log_loss"]

    earlier = Refinement(Lines(Line(0.5, -1.0)), {"words": "another fingerprint"})
    write_refinement(kept.parent, earlier)
    worse = invoke("calibrate")
    assert (worse.exit_code, "not stored" in worse.stderr) == (1, True)
    assert read_refinement(kept.parent) == earlier


def test_a_refinement_that_cannot_be_read_stops_searches_until_it_is_forgotten(tmp_path: Path, twins: Path) -> None:
    (tmp_path / "library" / REFINEMENT_FILE).write_text("{")
    refused = invoke("search", words_of(3))
    assert refused.exit_code == 1
    assert '"mmsearch calibrate --forget" removes it' in refused.stderr
    assert as_json("index", twins)["unchanged"] == TOPICS * TWINS
    assert as_json("calibrate", "--forget") == {"forgotten": True}
    assert invoke("search", words_of(3)).exit_code == 0
