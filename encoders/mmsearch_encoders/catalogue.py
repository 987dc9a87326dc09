"""The models that mmsearch uses by itself and some that are worth setting instead, as data."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmsearch.errors import ConfigError
from mmsearch_encoders import (
    canary,
    extractive,
    fetching,
    image,
    rerank,
    sound,
    speech,
    table,
    tapas,
    tapas_reader,
    text,
)
from mmsearch_encoders.canary import Canary
from mmsearch_encoders.fetching import Verdict
from mmsearch_encoders.weights import Source, find

MB = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelFact:
    """A model that can be set. `size_bytes` is about what pulling gets; `options` go into the part's settings.

    `dim` is 0 for what makes no vectors; `packaged` weights come with an installed package.
    """

    role: str
    name: str
    size_bytes: int
    licence: str
    dim: int
    purpose: str
    options: dict[str, Any] = field(default_factory=dict)
    default: bool = False
    packaged: bool = False

    @property
    def source(self) -> Source:
        """Where it comes from."""
        source: Source = SOURCES[self.role](**self.options)
        return source


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model that is set, or could be: its facts where the catalogue has them, and its place on this machine."""

    role: str
    name: str
    set: bool
    path: Path | None
    fact: ModelFact | None


SOURCES: dict[str, Any] = {
    "text": text.source_of,
    "image": lambda model, pretrained: image.source_of(model, pretrained)[0],
    "table": tapas.source_of,
    "table-reader": lambda model: tapas.source_of(model, "table-reader"),
    "speech": speech.source_of,
    "sound": sound.source_of,
    "reranker": rerank.source_of,
    "answerer": extractive.source_of,
}

MAKERS: dict[str, Callable[..., Any]] = {
    "text": text.TextEncoder,
    "image": image.ImageEncoder,
    "table": table.TableEncoder,
    "table-reader": tapas_reader.TapasReader,
    "reranker": rerank.CrossEncoderReranker,
}
"""What runs the model of a role, made with the options of its fact."""
TABLE_READERS = tuple(
    ModelFact(
        "table-reader", f"tapas-{size}-finetuned-{trained}", mb * MB, "Apache-2.0", 0, purpose,
        {"model": f"google/tapas-{size}-finetuned-{trained}"}, default=(size, trained) == ("base", "wtq"),
    )
    for size, mb in {"tiny": 18, "mini": 46, "small": 118, "base": 443, "large": 1350}.items()
    for trained, purpose in {
        "wtq": "answers from tables: cells, counts, sums, averages",
        "wikisql-supervised": "the same, for questions of one condition",
        "sqa": "answers from tables: cells alone",
    }.items()
)  # fmt: skip
"""The weights of a name that the table space has too are the same ones."""

