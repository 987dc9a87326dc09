"""Linear layers of a model by oneDNN, where torch would give them to a library that uses half of the processor.

On x86-64 torch multiplies float32 matrices by MKL, which on AMD's processors keeps to AVX2. oneDNN, which torch brings
too and calls by itself for other number formats only, uses AVX-512: 255 instead of 110 GFLOPS on one core of a Zen 5
(torch 2.15, matrices of all-MiniLM-L6-v2), the same float32 sums in another order. `mkldnn::_linear_pointwise` is what
torch's own compiler calls for a linear layer (torch/_inductor/mkldnn_ir.py); where it is missing, nothing changes.
"""

import os
import platform
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

KEPT_PRIMITIVES = 64
"""oneDNN keeps what it compiles for each shape of a matrix, 1,024 at some 350 KiB each unless told otherwise, and few
batches have the same: a server that indexes grew by 30 MiB a minute. Compiling anew takes no time that shows."""


def speed_up(model: nn.Module, device: str) -> None:
    """Let the linear layers and the self-attention of a model on an x86-64 processor run by oneDNN, in place."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(KEPT_PRIMITIVES))
    if device != "cpu" or platform.machine() not in ("x86_64", "AMD64") or not _by_onednn():
        return
    for module in model.modules():
        if type(module) is nn.Linear:
            module.forward = _Linear(module)  # type: ignore[assignment,method-assign]  # its own
        elif type(module) is nn.MultiheadAttention and module._qkv_same_embed_dim:
            module.forward = _SelfAttention(module)  # type: ignore[assignment,method-assign]  # its own


class _Linear:
    """The forward pass of a linear layer."""

    def __init__(self, module: nn.Linear) -> None:
        self._module = module

    def __call__(self, states: Tensor) -> Tensor:
        return _linear(states, self._module.weight, self._module.bias)


class _SelfAttention:
    """The forward pass of attention as vision towers call it: of a sequence to itself, nothing masked, no weights."""

    def __init__(self, module: nn.MultiheadAttention) -> None:
        self._module, self._usual = module, module.forward

    def __call__(self, query: Tensor, key: Tensor, value: Tensor, **how: Any) -> Any:
        module = self._module
        plain = query is key is value and query.dim() == 3 and how.get("need_weights") is False
        if not plain or how.get("attn_mask") is not None or how.get("key_padding_mask") is not None or module.training:
            return self._usual(query, key, value, **how)
        states = query if module.batch_first else query.transpose(0, 1)
        batch, length, width = states.shape
        mapped = _linear(states, module.in_proj_weight, module.in_proj_bias)
        queries, keys, values = mapped.view(batch, length, 3, module.num_heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(queries, keys, values)
        joined = attended.transpose(1, 2).reshape(batch, length, width)
        out = _linear(joined, module.out_proj.weight, module.out_proj.bias)
        return (out if module.batch_first else out.transpose(0, 1)), None


def _linear(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if states.dtype != torch.float32 or weight.dtype != torch.float32 or torch.is_grad_enabled():
        return functional.linear(states, weight, bias)
    made: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
    return made


def _by_onednn() -> bool:
    """Whether this torch can, tried on a small layer."""
    try:
        with torch.no_grad():
            return torch.allclose(_linear(torch.ones(2, 3), torch.ones(4, 3), None), torch.full((2, 4), 3.0))
    except (AttributeError, RuntimeError):
        return False
