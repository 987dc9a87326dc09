"""Records in JSON Lines: manifests, and the corpora of retrieval sets in the BEIR layout."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from mmsearch.errors import CorruptMedia
from mmsearch.sources.found import Unread, reachable
from mmsearch.sources.records import Records
from mmsearch.sources.remote import fetch
from mmsearch.types import Document, Remote, Root

MANIFEST_ENDING = ".mmsearch.jsonl"
"""A file with this ending is a manifest wherever it is found; any other is one when it is called so."""

CORPUS_FILE = "corpus.jsonl"
"""A folder with this file and `queries.jsonl` or `qrels` beside it is a retrieval set in the BEIR layout."""


MOST_BYTES, MOST_S = 1 << 30, 300.0
"""For a manifest itself, where it is elsewhere."""


def listed(root: Root, elsewhere: Remote | None = None) -> Iterator[Document | Unread]:
    """The documents of the manifest at the root's place, a record a line; one elsewhere is fetched first.

    A line that is no record is an Unread, and while there is one nothing of the manifest counts as gone. Raises
    NotFound, Forbidden, SourceUnavailable, TooLarge, InputError.
    """
    if elsewhere is None:
        yield from _lines(root, Path(root.place))
        return
    with TemporaryDirectory(prefix="mmsearch-") as folder:
        copy = Path(folder, "manifest")
        fetch(elsewhere, copy, MOST_BYTES, MOST_S)
        yield from _lines(root, copy)


def _lines(root: Root, file: Path) -> Iterator[Document | Unread]:
    records = Records(root, root.place)
    with reachable(root.place), file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            where = f"{root.place}, line {number}"
            if not line.strip():
                continue
            try:
                item = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except (ValueError, RecursionError) as error:
                yield Unread(root.place, error=CorruptMedia(f"{where} is not JSON: {error}"))
                continue
            yield records.document(item, where)


def is_set(folder: Path) -> bool:
    """Whether the folder is a retrieval set in the BEIR layout."""
    return (folder / CORPUS_FILE).is_file() and ((folder / "queries.jsonl").is_file() or (folder / "qrels").is_dir())


def corpus_records(corpus: Path) -> Iterator[Document | Unread]:
    """The documents of a retrieval set, a record a line."""
    with reachable(corpus), corpus.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                record = json.loads(line)
                yield Document(uri=f"{corpus.as_posix()}#{record['_id']}", path=corpus, record=record)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"{corpus}, line {number} is not a record with an _id: {error!r}"
                yield Unread(corpus.as_posix(), error=CorruptMedia(reason))
