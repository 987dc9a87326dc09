"""Reranking whole: a cross-encoder trained here, published as real ones are, in a library on Milvus Lite."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import checkpoints
import pytest
import questions
from PIL import Image
from typer.testing import CliRunner, Result

from mmsearch.cli import app
from mmsearch.client import Client
from mmsearch.errors import InputError
from mmsearch.runs import read_run

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

ABSENT = {"part": "mmsearch_encoders.rerank:CrossEncoderReranker", "model": "town/not-pulled"}
FILES = {
    "built.md": "The harbour lighthouse was built in the year of the storm.",
    "keeper.md": "The harbour lighthouse and the name of the keeper.",
    "where.md": "The harbour lighthouse is in the north of the town.",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of three texts and a picture; who, when and where are words that words are not found by."""
    home = tmp_path_factory.mktemp("reranking")
    model, tokenizer = checkpoints.make_cross_encoder(home)
    checkpoints.save_cross_encoder(home / "model", questions.train(model, tokenizer), tokenizer)
    files = home / "files"
    files.mkdir()
    for name, text in FILES.items():
        (files / name).write_text(text)
    Image.new("RGB", (32, 32), "navy").save(files / "harbour-lighthouse.png")
    with Client(home / "library", **settings(home)) as client:
        assert client.index(files).indexed == len(FILES) + 1
    return home


def settings(home: Path, **search: Any) -> dict[str, Any]:
    """Words alone, and the trained reranker."""
    return {
        "spaces": {name: {"part": ""} for name in ("text", "image", "table", "sound")},
        "recognizer": {"part": ""},
        "ocr": {"part": ""},
        "reranker": ABSENT | {"model": str(home / "model")},
        "search": search,
    }


@pytest.fixture
def client(home: Path) -> Iterator[Client]:
    with Client(home / "library", **settings(home)) as client:
        yield client


