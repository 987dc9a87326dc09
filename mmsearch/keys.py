"""The keys of a library that is served: who may do what, kept in its folder as what proves them, never as themselves.

A key is 256 random bits, so there is no list of likely keys to try: a plain SHA-256 of it is as good as a slow hash,
which is made for what people think up, and which would let anybody keep the server busy with wrong keys.
"""

import json
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args

from filelock import FileLock

from mmsearch.errors import InputError, NotFound, StoreError
from mmsearch.sight import MOST_NAME, checked_principal
from mmsearch.types import EVERYTHING, Sight

KEYS_FILE = "keys.json"
PREFIX = "mms_"
"""By which a key is recognised where it should not stand, such as in a repository."""

Scope = Literal["read", "write", "admin"]
"""What a key may do, each including those before: `read` searches and looks; `write` adds, removes, judges and indexes
the roots that the settings name; `admin` indexes any place, changes models, and sees every document."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Key:
    """Who asks: the key's name, what it may do, as whom (`principals`), and when it was made (UTC, ISO 8601)."""

    name: str
    scope: Scope = "read"
    principals: tuple[str, ...] = ()
    made: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether it may do what needs that scope."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)

    @property
    def sight(self) -> Sight:
        """The documents that it sees."""
        return EVERYTHING if self.may("admin") else Sight(frozenset(self.principals))


NOBODY = Key("")
"""Who asks without a key, where none is demanded."""
OWNER = Key("", "admin")
"""Who has the library open in a process of their own."""


class Keys:
    """The keys of a library's folder; any process may add and revoke while another serves.

    `fixed` are secrets of admin keys by name that stand elsewhere, in the settings or in memory alone.
    """

    def __init__(self, folder: Path, fixed: Mapping[str, str] = {}) -> None:
        self._folder, self._file = folder, folder / KEYS_FILE
        self._fixed = {_proof(secret): Key(name, "admin") for name, secret in fixed.items()}
        self._read: dict[str, Key] = {}
        self._version: tuple[int, int, int] | None = None

    def holder(self, secret: str) -> Key | None:
        """The key that the secret is; None for none. Raises StoreError when the file of keys cannot be read.

        As long for a wrong secret as for a right one, wherever they differ.
        """
        proof, found = _proof(secret), None
        for known, key in {**self._kept(), **self._fixed}.items():
            if secrets.compare_digest(known, proof):
                found = key
        return found

    def all(self) -> list[Key]:
        """The keys by name. Raises StoreError."""
        return sorted(self._kept().values(), key=lambda key: key.name)

    def add(self, name: str, scope: Scope = "read", principals: Iterable[str] = ()) -> tuple[Key, str]:
        """A new key and its secret, which is told this once. Raises InputError for a name that is taken or none."""
        _check_name(name)
        secret = PREFIX + secrets.token_urlsafe(32)
        named = tuple(dict.fromkeys(checked_principal(principal) for principal in principals))
        key = Key(name, scope, named, datetime.now(UTC).isoformat(timespec="seconds"))
        with self._changing():
            kept = self._kept()
            if any(other.name == name for other in kept.values()):
                raise InputError(f'there is a key "{name}" already: revoke it first, or name this one differently')
            self._write({**kept, _proof(secret): key})
        return key, secret

    def revoke(self, name: str) -> Key:
        """Take the key back: it opens nothing from now on. Raises NotFound."""
        with self._changing():
            kept = self._kept()
            gone = [proof for proof, key in kept.items() if key.name == name]
            if not gone:
                raise NotFound(f'the library has no key "{name[:MOST_NAME]}"; "mmsearch keys list" names them')
            self._write({proof: key for proof, key in kept.items() if proof not in gone})
            return kept[gone[0]]

    def _changing(self) -> FileLock:
        return FileLock(self._folder / f"{KEYS_FILE}.lock", timeout=10, mode=0o600)

    def _kept(self) -> dict[str, Key]:
        """The keys of the file by what proves them, read again when it is another file."""
        try:
            version = _version(self._file)
            if version != self._version:
                said = json.loads(self._file.read_text("utf-8"))
                self._read, self._version = {proof: _key(values) for proof, values in said.items()}, version
        except FileNotFoundError:
            self._read, self._version = {}, None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(f"{self._file}: the keys cannot be read: {error}") from error
        return self._read

    def _write(self, keys: Mapping[str, Key]) -> None:
        """Readable by this user alone, and never half written."""
        partial = self._file.with_suffix(".partial")
        with suppress(FileNotFoundError):
            partial.unlink()
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({proof: asdict(key) for proof, key in keys.items()}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self._file)


def _check_name(name: str) -> None:
    if not name or name != name.strip() or len(name) > MOST_NAME or not name.isprintable():
        raise InputError(f"{name[:80]!r} is no name for a key: up to {MOST_NAME} visible characters")


def _proof(secret: str) -> str:
    return sha256(secret.encode(errors="replace")).hexdigest()


def _version(file: Path) -> tuple[int, int, int]:
    """Differs after every change: each writes a new file."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _key(values: Any) -> Key:
    key = Key(**{**values, "principals": tuple(map(str, values["principals"]))})
    if key.scope not in SCOPES:
        raise ValueError(f'a key has the scope "{key.scope}"')
    return key
