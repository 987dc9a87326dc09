"""Makes the parts that the settings name by import path, in whatever process they are needed."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch.manifest import Manifest
from mmsearch.model_choice import names_model, serving
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Answerer, Encoder, Hearing, Hears, OcrEngine, Reader, SpeechRecognizer
from mmsearch.readers import default_readers
from mmsearch.readers.audio import AudioReader
from mmsearch.reading import Here, Limits, ProcessPool, Reading, usual_workers
from mmsearch.settings import MANIFEST_FILE, Part, Settings
from mmsearch.sources import Copies

SOUND = "sound"
"""The space for which recordings are cut into windows of sound."""
EXTRAS: Mapping[str, str] = {
    "mmsearch_encoders": "encoders",
    "mmsearch_ui": "ui",
    "mmsearch.server.mcp": "mcp",
    "mmsearch.server": "server",
    "mmsearch": "readers",
}
"""The beginning of a module's path -> the extra that brings what it imports; the first that fits."""


def load(path: str) -> Callable[..., object]:
    """What an import path `module:name` names. Raises ConfigError saying what is missing."""
    module, _, name = path.partition(":")
    try:
        return cast(Callable[..., object], getattr(import_module(module), name))
    except ModuleNotFoundError as error:
        extra = next((extra for begins, extra in EXTRAS.items() if f"{module}.".startswith(f"{begins}.")), "")
        hint = f'; install it with pip install "mmsearch[{extra}]"' if extra and error.name != module else ""
        raise ConfigError(f'the part "{path}" needs the module {error.name}, which is not installed{hint}') from error
    except AttributeError as error:
        raise ConfigError(f'the part "{path}": {module} has no "{name}"') from error


class Closed:
    """Stands for a part that cannot be made because what it needs is not installed: whatever is asked of it says so."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ModelUnavailable(self._reason)


def build(part: Part) -> object:
    """The part, made with its options, or what stands for it. Raises ConfigError when it does not take them."""
    try:
        return load(part.part)(**part.options)
    except ModelUnavailable as error:
        return Closed(str(error))
    except TypeError as error:
        raise ConfigError(f"{part.part}: {error}") from error


def readers_of(settings: Settings) -> tuple[Reader, ...]:
    """The readers, with what the open models give them: the recogniser, the OCR, the token limit, what is heard.

    Loads no model.

    Made again in each process that reads: models are not sent.
    """
    limits = settings.indexing
    part = settings.encoders.get("text")
    text = build(part) if part else None
    tokenizer_file = getattr(text, "tokenizer_file", None) if text and not closed_reason(text) else None
    tokens = min(limits.passage_tokens, getattr(text, "max_tokens", limits.passage_tokens))
    return default_readers(
        PassageSplitter(tokens, tokenizer_file),
        limits.table_rows,
        cast(SpeechRecognizer | None, ready(settings.recognizer)),
        cast(OcrEngine | None, ready(settings.ocr)),
        [cast(Reader, build(part)) for part in settings.readers],
        settings.limits,
        _hearing(settings),
    )


def _hearing(settings: Settings) -> Hearing | None:
    """How recordings are to be cut for the open space that hears; None where there is none."""
    part = settings.encoders.get(SOUND)
    encoder = build(part) if part else None
    return encoder.hearing if encoder and not closed_reason(encoder) and isinstance(encoder, Hears) else None


def encoders_of(settings: Settings) -> dict[str, Encoder]:
    """The encoders of the settings by space name."""
    return {name: cast(Encoder, build(part)) for name, part in settings.encoders.items()}


def in_force(settings: Settings, manifest: Manifest, moving: str = "") -> Settings:
    """The settings with the model that each space of the library is served by: see `model_choice`.

    As they are while the space `moving` is being filled by another model, if it is named.
    """
    held, succession = manifest.spaces(), manifest.succession
    spaces = {
        name: serving(
            part,
            names_model(settings.spaces.get(name)),
            succession.maker(held[name][1]),
            succession.instead_of(name),
            name == moving or succession.spare(name, "filling") is not None,
        )
        for name, part in settings.encoders.items()
        if name in held
    }
    return settings.model_copy(update={"spaces": {**settings.spaces, **spaces}})


def settings_in_force(settings: Settings) -> Settings:
    """The settings with the models of the library that they name, if it is there."""
    file = settings.library / MANIFEST_FILE
    if not file.is_file():
        return settings
    with closing(Manifest(file)) as manifest:
        return in_force(settings, manifest)


def answerers_of(settings: Settings, encoders: Mapping[str, Encoder]) -> tuple[Answerer, ...]:
    """The answerers of the settings; one that names a space gets its encoder, or none while that is closed."""
    built = []
    for part in settings.answerers:
        options = settings.placed(part).options
        if space := options.pop("space", ""):
            encoder = encoders.get(space)
            options["encoder"] = None if encoder is None or closed_reason(encoder) else encoder
        built.append(cast(Answerer, build(Part(part=part.part, **options))))
    return tuple(built)


def closed_aids(settings: Settings) -> dict[str, str]:
    """Why recordings go without transcripts or pictures without their lettering, where they do."""
    aids = {"recognizer": settings.recognizer, "ocr": settings.ocr}
    built = {name: build(part) for name, part in aids.items() if part and part.part}
    reasons = {name: closed_reason(aid, "fingerprint") for name, aid in built.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def copies_in(settings: Settings, folder: Path) -> Copies:
    """Where what is elsewhere stands while it is read, below the folder, with the limits of the settings."""
    return Copies(folder / "fetched", settings.indexing.max_file_bytes, settings.remote.timeout_s)


def recognised_suffixes(settings: Settings) -> frozenset[str]:
    """The endings whose reader loads the recogniser of speech; none while that is closed."""
    return AudioReader.suffixes if ready(settings.recognizer) else frozenset()


def ready(part: Part | None) -> object | None:
    """The part if its model can be used now, else None."""
    if part is None or not part.part:
        return None
    model: Any = build(part)
    return None if closed_reason(model, "fingerprint") else cast(object, model)


def closed_reason(model: object, fact: str = "space") -> str:
    """Why the model cannot be used, with the command that gets it; empty when it can."""
    try:
        getattr(model, fact)
    except ModelUnavailable as error:
        return str(error)
    return ""


def reading_of(settings: Settings, served: Settings, readers: Sequence[Reader], folder: Path) -> Reading:
    """What reads documents, with a folder for what is on its way: processes, or this one where none are wanted.

    `served` are the settings in force, by which a process makes readers like these.
    """
    limits = settings.indexing
    workers = usual_workers() if limits.workers is None else limits.workers
    if not workers:
        return Here(readers, folder, copies_in(settings, folder), settings.limits)
    return ProcessPool(
        "mmsearch.parts:readers_of",
        (served,),
        folder,
        workers,
        Limits(limits.read_timeout_s, limits.worker_memory_bytes, settings.limits),
        copies_in(settings, folder),
        recognised_suffixes(served),
    )
