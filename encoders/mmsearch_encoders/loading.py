"""How models are loaded and run here: on the best device, with their errors in our words."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import PickleError
from typing import Any

from mmsearch.errors import ConfigError, ModelError
from mmsearch.limits import PICTURE_FORMATS

THEIRS = (OSError, RuntimeError, ValueError, KeyError, TypeError, AttributeError, EOFError, PickleError)
"""What torch, transformers and their kin raise; onnxruntime and safetensors have classes of their own."""


def best_device(wished: str | None) -> str:
    """The device wished for, otherwise cuda or mps where there is one, otherwise cpu. Raises ModelError."""
    import torch

    if wished is None:
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.empty(0, device=wished)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(f'the device "{wished}" cannot be used here: {first_line(error)}') from error
    return wished


@contextmanager
def reporting(doing: str) -> Iterator[None]:
    """What torch, transformers and their kin raise inside, as a ModelError that says what was being done.

    ArithmeticError and AssertionError are left alone: they are our own mistakes. The frameworks raise the rest for
    a file that is cut off, a state that does not fit the architecture, and a device that is out of memory alike.
    """
    from safetensors import SafetensorError

    try:
        yield
    except Exception as error:
        if not isinstance(error, (*THEIRS, SafetensorError)) and not type(error).__module__.startswith("onnxruntime"):
            raise
        raise ModelError(f"{doing} failed: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What went wrong, without the advice of the frameworks to trust what they refuse."""
    said = str(error)
    if isinstance(error, PickleError) or "Weights only load failed" in said:
        return (
            "its file of weights is a pickle that holds more than weights, which could run code and is refused; "
            "get the model as safetensors"
        )
    if "trust_remote_code" in said:
        return (
            "its files bring code of their own, which runs only where the settings of the part say trust_remote_code = "
            "and the model's name"
        )
    return first_line(error)


def trusted(model: str, trust_remote_code: str) -> bool:
    """Whether the settings have the model's own code run: they name it, so that no other model is trusted by mistake.

    Raises ConfigError where they name another.
    """
    if trust_remote_code not in ("", model):
        named = f'trust_remote_code names "{trust_remote_code}" and not the model'
        raise ConfigError(f'{named} "{model}"; name that, or none')
    return bool(trust_remote_code)


def known_formats() -> list[str]:
    """The formats that a picture is taken for here: those that readers take, as far as this Pillow has them."""
    from PIL import Image

    Image.init()
    return [name for name in PICTURE_FORMATS if name in Image.OPEN]


def head_is_whole(model: Any, folder: Path) -> None:
    """Raises ValueError when the files lack what is on top of the base model: transformers would make it up."""
    from safetensors import safe_open

    held: set[str] = set()
    for file in folder.glob("model*.safetensors"):
        with safe_open(file, framework="numpy") as opened:
            held.update(opened.keys())
    head = [name for name, _ in model.named_parameters() if not name.startswith(f"{model.base_model_prefix}.")]
    if missing := [name for name in head if name not in held]:
        raise ValueError(f"the file lacks {missing[0]}")


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its class where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


@contextmanager
def loading(model: str, place: Path) -> Iterator[None]:
    """Load a model inside: quietly, from this machine alone (a missing file fails at once), errors as ModelError.

    Paths and `local_files_only` keep most of it local; the hub's own switch stops the few look-ups by name that
    the libraries make on the way, such as open_clip's for the tower of another model. It holds for the process.
    """
    from huggingface_hub import constants
    from transformers.utils import logging

    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    loudness = logging.get_verbosity()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # likewise
    try:
        with reporting(f"loading {model} from {place}"):
            yield
    finally:
        constants.HF_HUB_OFFLINE = before
        logging.set_verbosity(loudness)


def existing(path: str | Path) -> Path | None:
    """The path with `~` expanded, absolute, if it is there."""
    found = os.path.expanduser(path)  # noqa: PTH111 - Path's raises for a user that is none
    return Path(found).absolute() if os.path.exists(found) else None  # noqa: PTH110 - or for too long a name
