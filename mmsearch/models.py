"""The models that the settings name: which there are, where they are, whether they are whole."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmsearch.errors import ConfigError, ModelError
from mmsearch.model_choice import with_model
from mmsearch.parts import answerers_of, build, load, settings_in_force
from mmsearch.settings import Part, read_settings

CATALOGUE = "mmsearch_encoders.catalogue"


def listed() -> list[dict[str, Any]]:
    """Every model that is set or could be: role, name, whether it is set, where its weights are, and its facts."""
    found = _catalogue("list_models")(_configured())
    return [
        asdict(status) | {"path": str(status.path) if status.path else None, "here": status.path is not None}
        for status in found
    ]


def pull(name: str, model: str = "", pretrained: str = "") -> Path:
    """Get the weights of a role or a name; of another `model` for a space, where one is given.

    Raises ConfigError, ModelUnavailable within seconds when there is no network.
    """
    if not model:
        return Path(_catalogue("pull")(name, _configured()))
    encoders = read_settings().encoders
    if name not in encoders:
        raise ConfigError(f'no space is called "{name}": a model is for one of {", ".join(encoders)}')
    options = {"model": model} | ({"pretrained": pretrained} if pretrained else {})
    encoder: Any = build(with_model(encoders[name], Part.model_validate({"part": encoders[name].part, **options})))
    return Path(_catalogue("pull")(encoder.source.role, [encoder.source]))


def verify(name: str, files_only: bool = False) -> str:
    """Say that the model's files are whole and, unless only they are asked about, that it ranks known pairs right.

    Raises ModelError naming what is broken, ModelUnavailable.
    """
    parts = _configured_parts()
    verdict = _catalogue("verify")(name, _sources(*parts))
    if verdict.broken:
        raise ModelError("; ".join(verdict.broken))
    whole = f"{name} is whole: {verdict.path}"
    canary = None if files_only else _catalogue("try_canary")(name, parts)
    if canary is not None and not canary.sings:
        raise ModelError(
            f"{whole}, but {canary}: the weights are broken, or made for another language or purpose than the pairs "
            'in mmsearch_encoders/canary.py; "--files" checks the files alone'
        )
    return f"{whole}; {canary}" if canary else whole


def _configured() -> list[Any]:
    """Where the weights of each part that is used come from."""
    return _sources(*_configured_parts())


def _configured_parts() -> list[Any]:
    """The parts that are used and have weights."""
    settings = settings_in_force(read_settings())
    parts = [*settings.encoders.values(), settings.recognizer, settings.ocr, settings.reranker]
    built = [*(build(part) for part in parts if part is not None and part.part), *answerers_of(settings, {})]
    return [model for model in built if _sources(model)]


def _sources(*parts: Any) -> list[Any]:
    """Of a part with several models its `sources`, of one with one its `source`."""
    several = [getattr(part, "sources", None) or (getattr(part, "source", None),) for part in parts]
    return [source for sources in several for source in sources if source]


def _catalogue(name: str) -> Callable[..., Any]:
    return load(f"{CATALOGUE}:{name}")
