"""Nothing is encoded twice: a document with the bytes of another one, by the same reader, takes over its vectors.

That is a moved or renamed file, whose old place is still in the library until the end of the indexing, and a copy.
A vector is taken over where the encoder would be given the same again: a new name that becomes the title of a text
changes what is embedded, and that is encoded anew. A space that pictures or sounds can be put to is made from them
and not from words, so that it never is.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from mmsearch.manifest import Entry, Manifest
from mmsearch.protocols import Store
from mmsearch.spaces import OpenSpace
from mmsearch.types import Content, Segment, Space, Vector
from mmsearch.windows import MARK

RECENT_VECTORS = 4_096
"""Kept of each space: what was encoded a moment ago may not stand in the store yet."""


class Twins:
    """Encodes, and takes from the store what stands there for the same bytes; `reused` counts the vectors taken."""

    def __init__(self, store: Store, manifest: Manifest) -> None:
        self._store, self._manifest = store, manifest
        self._lent: dict[str, tuple[str, dict[Hashable, Vector]]] = {}
        self._recent: defaultdict[str, OrderedDict[Hashable, Vector]] = defaultdict(OrderedDict)
        self.reused = 0

    def encode(self, space: OpenSpace, windows: Sequence[tuple[Entry, Segment]]) -> Content:
        """The content of the windows as the space's encoder gives it, each with the entry of its document.

        A window whose document has a twin in the space gets the twin's vector, and of twins among the windows one is
        encoded. Raises ModelError, StoreError.
        """
        if space.space.kind == "lexical":  # analysed in no time, and looked up by a word's every spelling
            return space.encoder.encode([window for _, window in windows])
        keys = [(entry.content, entry.reader, _input(space.space, window)) for entry, window in windows]
        recent = self._recent[space.collection]
        found: dict[Hashable, Vector] = {key: recent[key] for key in keys if key in recent}
        for entry in {entry.id: entry for entry, _ in windows}.values():
            for key, vector in self._of_twin(space, entry).items():
                found[entry.content, entry.reader, key] = vector
        missing = {key: window for key, (_, window) in zip(keys, windows, strict=True) if key not in found}
        if missing:
            encoded: dict[Hashable, Vector] = dict(
                zip(missing, np.asarray(space.encoder.encode(list(missing.values()))), strict=True)
            )
            found |= encoded
            recent |= encoded
            while len(recent) > RECENT_VECTORS:
                recent.popitem(last=False)
        self.reused += len(windows) - len(missing)
        return np.stack([found[key] for key in keys])

    def _of_twin(self, space: OpenSpace, entry: Entry) -> dict[Hashable, Vector]:
        """The vectors of a document in the space with the entry's content; the last one's are kept: more is to come."""
        twin = self._manifest.twin(entry, space.space.fingerprint) if entry.content else None
        if twin is None:
            return {}
        if self._lent.get(space.collection, ("",))[0] != entry.id + twin:
            rows = self._store.scan(space.collection, [twin])
            vectors = {_input(space.space, row): np.asarray(vector, np.float32) for row, vector in rows}
            self._lent[space.collection] = entry.id + twin, vectors
        return self._lent[space.collection][1]


def _input(space: Space, window: Segment) -> Hashable:
    """What the encoder makes the vector from: equal for the same place in the same bytes, said with the same words."""
    number = window.id.partition(MARK)[2]
    place = window.modality, window.span, number
    if space.answers & {"image", "audio"}:
        return place
    return *place, window.title, window.headings, window.text, window.table
