"""A small set through the command line: evaluated twice, compared, and read in the report."""

import json
import math
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mmsearch.cli import app
from mmsearch.runs import read_run

WITHOUT_MODELS = """
[recognizer]
part = ""
[ocr]
part = ""
[spaces]
text = { part = "" }
image = { part = "" }
table = { part = "" }
"""

SECOND_PLACE = 1 / math.log2(3)


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def as_json(*arguments: str | Path) -> dict[str, Any]:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def write_set(folder: Path, distractor: str) -> Path:
    """For the query "tides" the distractor competes with the relevant document; for "lanterns" nothing does."""
    corpus = [
        {"_id": "harbour log", "title": "", "text": "harbour tides rise"},
        {"_id": "b", "title": "", "text": distractor},
        {"_id": "c", "title": "", "table": {"header": ["item", "price"], "rows": [["lanterns", "4"]]}},
    ]
    queries = [
        {"_id": "q1", "text": "tides", "intended": "text"},
        {"_id": "q2", "text": "lanterns", "intended": "table"},
        {"_id": "q3", "text": "nobody judged this"},
    ]
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    for name, records in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tharbour log\t1\nq2\tc\t1\n")
    return folder


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "mmsearch.toml"
    config.write_text(WITHOUT_MODELS)
    monkeypatch.setenv("MMSEARCH_CONFIG", str(config))
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "cache"))


def test_an_evaluation_is_saved_compared_and_reported(tmp_path: Path) -> None:
    harbour = write_set(tmp_path / "harbour", "tides tides tides")
    first = as_json("eval", harbour, "--name", "before")
    assert first["metrics"] == {
        "ndcg@10": round((SECOND_PLACE + 1) / 2, 4),
        "recall@10": 1.0,
        "recall@100": 1.0,
        "mrr@10": 0.75,
    }
    assert first["by_intended"]["text"]["mrr@10"] == 0.5
    assert first["by_intended"]["table"]["mrr@10"] == 1.0
    assert (first["set"], first["queries"], first["documents"], first["spaces"]) == ("harbour", 2, 3, ["words"])
    assert first["warnings"] == ["1 queries have no relevant document and are left out"]
    assert 0 < first["latency_ms"]["p50"] <= first["latency_ms"]["p99"]

    saved = read_run(first["run"])
    assert saved.facts["models"]["words"]["fingerprint"]
    assert saved.outcomes[0].wanted[0].rank == 2
    assert "q1 Q0 harbour%20log 2 1 before\n" in (saved.folder / "run.trec").read_text()

    write_set(harbour, "nothing of the kind")
    second = as_json("eval", harbour, "--name", "after", "--runs", saved.folder.parent)
    assert second["metrics"]["ndcg@10"] == 1.0
    assert second["indexing"]["indexed"] == 1

    html = tmp_path / "reports" / "harbour.html"
    compared = as_json("compare", "harbour-before", "harbour-after", "--html", html)
    assert compared["html"] == str(html)
    (of_set,) = compared["sets"]
    difference = of_set["comparisons"][0]["metrics"]["ndcg@10"]
    assert difference["difference"] == round((1 - SECOND_PLACE) / 2, 4)
    assert (difference["wins"], difference["ties"], difference["losses"]) == (1, 1, 0)
    assert compared["warnings"][0] == "harbour: the runs searched different corpora"

    page = unescape(re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", html.read_text(), flags=re.DOTALL))
    words = " ".join(page.split())
    assert "before 0.8155" in words
    assert "after 1.0000 +0.1845 p = 1.000" in words
    assert "before: rank 2 · after: rank 1" in words
    assert "tides tides tides" in words
    assert "1 better, 1 equal, 0 worse" in words


def test_a_second_evaluation_indexes_nothing(tmp_path: Path) -> None:
    harbour = write_set(tmp_path / "harbour", "tides tides tides")
    assert as_json("eval", harbour)["indexing"]["indexed"] == 3
    again = as_json("eval", harbour)
    assert (again["indexing"]["indexed"], again["indexing"]["unchanged"]) == (0, 3)
    assert again["indexing"]["documents_per_s"] == 0


def test_judged_near_copies_are_ranked_each_by_itself(tmp_path: Path) -> None:
    """A search shows one of the two and names the other; the set judges both relevant, and both are found."""
    text = "the harbour tides rise at noon on the day of the new moon"
    folder = write_set(tmp_path / "harbour", text)
    corpus = (folder / "corpus.jsonl").read_text().replace("harbour tides rise", text, 1)
    (folder / "corpus.jsonl").write_text(corpus)
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\tharbour log\t1\nq1\tb\t1\n")
    library = tmp_path / "library"
    found = as_json("eval", folder, "--library", library)
    assert found["metrics"] == {"ndcg@10": 1.0, "recall@10": 1.0, "recall@100": 1.0, "mrr@10": 1.0}
    (result,) = as_json("search", "tides", "--library", library)["results"]
    assert len(result["duplicates"]) == 1


def test_the_terminal_shows_the_figures_the_notes_and_the_place(tmp_path: Path) -> None:
    harbour = write_set(tmp_path / "harbour", "tides tides tides")
    before = invoke("eval", harbour, "--name", "before")
    assert before.exit_code == 0, before.output
    assert "0.8155" in before.stdout
    assert "harbour-before" in before.stdout
    assert "left out" in before.stderr
    write_set(harbour, "nothing of the kind")
    invoke("eval", harbour, "--name", "after")
    table = invoke("compare", "harbour-before", "harbour-after")
    assert table.exit_code == 0, table.output
    for shown in ("0.8155", "1.0000", "+0.1845", "1/1/0", "p 1.000"):
        assert shown in table.stdout
    assert "different corpora" in table.stderr


def test_what_cannot_be_evaluated_or_compared_says_why(tmp_path: Path) -> None:
    harbour = write_set(tmp_path / "harbour", "tides")
    refused = invoke("eval", harbour, "--name", "a/b")
    assert (refused.exit_code, "cannot name a run" in refused.stderr) == (1, True)
    no_run = invoke("compare", harbour, harbour)
    assert (no_run.exit_code, "is no run: it has no run.json" in no_run.stderr) == (1, True)
    only = as_json("eval", harbour, "--name", "only")["run"]
    alone = invoke("compare", only)
    assert (alone.exit_code, "give two runs of one set" in alone.stderr) == (1, True)
    (harbour / "qrels" / "test.tsv").unlink()
    unjudged = invoke("eval", harbour, "--json")
    assert unjudged.exit_code == 1
    assert "holds no judgements" in json.loads(unjudged.stdout)["error"]["message"]
