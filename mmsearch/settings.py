"""One frozen Settings, read once: options of the call, then `MMSEARCH_*`, then a TOML file, then the defaults below."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mmsearch.errors import ConfigError, NotFound
from mmsearch.limits import FileLimits
from mmsearch.masking import masked

LogFormat = Literal["text", "json"]

MANIFEST_FILE = "manifest.sqlite3"
"""A folder that holds this file is a library."""

IN_LIBRARY = "library:"
"""What an option of a part begins with that names a file in the library's folder: what was learned for it."""


class Part(BaseModel):
    """A part named by its import path; further keys are the keyword arguments that it is built with."""

    model_config = ConfigDict(frozen=True, extra="allow")

    part: str

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of the part."""
        return dict(self.model_extra or {})


class StoreSettings(BaseModel):
    """Where the vectors stand. Without a `uri` Milvus Lite keeps them in the library's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str = "mmsearch.stores.milvus:MilvusStore"
    uri: str = Field(default="", repr=False)
    token: str = Field(default="", repr=False)
    timeout_s: float = 30.0


class IndexingSettings(BaseModel):
    """How documents are read and written.

    `workers` processes read documents; half the cores when not set, and 0 reads in the program's own process. With the
    engine "ray" they are the workers of Ray; one for each GPU, or for each core, when not set. A reader
    may go without a sign of life (a segment, a window of speech) for `read_timeout_s`, and its process may hold
    `worker_memory_bytes` of resident memory, models included; one that takes more fails its document alone.
    `batch_segments` are written together at most; it is fewer where encoding them takes more than seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: int | None = Field(default=None, ge=0)
    read_timeout_s: float = Field(default=120.0, gt=0)
    worker_memory_bytes: int = Field(default=4 * 1024**3, ge=1)
    batch_segments: int = Field(default=4096, ge=1)
    passage_tokens: int = Field(default=256, ge=32)
    table_rows: int = Field(default=100, ge=1)
    max_file_bytes: int = Field(default=512 * 1024 * 1024, ge=1)
    include: tuple[str, ...] = ()
    """Patterns as in gitignore(5) below each root: only what one of them names; those of a call come on top."""
    exclude: tuple[str, ...] = ()
    follow_symlinks: bool = False
    ray_address: str = ""
    """Of the Ray cluster for `--engine ray`, where RAY_ADDRESS names none; without one a Ray is started here."""
    shard_documents: int = Field(default=256, ge=1)
    """Documents that a worker of Ray is given at once at most, and that are done again when it dies."""


class RemoteSettings(BaseModel):
    """How files elsewhere are fetched. Keys and addresses of services are fsspec's own configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_s: float = Field(default=300.0, gt=0)


class SearchSettings(BaseModel):
    """`depth` is how many segments each space is asked for, `rerank_depth` how many results the reranker reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    depth: int = Field(default=100, ge=1)
    fusion: str = "calibrated"
    rerank: bool = False
    rerank_depth: int = Field(default=30, ge=1)
    fold_duplicates: bool = True
    diversity: float = Field(default=0.0, ge=0.0, le=1.0)
    answer: bool = True
    """Whether the first results are asked for the answer itself."""


class ServerSettings(BaseModel):
    """What `mmsearch serve` takes on. `token` is the key of an admin; made anew where none is set.

    `searches` run at once and so many times four wait; more are told to come again, and so is a key that is no admin's
    after `requests_per_minute`. A key that may write has folders indexed that lie at or below `roots`, an admin any on
    this machine, and with `remote_indexing` from another one too.
    Pages of the sites `origins` ("https://intranet.example") may ask it from a browser, with a key, and no others.
    With `open_here` a server that only this machine reaches asks for no key to search, nor its page for one to add
    files and see how searches went. How searches went is noted in the library's folder; with `keep_words` what was
    searched for is, too. As `log_format` "json" every request is logged on stderr, a JSON object a line; as "text" what
    went wrong alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: str = Field(default="", repr=False)
    searches: int = Field(default=16, ge=1)
    requests_per_minute: int = Field(default=1200, ge=1)
    query_bytes: int = Field(default=32 * 1024 * 1024, ge=1)
    roots: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    remote_indexing: bool = False
    open_here: bool = True
    keep_words: bool = False
    log_format: LogFormat = "text"