@pytest.fixture
def configured(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings in a file, as the command line reads them; an empty cache of models."""
    config = tmp_path / "mmsearch.toml"
    off = "".join(f'[spaces.{name}]\npart = ""\n' for name in ("text", "image", "table", "sound"))
    off += '[recognizer]\npart = ""\n[ocr]\npart = ""\n'
    config.write_text(off + f'[reranker]\npart = "{ABSENT["part"]}"\nmodel = "{home / "model"}"\n')
    monkeypatch.setenv("MMSEARCH_CONFIG", str(config))
    monkeypatch.setenv("MMSEARCH_LIBRARY", str(home / "library"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return config


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def as_json(*arguments: str | Path) -> Any:
    done = invoke(*arguments, "--json")
    assert done.stdout.count("\n") == 1, done.output
    return json.loads(done.stdout)


def names(client: Client, question: str, **options: Any) -> list[str]:
    return [
        Path(result.segment.uri).name for result in client.search(f"{question} harbour lighthouse", **options).results
    ]


def test_questions_with_the_same_words_get_different_answers(client: Client) -> None:
    plain = {question: names(client, question) for question in questions.ANSWERS}
    assert plain["who"] == plain["when"] == plain["where"], "words alone cannot tell the questions apart"
    assert names(client, "who", rerank=True)[0] == "keeper.md"
    assert names(client, "when", rerank=True)[0] == "built.md"
    assert names(client, "where", rerank=True)[0] == "where.md"


def test_scores_are_pooled_sorted_and_shown_with_what_the_reranker_said(client: Client) -> None:
    before = {result.segment.id: result.score for result in client.search("who harbour lighthouse").results}
    ranking = client.search("who harbour lighthouse", rerank=True)
    assert ranking.took_ms["rerank"] > 0
    scores = [result.score for result in ranking.results]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 4
    for result in ranking.results:
        said = [hit for hit in result.hits if hit.space == "reranker"]
        if result.segment.modality == "image":
            assert not said, "a picture without words is not judged by words"
            assert result.score == before[result.segment.id]
        else:
            fused, (hit,) = before[result.segment.id], said
            odds = (fused / (1 - fused) * hit.score / (1 - hit.score)) ** 0.5
            assert result.score == pytest.approx(odds / (1 + odds))
    assert ranking.no_good_match == client.search("who harbour lighthouse").no_good_match
    assert "rerank" not in client.search("who harbour lighthouse", rerank=False).took_ms


def test_beyond_the_depth_nothing_is_read(home: Path) -> None:
    with Client(home / "library", **settings(home, rerank=True, rerank_depth=1)) as client:
        plain, reranked = names(client, "who", rerank=False), client.search("who harbour lighthouse")
        assert [Path(result.segment.uri).name for result in reranked.results] == plain
        assert [hit.space for result in reranked.results for hit in result.hits].count("reranker") <= 1
        scores = [result.score for result in reranked.results]
        assert scores == sorted(scores, reverse=True)
        assert client.search(image=home / "files" / "harbour-lighthouse.png").results == (), "and no error"


def test_operators_are_no_words_of_the_question(client: Client) -> None:
    def said(text: str, **options: Any) -> list[float]:
        results = client.search(text, rerank=True, **options).results
        return [hit.score for result in results for hit in result.hits if hit.space == "reranker"]

    plain = said("who harbour lighthouse", modalities=["text"])
    assert len(plain) == 3
    assert said("who harbour type:text lighthouse -ferry") == pytest.approx(plain, abs=1e-6)


def test_a_picture_cannot_be_reranked_by(client: Client, home: Path) -> None:
    with pytest.raises(InputError, match="a reranker reads words"):
        client.search(image=home / "files" / "harbour-lighthouse.png", rerank=True)


def test_the_command_line_reranks_when_told(configured: Path) -> None:
    found = as_json("search", "who harbour lighthouse", "--rerank")
    assert found["results"][0]["document"]["uri"].endswith("keeper.md")
    best = {hit["space"]: hit for hit in found["results"][0]["hits"]}["reranker"]
    assert (best["rank"], best["score"] > 0.9) == (1, True)
    assert "rerank" in found["took_ms"]
    assert "ms of them for reranking" in invoke("search", "who harbour lighthouse", "--rerank").stdout
    configured.write_text(configured.read_text() + "[search]\nrerank = true\n")
    assert "rerank" in as_json("search", "who harbour lighthouse")["took_ms"]
    assert "rerank" not in as_json("search", "who harbour lighthouse", "--no-rerank")["took_ms"]


def test_weights_that_are_asked_for_and_not_here_are_an_error(home: Path, configured: Path) -> None:
    configured.write_text(configured.read_text().replace(str(home / "model"), ABSENT["model"]))
    error = as_json("search", "who harbour lighthouse", "--rerank")["error"]
    assert error["code"] == "model_unavailable"
    assert 'run "mmsearch models pull reranker"' in error["message"]
    assert as_json("search", "who harbour lighthouse")["results"], "nothing else needs it"
    findings = {finding["part"]: finding for finding in as_json("doctor")["findings"]}
    assert (findings["reranker"]["works"], findings["reranker"]["needed"]) == (False, False)
    assert as_json("doctor")["works"] is True, "it is off"
    assert "closed" not in invoke("doctor").stdout
    configured.write_text(configured.read_text() + "[search]\nrerank = true\n")
    assert as_json("doctor")["works"] is False, "now it is needed"
    assert "error" in as_json("search", "who harbour lighthouse")


def test_doctor_and_models_name_what_is_here(home: Path, configured: Path) -> None:
    findings = {finding["part"]: finding for finding in as_json("doctor")["findings"]}
    assert findings["reranker"]["works"]
    assert "where a search asks for it, the first 30 results" in findings["reranker"]["says"]
    (ours,) = [model for model in as_json("models", "list") if model["role"] == "reranker" and model["set"]]
    assert (ours["name"], ours["here"], ours["path"]) == ("model", True, str(home / "model"))
    whole = invoke("models", "verify", "reranker", "--files")
    assert (whole.exit_code, "reranker is whole" in whole.stdout) == (0, True)
    weights = home / "model" / "model.safetensors"
    content = weights.read_bytes()
    try:
        weights.write_bytes(content[:-1])
        broken = invoke("models", "verify", "reranker")
        assert (broken.exit_code, "is cut off" in broken.stderr) == (1, True)
        assert as_json("search", "who harbour lighthouse", "--rerank")["error"]["code"] == "model"
    finally:
        weights.write_bytes(content)


def test_an_evaluation_measures_it_and_says_so(home: Path, configured: Path, tmp_path: Path) -> None:
    write_set(tmp_path / "town")
    options = ("--library", tmp_path / "evaluated", "--runs", tmp_path / "runs")
    plain = as_json("eval", tmp_path / "town", "--name", "plain", *options)
    reranked = as_json("eval", tmp_path / "town", "--rerank", *options)
    assert plain["reranker"] is None
    assert plain["metrics"]["mrr@10"] == round((1 + 1 / 2 + 1 / 3) / 3, 4), "each place once: the lists are alike"
    assert reranked["metrics"]["mrr@10"] == 1.0
    run = read_run(reranked["run"])
    assert run.label == "words, calibrated, reranked"
    assert run.facts["reranker"] == reranked["reranker"]
    assert run.facts["reranker"]["model"] == str(home / "model")
    assert run.facts["reranker"]["depth"] == 30
    assert run.facts["reranker"]["fingerprint"]
    assert "rerank" in run.outcomes[0].took_ms
    compared = as_json("compare", plain["run"], reranked["run"])["sets"][0]["runs"]
    assert [of_run["reranker"] is None for of_run in compared] == [True, False]
    assert "the first 30 reranked" in invoke("eval", tmp_path / "town", "--rerank", *options).stdout


def test_an_evaluation_without_the_weights_stops_before_it_indexes(
    home: Path, configured: Path, tmp_path: Path
) -> None:
    configured.write_text(configured.read_text().replace(str(home / "model"), ABSENT["model"]))
    write_set(tmp_path / "town")
    error = as_json("eval", tmp_path / "town", "--rerank", "--library", tmp_path / "evaluated")["error"]
    assert error["code"] == "model_unavailable"
    with Client(tmp_path / "evaluated") as client:
        assert client.app.manifest.entries() == []


def write_set(folder: Path) -> None:
    """The three texts, and a question to each."""
    corpus = [{"_id": name, "title": "", "text": text} for name, text in FILES.items()]
    answers = {"who": "keeper.md", "when": "built.md", "where": "where.md"}
    queries = [{"_id": question, "text": f"{question} harbour lighthouse"} for question in answers]
    (folder / "qrels").mkdir(parents=True)
    for name, records in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
    judged = "".join(f"{question}\t{name}\t1\n" for question, name in answers.items())
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
