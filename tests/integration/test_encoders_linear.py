"""Linear layers by oneDNN give torch's own numbers, and batches go side by side on a processor."""

import platform
import subprocess
import sys
import threading

import numpy as np
import pytest

from mmsearch.types import Embeddings
from mmsearch_encoders import batching
from mmsearch_encoders.batching import Budget, fill

torch = pytest.importorskip("torch", reason="the extra encoders is not installed")

pytestmark = pytest.mark.encoders
X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.skipif(not X86, reason="oneDNN is used on x86-64 only")
def test_linear_layers_give_the_same_numbers() -> None:
    from torch import nn

    from mmsearch_encoders.linear import speed_up

    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(48, 96), nn.GELU(), nn.Linear(96, 32, bias=False)).eval()
    states = torch.randn(3, 7, 48)
    with torch.inference_mode():
        expected = model(states)
        speed_up(model, "cpu")
        assert "forward" in vars(model[0]), "this torch has oneDNN"
        np.testing.assert_allclose(model(states), expected, atol=1e-5)
        np.testing.assert_allclose(model(states[:, 1::2].transpose(0, 1)), expected[:, 1::2].transpose(0, 1), atol=1e-5)


@pytest.mark.skipif(not X86, reason="oneDNN is used on x86-64 only")
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_gives_the_same_numbers_masked_or_not(batch_first: bool) -> None:
    from torch import nn

    from mmsearch_encoders.linear import speed_up

    torch.manual_seed(0)
    attention = nn.MultiheadAttention(48, 4, batch_first=batch_first).eval()
    states, mask = torch.randn(5, 5, 48), torch.triu(torch.full((5, 5), float("-inf")), 1)
    asked = [{"need_weights": False}, {"need_weights": False, "attn_mask": mask}, {"need_weights": True}]
    with torch.inference_mode():
        expected = [attention(states, states, states, **how)[0] for how in asked]
        speed_up(attention, "cpu")
        made = [attention(states, states, states, **how)[0] for how in asked]
    for ours, theirs in zip(made, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.skipif(not X86, reason="oneDNN is used on x86-64 only")
def test_batches_of_many_shapes_do_not_fill_the_memory() -> None:
    """oneDNN compiles for each shape, and would keep 1,024 of them at some 350 KiB."""
    code = """
import psutil, torch
from torch import nn
from mmsearch_encoders.linear import speed_up
model = nn.Sequential(nn.Linear(384, 1536), nn.Linear(1536, 384)).eval()
speed_up(model, "cpu")
with torch.inference_mode():
    def grown(rows):
        for each in rows:
            model(torch.ones(each, 384))
        return psutil.Process().memory_info().rss
    print((grown(range(300, 700)) - grown(range(100, 300))) >> 20)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(told.stdout) < 40


def test_gradients_flow_as_before_and_other_devices_are_left_alone() -> None:
    from torch import nn

    from mmsearch_encoders.linear import speed_up

    layer = nn.Linear(4, 2)
    speed_up(layer, "cuda")
    assert "forward" not in vars(layer)
    speed_up(layer, "cpu")
    layer(torch.ones(1, 4)).sum().backward()
    assert layer.weight.grad is not None


@pytest.fixture
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "cores", lambda: 2)


@pytest.mark.usefixtures("_two_cores")
def test_two_cores_encode_two_batches_at_once_with_a_thread_each() -> None:
    before, both = torch.get_num_threads(), threading.Barrier(2, timeout=30)
    threads: list[int] = []

    def encode(batch: list[int]) -> Embeddings:
        both.wait()  # breaks unless another batch is under way
        threads.append(torch.get_num_threads())
        return np.array([[position] for position in batch], np.float32)

    rows = np.zeros((8, 1), np.float32)
    try:
        fill(rows, [1] * 8, Budget(2, processor=2, gpu=2), "cpu", encode)
        assert rows[:, 0].tolist() == list(range(8))
        assert threads == [1, 1, 1, 1]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("_two_cores")
def test_an_error_in_one_batch_ends_the_others() -> None:
    before, seen = torch.get_num_threads(), list[list[int]]()

    def encode(batch: list[int]) -> Embeddings:
        seen.append(batch)
        raise RuntimeError("shapes cannot be multiplied")

    try:
        with pytest.raises(RuntimeError, match="shapes"):
            fill(np.zeros((20, 1), np.float32), [1] * 20, Budget(1, processor=1, gpu=1), "cpu", encode)
        assert len(seen) <= 2
    finally:
        torch.set_num_threads(before)