DEFAULT_ENCODERS: dict[str, Part] = {
    "words": Part(part="mmsearch.lexical:LexicalEncoder"),
    "text": Part.model_validate({"part": "mmsearch_encoders.text:TextEncoder", "model": "all-MiniLM-L6-v2"}),
    "image": Part.model_validate(
        {
            "part": "mmsearch_encoders.image:ImageEncoder",
            "model": "ViT-B-32",
            "pretrained": "datacomp_xl_s13b_b90k",
        }
    ),
    "table": Part.model_validate(
        {
            "part": "mmsearch_encoders.table:TableEncoder",
            "model": "google/tapas-base-finetuned-wtq",
            "projection": f"{IN_LIBRARY}table-map.safetensors",
        }
    ),
    "sound": Part.model_validate(
        {"part": "mmsearch_encoders.sound:SoundEncoder", "model": "laion/larger_clap_general"}
    ),
}


class Settings(BaseSettings):
    """What a library is built with.

    `spaces` adds to or replaces the default encoders by name; one whose `part` is "" is left out.
    `readers` take the endings that they name before ours do. `answerers` are asked in order; one that has a `space`
    gets its encoder while that is open. A part is `"module:Class"`, ours and a third party's alike; one of its options
    that begins with "library:" is a file in the library's folder. `wait_s` is how long to wait for a library that
    another process has open. `access` names, by folder or address, who may see what is indexed there.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="MMSEARCH_", env_nested_delimiter="__")

    library: Path = Path("library")
    store: StoreSettings = StoreSettings()
    spaces: dict[str, Part] = Field(default_factory=dict)
    readers: tuple[Part, ...] = ()
    recognizer: Part | None = Part.model_validate(
        {"part": "mmsearch_encoders.speech:WhisperRecognizer", "model": "base"}
    )
    ocr: Part | None = Part(part="mmsearch_encoders.ocr:RapidOcr")
    reranker: Part | None = Part.model_validate(
        {"part": "mmsearch_encoders.rerank:CrossEncoderReranker", "model": "cross-encoder/ms-marco-MiniLM-L6-v2"}
    )
    answerers: tuple[Part, ...] = (
        Part(part="mmsearch.answering.table:TableAnswerer"),
        Part.model_validate(
            {"part": "mmsearch_encoders.extractive:ExtractiveAnswerer", "model": "deepset/tinyroberta-squad2"}
        ),
        Part.model_validate({"part": "mmsearch.answering.sentences:SentenceAnswerer", "space": "text"}),
        Part(part="mmsearch.answering.lettering:LetteringAnswerer"),
    )
    page: str = "mmsearch_ui.page:mount"
    wait_s: float = Field(default=10.0, ge=0)
    access: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    indexing: IndexingSettings = IndexingSettings()
    limits: FileLimits = FileLimits()
    remote: RemoteSettings = RemoteSettings()
    search: SearchSettings = SearchSettings()
    server: ServerSettings = ServerSettings()

    @property
    def encoders(self) -> dict[str, Part]:
        """The encoders by space name: the defaults with `spaces` laid over them."""
        return {name: self.placed(part) for name, part in {**DEFAULT_ENCODERS, **self.spaces}.items() if part.part}

    def placed(self, part: Part) -> Part:
        """The part with the whole paths of files that it has in the library's folder."""
        files = {
            name: str(self.library.absolute() / value.removeprefix(IN_LIBRARY))
            for name, value in part.options.items()
            if isinstance(value, str) and value.startswith(IN_LIBRARY)
        }
        return Part(part=part.part, **{**part.options, **files}) if files else part

    @model_validator(mode="after")
    def _rerank_by_something(self) -> Self:
        if self.search.rerank and not (self.reranker and self.reranker.part):
            raise ConfigError("settings: search.rerank is on and no reranker is set; set one, or leave it off")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = Path(os.environ.get("MMSEARCH_CONFIG", "mmsearch.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def existing_library(settings: Settings) -> Path:
    """The folder of the library that the settings name. Raises NotFound when there is none yet."""
    folder = settings.library.absolute()
    if not (folder / MANIFEST_FILE).is_file():
        raise NotFound(
            f'{folder} is not a library yet; make it with "mmsearch index PATH --library {settings.library}"'
        )
    return folder


def read_settings(**options: Any) -> Settings:
    """The settings under the options that are not None. Raises ConfigError naming each key that is wrong."""
    config = os.environ.get("MMSEARCH_CONFIG")
    if config and not Path(config).is_file():
        raise ConfigError(f"MMSEARCH_CONFIG names {config}, which is not a file")
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigError(f"settings: {wrong}") from error
    except ValueError as error:  # TOML that does not parse
        raise ConfigError(f"settings: {error}") from error


def shown(settings: Settings) -> dict[str, Any]:
    """All settings as JSON has them, with the encoders that follow from them; what is secret is masked."""
    values = settings.model_dump(mode="json") | {
        "spaces": {name: part.model_dump(mode="json") for name, part in settings.encoders.items()}
    }
    return dict(masked(values))