CATALOGUE: tuple[ModelFact, ...] = (
    ModelFact(
        "text", "all-MiniLM-L6-v2", 91 * MB, "Apache-2.0", 384, "English sentences, fast",
        {"model": "all-MiniLM-L6-v2"}, default=True, packaged=True,
    ),
    ModelFact(
        "text", "bge-small-en-v1.5", 134 * MB, "MIT", 384, "English sentences, better on questions",
        {"model": "BAAI/bge-small-en-v1.5"},
    ),
    ModelFact(
        "text", "multilingual-e5-small", 490 * MB, "MIT", 384, "sentences in 100 languages",
        {"model": "intfloat/multilingual-e5-small"},
    ),
    ModelFact(
        "image", "ViT-B-32/datacomp_xl_s13b_b90k", 605 * MB, "MIT", 512, "pictures and English words",
        {"model": "ViT-B-32", "pretrained": "datacomp_xl_s13b_b90k"}, default=True,
    ),
    ModelFact(
        "image", "PE-Core-S-16-384/meta", 350 * MB, "Apache-2.0", 512, "pictures and English words, finer, slower",
        {"model": "PE-Core-S-16-384", "pretrained": "meta"},
    ),
    ModelFact(
        "image", "ViT-B-32-SigLIP2-256/webli", 1510 * MB, "Apache-2.0", 768, "pictures and words in 100 languages",
        {"model": "ViT-B-32-SigLIP2-256", "pretrained": "webli"},
    ),
    ModelFact(
        "image", "MobileCLIP2-S0/dfndr2b", 300 * MB, "Apple research only", 512, "pictures and English words, small",
        {"model": "MobileCLIP2-S0", "pretrained": "dfndr2b"},
    ),
    ModelFact(
        "table", "tapas-base-finetuned-wtq", 443 * MB, "Apache-2.0", 768, "tables",
        {"model": "google/tapas-base-finetuned-wtq"}, default=True,
    ),
    ModelFact(
        "table", "tapas-small-finetuned-wtq", 118 * MB, "Apache-2.0", 512, "tables, a quarter of the time",
        {"model": "google/tapas-small-finetuned-wtq"},
    ),
    *TABLE_READERS,
    ModelFact("speech", "whisper-tiny", 76 * MB, "MIT", 0, "speech in 99 languages, rough", {"model": "tiny"}),
    ModelFact("speech", "whisper-base", 145 * MB, "MIT", 0, "speech in 99 languages", {"model": "base"}, True),
    ModelFact("speech", "whisper-small", 484 * MB, "MIT", 0, "speech in 99 languages, slow", {"model": "small"}),
    ModelFact("speech", "whisper-turbo", 1618 * MB, "MIT", 0, "speech in 99 languages, for a GPU", {"model": "turbo"}),
    ModelFact(
        "sound", "larger_clap_general", 776 * MB, "Apache-2.0", 512, "sounds, music and English words for them",
        {"model": sound.DEFAULT}, default=True,
    ),
    ModelFact(
        "sound", "clap-htsat-unfused", 615 * MB, "Apache-2.0", 512, "sounds and English words for them, smaller",
        {"model": "laion/clap-htsat-unfused"},
    ),
    ModelFact(
        "reranker", "ms-marco-MiniLM-L6-v2", 92 * MB, "Apache-2.0", 0, "reads the best results again, English",
        {"model": rerank.DEFAULT}, default=True,
    ),
    ModelFact(
        "reranker", "mmarco-mMiniLMv2-L12-H384-v1", 493 * MB, "Apache-2.0", 0, "reads again, 14 languages, slower",
        {"model": "cross-encoder/mmarco-mMiniLMv2-L12-H384-v1"},
    ),
    ModelFact(
        "reranker", "bge-reranker-v2-m3", 2293 * MB, "Apache-2.0", 0, "reads again, 100 languages, for a GPU",
        {"model": "BAAI/bge-reranker-v2-m3"},
    ),
    ModelFact(
        "answerer", "tinyroberta-squad2", 326 * MB, "CC-BY-4.0", 0, "reads answers out of texts, English",
        {"model": extractive.DEFAULT}, default=True,
    ),
    ModelFact(
        "answerer", "distilbert-base-cased-distilled-squad", 261 * MB, "Apache-2.0", 0,
        "reads answers out of texts, English, refuses by a margin",
        {"model": "distilbert/distilbert-base-cased-distilled-squad"},
    ),
)  # fmt: skip


def list_models(configured: Iterable[Source]) -> list[ModelStatus]:
    """The models that are set, then the catalogue's others; says of each whether it is here, without loading any."""
    by_source = {fact.source: fact for fact in CATALOGUE}
    chosen = list(configured)
    set_ones = [ModelStatus(s.role, s.model, True, find(s), by_source.get(s)) for s in chosen]
    others = [ModelStatus(f.role, f.name, False, find(s), f) for s, f in by_source.items() if s not in chosen]
    return set_ones + others


def source_named(name: str, configured: Iterable[Source]) -> Source:
    """What `mmsearch models pull NAME` means: a role or a name of the catalogue.

    A role is the model that is set for it, or the default of what is not set.

    Raises ConfigError naming what there is.
    """
    roles = {fact.role: fact.source for fact in CATALOGUE if fact.default}
    roles |= {source.role: source for source in configured}
    facts = {fact.name: fact for fact in CATALOGUE}
    if name in roles:
        return roles[name]
    if name in facts:
        return facts[name].source
    raise ConfigError(f'no model is called "{name}"; there are {", ".join((*roles, *facts))}')


def pull(name: str, configured: Iterable[Source]) -> Path:
    """Get the model of the name; see fetching.pull."""
    return fetching.pull(source_named(name, configured))


def verify(name: str, configured: Iterable[Source]) -> Verdict:
    """Check the files of the model of the name; see fetching.verify."""
    return fetching.verify(source_named(name, configured))


def try_canary(name: str, parts: Iterable[Any]) -> Canary | None:
    """How the model of the name does on its canary; None for a role without one. `parts` are what the settings make.

    Raises ConfigError, ModelUnavailable, ModelError where it does not load or run.
    """
    made = list(parts)
    source = source_named(name, [part.source for part in made])
    part = next((part for part in made if part.source == source), None)
    if source.role not in canary.CANARIES:
        return None
    if part is None:
        fact = next(fact for fact in CATALOGUE if fact.name == name)
        part = MAKERS[fact.role](**fact.options)
    return canary.CANARIES[source.role](part)
