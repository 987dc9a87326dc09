"""The documents below a folder, wherever it is: a `Tree` lists, the walk decides what of it is a document."""

import os
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Literal, Protocol

from mmsearch.errors import MMSearchError
from mmsearch.settings import MANIFEST_FILE
from mmsearch.sight import ENDING, read_access
from mmsearch.sources.found import Entry, Unread, reachable
from mmsearch.sources.listed import CORPUS_FILE, MANIFEST_ENDING, corpus_records, is_set, listed
from mmsearch.sources.selection import IGNORE_FILE, Selection
from mmsearch.types import Document, Remote, Root

Sidecars = Mapping[str, tuple[str, ...]]
"""The ending of a document -> the endings of the files that may describe it, the preferred first."""


class Tree(Protocol):
    """Folders that can be listed; places are strings with "/" between names."""

    def entries(self, folder: str) -> Iterable[Entry]:
        """What is in the folder, in the order of names. Raises MMSearchError when that cannot be known, all of it."""

    def text(self, file: str) -> str:
        """The text of a small file. Raises MMSearchError."""


class LocalTree:
    """Folders of this machine. A link to a file stays a file as long as it leads into the root.

    With `follow_symlinks` links out of the root are followed too, a folder only once however many ways lead to it,
    so that a walk ends; what a link inside the root leads to has its own place there.
    """

    def __init__(self, root: Root) -> None:
        self._root = os.path.realpath(root.place)
        self._follow = root.follow_symlinks
        self._visited: set[tuple[int, int]] = set()

    def entries(self, folder: str) -> Iterable[Entry]:
        with reachable(folder):
            if not self._visited:
                self._is_new(folder)
            with os.scandir(folder) as found:
                return [Entry(e.name, self._kind(e)) for e in sorted(found, key=lambda e: e.name)]

    def text(self, file: str) -> str:
        with reachable(file):
            return Path(file).read_text("utf-8-sig", errors="surrogateescape")

    def _kind(self, entry: "os.DirEntry[str]") -> Literal["file", "folder", "link"]:
        if not entry.is_symlink():
            if not entry.is_dir():
                return "file"
            return "folder" if not self._follow or self._is_new(entry.path) else "link"
        target = os.path.realpath(entry.path)
        inside = target == self._root or target.startswith(self._root.rstrip(os.sep) + os.sep)
        if not Path(target).is_dir():
            return "file" if inside or self._follow else "link"
        return "folder" if self._follow and not inside and self._is_new(target) else "link"

    def _is_new(self, folder: str) -> bool:
        """Whether a real folder is met for the first time."""
        stat = Path(folder).stat()
        known = (stat.st_dev, stat.st_ino) in self._visited
        self._visited.add((stat.st_dev, stat.st_ino))
        return not known


def walk(tree: Tree, root: Root, sidecars: Sidecars) -> Iterator[Document | Unread]:
    """The documents of a root that is a folder, those of a folder before those of its sub-folders.

    A folder that cannot be listed, or whose ignore file cannot be read, is one Unread with its error.
    """
    selection = Selection(root)
    waiting = [""]
    while waiting:
        below = waiting.pop()
        folder = f"{root.place.rstrip('/')}/{below}"
        try:
            entries = list(tree.entries(folder))
            names = {entry.name for entry in entries}
            selection.enter(below, tree.text(folder + IGNORE_FILE) if IGNORE_FILE in names else None)
        except MMSearchError as error:
            yield Unread(folder, error=error)
            continue
        if isinstance(tree, LocalTree) and is_set(Path(folder)):
            yield from corpus_records(Path(folder, CORPUS_FILE))
        elif MANIFEST_FILE not in names:
            folders = yield from _folder(tree, folder, below, entries, selection, sidecars)
            waiting += reversed(folders)


def _folder(
    tree: Tree, folder: str, below: str, entries: Sequence[Entry], selection: Selection, sidecars: Sidecars
) -> Generator[Document | Unread, None, list[str]]:
    """The documents in the folder itself; returns the sub-folders to look into."""
    present: dict[str, Remote | None] = {}
    folders: list[str] = []
    own = OwnLists(tree, folder, (entry.name for entry in entries))
    for entry in entries:
        name = entry.name + ("/" if entry.kind == "folder" else "")
        if entry.name.startswith("."):
            if entry.name != IGNORE_FILE:
                yield Unread(folder + name, "hidden")
        elif hidden := selection.hides(below + name):
            yield Unread(folder + name, hidden)
        elif entry.kind == "link":
            yield Unread(folder + name, "link")
        elif entry.kind == "folder":
            folders.append(below + name)
        elif not name.endswith(ENDING):
            present[name] = entry.remote
    yield from _files(folder, below, present, selection, sidecars, own)
    return folders


class OwnLists:
    """The access lists that lie beside the documents of a folder, each in a file of the document's name."""

    def __init__(self, tree: Tree, folder: str, names: Iterable[str]) -> None:
        self._tree, self._folder = tree, folder
        self._named = {name.removesuffix(ENDING) for name in names if name.endswith(ENDING)}

    def on(self, name: str, document: Document | Unread) -> Document | Unread:
        """What the file of that name gave, with its list unless it says its own; one that cannot be read is an error:
        the document does not come in without it."""
        if name not in self._named or isinstance(document, Unread) or document.access:
            return document
        place = self._folder + name + ENDING
        try:
            return replace(document, access=read_access(self._tree.text(place), place))
        except MMSearchError as error:
            return Unread(document.uri, error=error)


def _files(
    folder: str,
    below: str,
    present: Mapping[str, Remote | None],
    selection: Selection,
    sidecars: Sidecars,
    own: OwnLists,
) -> Iterator[Document | Unread]:
    lists = [name for name in present if name.endswith(MANIFEST_ENDING)]
    found = [(name, document_at(folder + name, present, sidecars)) for name in present if name not in lists]
    described = {path.name for _, document in found if document for path in document.sidecars}
    for name, document in found:
        if name in described:
            continue
        if not selection.wants(below + name):
            yield Unread(folder + name, "not_included")
        else:
            yield own.on(name, document) if document else Unread(folder + name)
    for name in lists:
        if selection.wants(below + name):
            for found_there in _manifest(folder + name, present[name]):
                yield own.on(name, found_there)
        else:
            yield Unread(folder + name, "not_included")


def _manifest(uri: str, elsewhere: Remote | None) -> Iterator[Document | Unread]:
    """The documents of a manifest that a folder holds; the folder goes on when it cannot be had."""
    try:
        yield from listed(Root(uri, "manifest"), elsewhere)
    except MMSearchError as error:
        yield Unread(uri, error=error)


def document_at(uri: str, present: Mapping[str, Remote | None], sidecars: Sidecars) -> Document | None:
    """The file as a document with those of the names beside it that describe it; None when no reader takes it."""
    own = present.get(PurePosixPath(uri).name)
    path = Path(PurePosixPath(uri).name if own else uri)
    suffixes = sidecars.get(path.suffix.lower())
    if suffixes is None:
        return None
    candidates = [base + suffix for suffix in suffixes for base in (path.stem, path.name)]
    beside = tuple(path.with_name(name) for name in candidates if name in present and name != path.name)
    remote = (own, *(other for name in beside if (other := present[name.name]))) if own else ()
    return Document(uri=uri, path=path, sidecars=beside, remote=remote)
