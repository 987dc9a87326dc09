"""Batches within a budget, and a device that runs out of memory: fewer at a time, the same numbers."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import checkpoints
import numpy as np
import pytest
from drawings import CLASSES, draw, png

from mmsearch.errors import ModelError
from mmsearch.types import Embeddings, Segment, Span, Table
from mmsearch_encoders.batching import Budget, batches_by_size, fill, mixed
from mmsearch_encoders.image import ImageEncoder
from mmsearch_encoders.table import TableEncoder
from mmsearch_encoders.text import TextEncoder

pytestmark = pytest.mark.encoders


def test_batches_are_cut_by_the_padded_size_the_longest_first() -> None:
    sizes = [10, 50, 20, 50, 30, 5]
    assert batches_by_size(sizes, range(6), 100) == [[1, 3], [4, 2, 0], [5]]
    assert batches_by_size(sizes, [0, 5], 100) == [[0, 5]]
    assert batches_by_size([200, 1], range(2), 100) == [[0], [1]], "one that is too long goes alone"


def test_a_budget_is_the_devices_unless_given_and_never_grows() -> None:
    budget = Budget(None, processor=10, gpu=100)
    assert (budget.on("cpu"), budget.on("cuda:0"), budget.on("mps")) == (10, 100, 100)
    budget.lower(40)
    assert (budget.on("cpu"), budget.on("cuda")) == (10, 40)
    assert Budget(7, processor=10, gpu=100).on("cuda") == 7


def test_what_was_encoded_before_memory_ran_out_is_not_encoded_again() -> None:
    seen: list[list[int]] = []
    rows = np.zeros((6, 1), np.float32)

    def encode(batch: list[int]) -> Embeddings:
        seen.append(batch)
        if len(seen) == 2:
            raise RuntimeError("MPS backend out of memory (allocated 9 GB)")
        return np.array([[position] for position in batch], np.float32)

    fill(rows, [1] * 6, Budget(2, processor=2, gpu=2), "cpu", encode)
    assert rows[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert seen == [[0, 1], [2, 3], [2], [3], [4], [5]]


def test_other_errors_are_not_taken_for_want_of_memory() -> None:
    def encode(batch: list[int]) -> Embeddings:
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        fill(np.zeros((4, 1), np.float32), [1] * 4, Budget(4, processor=4, gpu=4), "cpu", encode)


def test_mixed_precision_is_for_cuda_alone() -> None:
    def encode(batch: list[int]) -> Embeddings:
        return np.ones((len(batch), 2), np.float32)

    assert mixed(encode, "cpu") is encode
    assert mixed(encode, "mps") is encode
    assert mixed(encode, "cuda:0") is not encode


def text(folder: Path) -> tuple[Any, Any, Sequence[Segment]]:
    encoder = TextEncoder(str(checkpoints.save_sentence_encoder(folder / "text")), batch_tokens=10_000)
    words = checkpoints.WORDS.split()
    segments = [Segment(str(n), "d", "/d", "text", Span(), text=" ".join(words[n : 2 * n + 3])) for n in range(16)]
    return encoder, encoder._model()[0].auto_model, segments


def image(folder: Path) -> tuple[Any, Any, Sequence[Segment]]:
    place = checkpoints.save_clip_folder(folder / "clip", checkpoints.make_clip())
    encoder = ImageEncoder(str(place), batch_pixels=16 * 32**2)
    pictures = [png(draw(CLASSES[n % len(CLASSES)], Random(n))) for n in range(16)]
    segments = [Segment(str(n), "d", "/d", "image", Span(), picture=picture) for n, picture in enumerate(pictures)]
    return encoder, encoder._loaded().model.visual, segments


def table(folder: Path) -> tuple[Any, Any, Sequence[Segment]]:
    encoder = TableEncoder(str(checkpoints.save_tapas(folder / "tapas")), batch_tokens=10_000)
    tables = [Table((f"year {n}", "ships"), (("1871", str(n)),) * (n % 3 + 1)) for n in range(16)]
    segments = [Segment(str(n), "d", "/d", "table", Span(), table=each) for n, each in enumerate(tables)]
    return encoder, encoder.tables.loaded().model, segments


@pytest.mark.parametrize("kind", [text, image, table])
def test_out_of_memory_halves_the_batch_and_goes_on(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real model refuses more than four at a time, as a GPU does by an error of its forward pass."""
    import torch

    encoder, model, segments = kind(tmp_path)
    reference = encoder.encode(segments)
    sizes: list[int] = []
    forward = model.forward

    def cramped(*inputs: Any, **named: Any) -> Any:
        size = len(next(value for value in (*inputs, *named.values()) if value is not None))
        sizes.append(size)
        if size > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(*inputs, **named)

    monkeypatch.setattr(model, "forward", cramped)
    np.testing.assert_allclose(encoder.encode(segments), reference, atol=1e-4)
    assert sizes[:2] == [16, 8]
    assert sum(size for size in sizes if size <= 4) == 16
    sizes.clear()
    np.testing.assert_allclose(encoder.encode(segments), reference, atol=1e-4)
    assert max(sizes) <= 4, "it remembers what fits"


@pytest.mark.parametrize("kind", [text, image, table])
def test_one_that_does_not_fit_alone_is_an_error(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    encoder, model, segments = kind(tmp_path)

    def full(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(model, "forward", full)
    with pytest.raises(ModelError, match="out of memory"):
        encoder.encode(segments)
