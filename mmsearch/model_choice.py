"""Which model serves a space: the one that made what the library holds, or another one that the settings name.

A library knows the model of each of its spaces. It goes on with that one until somebody says otherwise: by
`mmsearch reembed`, which takes the library to another model, or by a setting that names one, which is not overruled.
"""

import os
from pathlib import Path
from typing import Any

from mmsearch.settings import Part

MODEL_OPTIONS = ("model", "pretrained")
"""The options by which parts name their model; the others say how it is run."""


def names_model(part: Part | None) -> bool:
    """Whether the settings of the part say which model it is to be."""
    return part is not None and any(name in part.options for name in MODEL_OPTIONS)


def naming(part: Part) -> Part:
    """The part with the options that name its model alone; files and folders by their absolute paths."""
    options = {name: settled(part.options[name]) for name in MODEL_OPTIONS if name in part.options}
    return Part(part=part.part, **options)


def same_model(one: Part, other: Part) -> bool:
    """Whether both are the same part and name the same model."""
    ours, theirs = naming(one), naming(other)
    same = all(ours.options.get(name) == theirs.options.get(name) for name in MODEL_OPTIONS)
    return ours.part == theirs.part and same


def with_model(part: Part, model: Part) -> Part:
    """The part with its other options, and the model of the other."""
    others = {name: value for name, value in part.options.items() if name not in MODEL_OPTIONS}
    return Part(part=part.part, **others, **naming(model).options)


def serving(set_part: Part, explicit: bool, made: Part | None, instead_of: Part | None, moving: bool) -> Part:
    """The part that a space is served by.

    `set_part` is what the settings say, `explicit` whether they name a model and not only the defaults do; `made` is
    what the library's vectors are from, `instead_of` the setting that it was chosen over, and `moving` says that the
    space is being filled by another model. A made part of another import path is never built: a library is data, and
    the settings alone say which code is run.
    """
    if made is None or made.part != set_part.part or same_model(made, set_part):
        return set_part
    overruled = instead_of is not None and same_model(instead_of, set_part)
    return with_model(set_part, made) if moving or overruled or not explicit else set_part


def is_place(model: str) -> bool:
    """Whether it says where a model lies, and not what it is called."""
    return model.startswith((".", "~")) or Path(model).is_absolute()


def settled(value: Any) -> Any:
    """A path that is there as it reads from everywhere, all else as it is."""
    if not isinstance(value, str) or not value:
        return value
    place = os.path.expanduser(value)  # noqa: PTH111 - Path's raises for a user that is none
    return str(Path(place).absolute()) if os.path.exists(place) else value  # noqa: PTH110 - or for too long a name
