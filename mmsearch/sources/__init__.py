"""What there is to index: the documents of a root, with the files that describe them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from mmsearch.errors import InputError, NotFound
from mmsearch.protocols import Reader
from mmsearch.sources.access import access_of, with_access
from mmsearch.sources.copies import Copies
from mmsearch.sources.datasets import rows
from mmsearch.sources.folders import LocalTree, OwnLists, document_at, walk
from mmsearch.sources.found import SkipReason, Unread, unsupported
from mmsearch.sources.listed import CORPUS_FILE, MANIFEST_ENDING, corpus_records, is_set, listed
from mmsearch.sources.records import columns_of, given
from mmsearch.sources.remote import RemoteTree, is_remote, looked_up, name_of
from mmsearch.sources.selection import IGNORE_FILE, Selection
from mmsearch.sources.signatures import content_signature, kind_of, size_bytes, stat_signature
from mmsearch.types import Document, Root

__all__ = [
    "CORPUS_FILE",
    "IGNORE_FILE",
    "MANIFEST_ENDING",
    "Copies",
    "SkipReason",
    "Unread",
    "access_of",
    "check",
    "content_signature",
    "countable",
    "find_documents",
    "given",
    "is_remote",
    "is_set",
    "is_there",
    "kind_of",
    "lies_at",
    "original",
    "reader_of",
    "size_bytes",
    "stat_signature",
    "with_access",
]


def find_documents(root: Root, readers: Sequence[Reader]) -> Iterator[Document | Unread]:
    """The documents at or below the root in the order of their places, and the places that gave none.

    Hidden files and libraries are passed over, and what the root's globs and the ignore files exclude; a root that
    is a file is a document whatever they say. Side-cars come with the document that they describe. Raises NotFound
    when the root is not there, InputError for a glob that is no pattern.
    """
    sidecars = {suffix: reader.sidecar_suffixes for reader in readers for suffix in reader.suffixes if suffix}
    place = Path(root.place)
    if is_remote(root.place):
        yield from _elsewhere(root, sidecars)
    elif not place.exists():
        raise NotFound(f"{root.place} does not exist")
    elif root.kind == "dataset":
        yield from rows(root)
    elif root.kind == "manifest" or (place.is_file() and place.name.endswith(MANIFEST_ENDING)):
        yield from listed(root)
    elif place.is_file():
        beside = dict.fromkeys(file.name for file in place.parent.iterdir())
        document = document_at(root.place, beside, sidecars) or Unread(root.place, error=unsupported(root.place))
        yield OwnLists(LocalTree(root), f"{place.parent.as_posix().rstrip('/')}/", beside).on(place.name, document)
    else:
        yield from walk(LocalTree(root), root, sidecars)


def _elsewhere(root: Root, sidecars: Mapping[str, tuple[str, ...]]) -> Iterator[Document | Unread]:
    if root.kind == "dataset":
        raise InputError(f"{root.place}: a dataset is read where it is; copy it to this machine")
    own, is_folder = looked_up(root.place)
    if is_folder:
        yield from walk(RemoteTree(root.place), root, sidecars)
    elif own is None:
        raise NotFound(f"{root.place} does not exist")
    elif root.kind == "manifest" or name_of(root.place).endswith(MANIFEST_ENDING):
        yield from listed(root, own)
    elif Path(name := name_of(root.place)).suffix.lower() not in sidecars:
        yield Unread(root.place, error=unsupported(name))
    else:  # what lies beside it is not asked for: web servers answer to names that they do not have
        yield Document(root.place, Path(name), remote=(own,))


def check(root: Root) -> None:
    """Raises InputError for a glob that is no pattern and a column that has no role."""
    Selection(root)
    columns_of(root)


def countable(root: Root) -> bool:
    """Whether what is at the root can be counted beforehand for little: not what must be fetched or unpacked for it."""
    return root.kind == "files" or (root.kind == "manifest" and not is_remote(root.place))


def is_there(root: Root) -> bool:
    """Whether there is anything at the root's place. Raises SourceUnavailable when nobody can say."""
    if root.kind == "records":
        return False
    return looked_up(root.place) != (None, False) if is_remote(root.place) else Path(root.place).exists()


def lies_at(uri: str, place: str) -> bool:
    """Whether a document is what stands at the place, lies below it, or is a record of it."""
    return uri == place or uri.startswith((f"{place.rstrip('/')}/", f"{place}#"))


def reader_of(document: Document, readers: Sequence[Reader]) -> Reader:
    """The reader that takes the document: the one for records, or the first that names the file's ending."""
    record, suffix = document.record is not None, document.path.suffix.lower()
    for reader in readers:
        if (record and "" in reader.suffixes) or (not record and suffix and suffix in reader.suffixes):
            return reader
    raise unsupported(document.uri)


def original(uri: str, roots: Iterable[Root] = ()) -> Path | None:
    """The file at a document's place; for a record of a set or a manifest its media file.

    `roots` are those of the library. None when it has none, is gone, or is not on this machine.
    """
    path = Path(uri)
    if is_remote(uri):
        return None
    if not path.is_file():
        found = next((d for d in _of_same_list(uri, roots) if isinstance(d, Document) and d.uri == uri), None)
        if found is None or not found.record or "path" not in found.record:
            return None
        path = found.path.parent / str(found.record["path"])
    return path if path.is_file() else None


def _of_same_list(uri: str, roots: Iterable[Root]) -> Iterator[Document | Unread]:
    corpus, of_set, _ = uri.partition(f"/{CORPUS_FILE}#")
    named, of_manifest, _ = uri.partition(f"{MANIFEST_ENDING}#")
    lists = [root for root in roots if root.kind == "manifest" and uri.startswith(f"{root.place}#")]
    lists += [Root(named + MANIFEST_ENDING, "manifest")] if of_manifest else []
    if of_set and not lists:
        return corpus_records(Path(corpus, CORPUS_FILE))
    return listed(lists[0]) if lists else iter(())
