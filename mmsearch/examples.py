"""Searches to try on a library: the demo's own, or words from the names of its files."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import PurePosixPath

from mmsearch.demo import demo_library, example_searches
from mmsearch.errors import NotFound
from mmsearch.manifest import Manifest
from mmsearch.types import EVERYTHING, Sight

SHOWN = 6
NAMES_A_SUGGESTION = 20
"""Files that are looked at for one: a name may be there many times, and hold the letters inside a word."""


def examples(manifest: Manifest, sight: Sight = EVERYTHING) -> list[str]:
    """At most six searches in words; none where the files that the sight sees have names without words."""
    if _is_demo(manifest):
        return [example["query"] for example in example_searches()][:SHOWN]
    return spread(names_in_words(entry.uri for entry in manifest.entries(sight)), SHOWN)


def _is_demo(manifest: Manifest) -> bool:
    with suppress(NotFound):  # an installation without the demo
        return demo_library().resolve().as_posix() in {root.place for root in manifest.roots()}
    return False


def names_in_words(uris: Iterable[str]) -> list[str]:
    """File names that read as words, once each: "town_history.md" gives "town history", "IMG_2031.jpg" nothing."""
    stems = (re.sub(r"[\s_.-]+", " ", PurePosixPath(uri).stem).strip() for uri in uris)
    return list(dict.fromkeys(stem.lower() for stem in stems if re.fullmatch(r"[^\W\d]{3,}( [^\W\d]{2,}){1,5}", stem)))


def spread(items: Sequence[str], count: int) -> list[str]:
    """At most `count` of the items at even distances, so that they come from all over the library."""
    return [items[index * len(items) // count] for index in range(count)] if len(items) > count else list(items)


def suggestions(manifest: Manifest, typed: str, count: int = SHOWN, sight: Sight = EVERYTHING) -> list[str]:
    """What the typed words may go on to: names of files that the sight sees as words, those that begin so first."""
    typed = " ".join(re.findall(r"[^\W_]+", typed.lower()))
    if not typed:
        return []
    names = dict.fromkeys(_in_words(uri) for uri in manifest.named(typed, count * NAMES_A_SUGGESTION, sight))
    found = [name for name in names if f" {typed}" in f" {name}" and re.search(r"[^\W\d]{3}", name)]
    return sorted(found, key=lambda name: (not name.startswith(typed), len(name), name))[:count]


def _in_words(uri: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", PurePosixPath(uri).stem.lower()))
