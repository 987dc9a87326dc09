"""Which files of a root are wanted: globs of the call and the settings, and ignore files in the folders.

All are patterns as in gitignore(5), translated by pathspec. An excluded file is as if it were not there: it is no
document and describes none. `include` chooses among the documents that are left; what describes them stays.
"""

from collections.abc import Iterable
from typing import Literal

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from mmsearch.errors import InputError
from mmsearch.types import Root

IGNORE_FILE = ".mmsearchignore"
"""Holds for its folder and those below, deeper ones before it; the globs of the call come before all of them."""


class Selection:
    """The verdict on each place below a root. Folders are entered from the root down, each with its ignore file."""

    def __init__(self, root: Root) -> None:
        """Raises InputError for a glob that is no pattern."""
        self._exclude = _Rules(root.exclude, "exclude")
        try:
            self._include = GitIgnoreSpec.from_lines(root.include) if root.include else None
        except GitIgnorePatternError as error:
            raise InputError(f"include: {error}") from error
        self._ignored: list[tuple[str, _Rules]] = []

    def enter(self, folder: str, ignore_file: str | None) -> None:
        """Take in the text of a folder's ignore file; `folder` is its path from the root, "" or ending in "/".

        Raises InputError for a line that is no pattern.
        """
        self._ignored = [(above, rules) for above, rules in self._ignored if folder.startswith(above)]
        if ignore_file is not None:
            self._ignored.append((folder, _Rules(ignore_file.splitlines(), folder + IGNORE_FILE)))

    def hides(self, path: str) -> Literal["excluded", "ignored"] | None:
        """Why the place is as if it were not there; `path` leads from the root, a folder's ends in "/".

        What lies in a hidden folder is never asked about: it is hidden with it.
        """
        excluded = self._exclude.verdict(path)
        if excluded is not None:
            return "excluded" if excluded else None
        for folder, rules in reversed(self._ignored):
            ignored = rules.verdict(path.removeprefix(folder))
            if ignored is not None:
                return "ignored" if ignored else None
        return None

    def wants(self, path: str) -> bool:
        """Whether a file that is not hidden may be a document."""
        return self._include is None or self._include.match_file(path)


class _Rules:
    """The patterns of one place, the last that matches decides.

    Git asks about a place and not about the folders that it lies in, since it never enters a hidden one; pathspec
    matches by those too, and can be told by the one group in its expressions. It takes `a/**` for `a` itself in a
    folder `a/`, so that folders are asked about without their slash, and patterns for folders are marked here.
    """

    def __init__(self, lines: Iterable[str], source: str) -> None:
        self._rules: list[tuple[GitIgnoreSpecPattern, bool]] = []
        for line in lines:
            text = line if line.endswith("\\ ") else line.rstrip()
            for_folders = text.endswith("/")
            try:
                pattern = GitIgnoreSpecPattern(text[:-1] if for_folders else text)
            except GitIgnorePatternError as error:
                raise InputError(f"{source}: {error}") from error
            if pattern.include is not None:
                self._rules.append((pattern, for_folders))

    def verdict(self, path: str) -> bool | None:
        """Whether the place is hidden; None when no pattern speaks of it."""
        is_folder, name = path.endswith("/"), path.rstrip("/")
        for pattern, for_folders in reversed(self._rules):
            if for_folders and not is_folder:
                continue
            found = pattern.regex.search(name) if pattern.regex else None
            if found and found.lastgroup is None:
                return pattern.include
        return None
