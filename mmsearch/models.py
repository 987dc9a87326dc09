"""The models that the settings name: which there are, where they are, whether they are whole."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmsearch.app import App
from mmsearch.errors import ConfigError, ModelError
from mmsearch.indexing import BAD_DOCUMENT
from mmsearch.model_choice import with_model
from mmsearch.parts import answerers_of, build, copies_in, load, settings_in_force
from mmsearch.settings import Part, read_settings
from mmsearch.sources import find_documents, is_there, reader_of
from mmsearch.types import Document, Segment

CATALOGUE = "mmsearch_encoders.catalogue"
MOST_TABLES = 500
"""Tables that a map is fitted to at most: TAPAS takes about a second for each."""


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
    verdict = _catalogue("verify")(name, [part.source for part in parts])
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


def align(library: str | Path | None = None) -> str:
    """Map the table space into the text space from the tables of a library; says how well it went and where it is.

    Raises ConfigError when no table space is set, ModelUnavailable, ModelError for too few tables.
    """
    with App(read_settings(library=library), create=False) as app:
        encoder: Any = app.encoders.get("table")
        if not hasattr(encoder, "align"):
            raise ConfigError('the settings name no "table" space that can be aligned')
        file = Path(encoder.projection_file)
        projection = encoder.align(list(islice(_tables(app), MOST_TABLES)), file)
    return f'explains {projection.explained:.0%} of the text vectors; it is in {file}: run "mmsearch index" to use it'


def _tables(app: App) -> Iterator[Segment]:
    """The tables of the files that were indexed; those that cannot be read are passed over: indexing named them."""
    with TemporaryDirectory(prefix="mmsearch-") as scratch:
        copies = copies_in(app.settings, Path(scratch))
        for root in app.manifest.roots():
            for place in find_documents(root, app.readers) if is_there(root) else ():
                if isinstance(place, Document):
                    with suppress(*BAD_DOCUMENT), copies.at_hand(place) as document:
                        segments = reader_of(document, app.readers).read(document)
                        yield from (segment for segment in segments if segment.modality == "table")


def _configured() -> list[Any]:
    """Where the weights of each part that is used come from."""
    return [part.source for part in _configured_parts()]


def _configured_parts() -> list[Any]:
    """The parts that are used and have weights."""
    settings = settings_in_force(read_settings())
    parts = [*settings.encoders.values(), settings.recognizer, settings.ocr, settings.reranker]
    built = [*(build(part) for part in parts if part is not None and part.part), *answerers_of(settings, {})]
    return [model for model in built if getattr(model, "source", None) is not None]


def _catalogue(name: str) -> Callable[..., Any]:
    return load(f"{CATALOGUE}:{name}")
