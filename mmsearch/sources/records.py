"""Records: documents that are no files of their own."""

import json
from collections.abc import Iterator
from pathlib import Path

from mmsearch.errors import CorruptMedia
from mmsearch.sources.found import Unread, reachable
from mmsearch.types import Document

CORPUS_FILE = "corpus.jsonl"
"""A folder with this file and `queries.jsonl` or `qrels` beside it is a retrieval set in the BEIR layout."""


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
