"""Records: documents that are no files of their own, from a line, a row or a dict.

Of the keys of a record `id`, `title`, `date`, `tags` and `caption` or `transcript` describe it, one of `path`, `url`,
`bytes`, `text` and `table` is what it is, and every other key with a plain value becomes metadata. `name` or `format`
says what the `bytes` are where they do not tell themselves, `access` who may see it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mmsearch.errors import CorruptMedia, InputError, MMSearchError
from mmsearch.sight import read_access
from mmsearch.sources.found import Unread
from mmsearch.sources.remote import is_remote
from mmsearch.sources.seen import Seen
from mmsearch.types import Document, Remote, Root

DESCRIBING = ("id", "title", "date", "tags", "caption", "transcript", "access")
BEING = ("path", "url", "bytes", "text", "table", "name", "format")
ROLES = frozenset((*DESCRIBING, *BEING))
MEDIA = ("path", "url", "bytes")
"""What a record is, if not text or a table: only one of them is looked at, in this order."""


class Records:
    """Makes the documents of one place from its records, and gives each an id of its own.

    Without an `id` a record is known by its path or address, else by its text or bytes, so that it stays the same
    document wherever it stands in the list; further ones that say the same are told apart by their number.
    """

    def __init__(self, root: Root, beside: str) -> None:
        """`beside` is the place that relative paths stand beside: a file of this machine, or an address.

        Raises InputError for columns that are not "role=name".
        """
        self._place, self._beside = root.place, beside
        self._columns = columns_of(root)
        self._given, self._made = Seen(), Seen()

    def document(self, item: object, where: str) -> Document | Unread:
        """The record as a document, or what is wrong with it; `where` says where it stands, for the person."""
        uri = self._place
        try:
            if not isinstance(item, Mapping):
                raise CorruptMedia(f"{where} is not an object with keys")
            record = _normal(self._renamed(item), where)
            record["_id"] = self._id(record, where)
            uri = f"{self._place}#{record['_id']}"
            access = read_access(record.pop("access"), where) if "access" in record else ()
            return replace(self._located(uri, record, where), access=access)
        except MMSearchError as error:
            return Unread(uri, error=error)

    def _renamed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        named = set(self._columns.values())
        record = {str(key): value for key, value in item.items() if key not in named and value is not None}
        for role, column in self._columns.items():
            if item.get(column) is not None:
                record[role] = item[column]
        return record

    def _id(self, record: dict[str, Any], where: str) -> str:
        given = record.pop("id", record.pop("_id", None))
        if given is not None:
            if self._given.take(str(given)) > 1:
                raise InputError(f'{where} has the id "{given}" of an earlier record')
            return str(given)
        known = next((str(record[key]) for key in ("path", "url") if key in record), "")
        said = record.get("bytes") or str(record.get("text") or record.get("table") or record.get("title")).encode()
        made = known or blake2b(said, digest_size=8).hexdigest()
        times = self._made.take(made)
        return made if times == 1 else f"{made}~{times}"

    def _located(self, uri: str, record: dict[str, Any], where: str) -> Document:
        """The document with its media found: `path` from here, or an address to fetch from."""
        path, url = record.get("path"), record.pop("url", None)
        if is_remote(self._beside) and path is not None:
            if is_remote(path) or path.startswith("/"):
                raise InputError(f'{where}: "path" leads away from {self._beside}; paths are relative, addresses "url"')
            url = f"{self._beside.rpartition('/')[0]}/{record.pop('path')}"
        if url is None or url.startswith("file://"):
            if url is not None and is_remote(self._beside):
                raise InputError(f"{where}: {url} is a file of this machine, which a manifest elsewhere may not name")
            record |= {"path": url.removeprefix("file://")} if url else {}
            return Document(uri, Path(self._beside), record=record)
        own = self._beside.partition("://")[0]
        if not is_remote(url) or (is_remote(self._beside) and url.partition("://")[0] not in (own, "http", "https")):
            raise InputError(f'{where}: "url" is no address that it may name: {url}')
        return Document(uri, Path(self._beside), record=record, remote=(Remote(url),))


def columns_of(root: Root) -> dict[str, str]:
    """role -> column, as the root says. Raises InputError."""
    columns = dict(column.partition("=")[::2] for column in root.columns)
    for role, column in columns.items():
        if role not in ROLES or not column:
            raise InputError(f'column "{role}={column}" is not ROLE=NAME; roles are {", ".join(sorted(ROLES))}')
    return columns


def _normal(said: dict[str, Any], where: str) -> dict[str, Any]:
    """The record with plain values only. Raises CorruptMedia naming what is wrong."""
    content = said.pop("bytes", None)
    if isinstance(content, Mapping):  # as Hugging Face keeps pictures and sounds
        said = {"name": content.get("path"), **said}
        content = content.get("bytes")
    record = {key: value for key, value in ((key, _plain(value)) for key, value in said.items()) if value is not None}
    for key in ("path", "url", "text", "title", "name", "format", "caption", "transcript"):
        if key in record and (not isinstance(record[key], str) or (key != "text" and not record[key].strip())):
            raise CorruptMedia(f'{where}: "{key}" is not a text that says something')
    if content is not None:
        if not isinstance(content, (bytes, bytearray, memoryview)) or not len(content):
            raise CorruptMedia(f'{where}: "bytes" are none')
        record["bytes"] = bytes(content)
    media = [key for key in MEDIA if key in record]
    if not media and not any(key in record for key in ("text", "table", "title")):
        raise CorruptMedia(f"{where} has neither path, url, bytes, text, table nor title")
    for key in media[1:]:
        del record[key]
    if media and "text" in record:
        record.setdefault("caption", record.pop("text"))
    if isinstance(record.get("tags"), str):
        record["tags"] = [tag.strip() for tag in record["tags"].split(",") if tag.strip()]
    if "date" in record:
        record["date"] = re.sub(r"^(\d{4}-\d{2}-\d{2}) (?=\d)", r"\1T", str(record["date"]))
    return record


def _plain(value: Any) -> Any:
    """A value as JSON has it; None for what is none or has no such form."""
    match value:
        case bool() | int() | str():
            return value
        case float():
            return value if value == value else None
        case Decimal():
            return float(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return None


def given(root: Root, records: Iterator[Any]) -> Iterator[Document | Unread]:
    """The documents of records that a program gives: dicts as above, or documents."""
    of = Records(root, str(Path.cwd() / "records"))
    for number, item in enumerate(records, start=1):
        yield item if isinstance(item, Document) else of.document(item, f"{root.place}, record {number}")
