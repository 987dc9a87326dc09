"""Small libraries on the memory store for tests of the pipeline, and what is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hashing import HashingEncoder

from mmsearch.client import Client
from mmsearch.indexing import Indexer
from mmsearch.lexical import LexicalEncoder
from mmsearch.manifest import Manifest
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Encoder, Reader, Store
from mmsearch.readers import default_readers
from mmsearch.reading import Here
from mmsearch.renditions import Renditions
from mmsearch.settings import MANIFEST_FILE
from mmsearch.sources import Copies
from mmsearch.spaces import held_collections
from mmsearch.stores.memory import MemoryStore


@dataclass
class Library:
    """A library in a folder; the store outlives the indexers, as a real one outlives processes."""

    folder: Path
    memory: MemoryStore = field(default_factory=MemoryStore)
    encoders: Mapping[str, Encoder] = field(
        default_factory=lambda: {"words": LexicalEncoder(), "text": HashingEncoder()}
    )
    readers: Sequence[Reader] = field(default_factory=lambda: default_readers(PassageSplitter(256)))
    batch_segments: int = 4
    max_file_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.manifest = Manifest(self.folder / MANIFEST_FILE)
        self.renditions = Renditions(self.folder / "pictures")

    def indexer(self, store: Store | None = None) -> Indexer:
        return Indexer(
            self.encoders,
            self.readers,
            self._reading,
            store or self.memory,
            self.manifest,
            self.renditions,
            self.folder / "reading",
            self.batch_segments,
            self.max_file_bytes,
        )

    def _reading(self, folder: Path) -> Here:
        return Here(self.readers, folder, Copies(folder / "fetched", self.max_file_bytes, 20.0))

    def dump(self) -> dict[str, Any]:
        """All that the library holds, by segment id: to compare libraries whole."""
        return dump(self.folder, self.manifest, self.memory)

    def words(self) -> str:
        """Every stored word of the library, to ask whether something is still in it."""
        return " ".join(segment.text for segment, _ in self.dump()["words"].values())


STORES: dict[str, MemoryStore] = {}
"""The stores of `client`, by the place they would have on disk: they outlive the clients as files do."""


class _KeptStore(MemoryStore):
    def close(self) -> None:
        """Nothing is lost."""


def kept_store(uri: str, token: str = "", timeout_s: float = 0.0) -> MemoryStore:
    """The memory store at the place, as settings name a store."""
    return STORES.setdefault(uri, _KeptStore())


def client(folder: Path, model: str = "", pictures: str = "", **settings: Any) -> Client:
    """A client on memory stores with the hashing encoders; without a `model` the settings name none."""
    off = {"part": ""}
    text = {"part": "hashing:HashingEncoder"} | ({"model": model} if model else {})
    image = {"part": "hashing:HashingPictures", "model": pictures} if pictures else off
    spaces = {"text": text, "image": image, "table": off, "sound": off} | settings.pop("spaces", {})
    store = settings.pop("store", {"part": "libraries:kept_store"})
    small = {"batch_segments": 4, "workers": 0}
    return Client(folder, spaces=spaces, store=store, recognizer=off, ocr=off, indexing=small, **settings)


def dump_of(client: Client) -> dict[str, Any]:
    """All that the client's library holds."""
    app = client.app
    assert isinstance(app.store, MemoryStore)
    return dump(app.settings.library, app.manifest, app.store)


def dump(folder: Path, manifest: Manifest, memory: MemoryStore) -> dict[str, Any]:
    """What is in a library by space, segment and document, apart from the names of its collections."""
    held: dict[str, Any] = {}
    for name, collection in held_collections(manifest, memory).items():
        rows = memory._collections[collection]
        held[name] = {id: (rows.segments[id], _content(rows, id)) for id in sorted(rows.segments)}
    held["pictures"] = sorted(p.name for p in folder.glob("pictures/*/*/*"))
    held["sketches"] = manifest.sketches(entry.id for entry in manifest.entries())
    held["manifest"] = [
        (entry.uri, entry.content, entry.modality, entry.segments, sorted(entry.spaces.items()), entry.done)
        for entry in manifest.entries()
    ]
    return held


def _content(rows: Any, id: str) -> object:
    return rows.vectors[id].tolist() if id in rows.vectors else sorted(rows.terms[id].items())
