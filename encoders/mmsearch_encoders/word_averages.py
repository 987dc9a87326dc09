"""Texts by their words alone: the mean of the vectors that a model looks its tokens up in, before any of its layers.

An old and strong baseline for sentences (Wieting et al., ICLR 2016, arXiv:1511.08198), at a thousandth of the cost.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.types import Embeddings
from mmsearch_encoders.bert import LightBert
from mmsearch_encoders.projection import unit_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def of_light(model: LightBert, texts: Sequence[str]) -> Embeddings:
    """(n, dim of the model's words), of unit length; zeros for a text without a token."""
    tokens = model.tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return _means((model.words[encoded.ids] for encoded in tokens), model.words.shape[1])


def of_torch(model: "SentenceTransformer", texts: Sequence[str]) -> Embeddings | None:
    """As `of_light`; None where transformers does not know the architecture's vectors of words."""
    import torch

    transformer: Any = model[0]
    try:
        layer = transformer.auto_model.get_input_embeddings()
    except (AttributeError, NotImplementedError):
        return None
    around = {*model.tokenizer.all_special_ids} - {model.tokenizer.unk_token_id}
    tokens = [[i for i in ids if i not in around] for ids in model.preprocess(list(texts))["input_ids"].tolist()]
    with torch.inference_mode():
        rows = [layer(torch.tensor(ids, dtype=torch.long, device=model.device)) for ids in tokens]
    return _means((row.float().cpu().numpy() for row in rows), layer.embedding_dim)


def _means(texts: Iterable[Embeddings], dim: int) -> Embeddings:
    means = [rows.mean(axis=0) if len(rows) else np.zeros(dim, np.float32) for rows in texts]
    return unit_rows(np.stack(means))
