"""What the page was asked, as its address says it: `?q=waves&in=table,image&year=2024&sort=date&k=20`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Self, cast, get_args
from urllib.parse import parse_qsl, urlencode

from mmsearch.types import MODALITIES, Modality, is_digest
from mmsearch_ui.facets import FACETS, FacetName

COUNTS = (10, 20, 50, 100)
"""How many results one may ask for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search that an address can carry; no modalities means all of them, no spaces the router's choice.

    `narrowed` are values of facets, of which all must hold; `like` is a picture of the library that is the query, as
    "document/segment".
    """

    words: str = ""
    modalities: tuple[Modality, ...] = ()
    count: int = COUNTS[0]
    spaces: tuple[str, ...] = ()
    all_copies: bool = False
    narrowed: tuple[tuple[FacetName, str], ...] = ()
    by_date: bool = False
    like: str = ""

    @classmethod
    def read(cls, address: str, spaces: Collection[str] = ()) -> Self:
        """From the query of an address, on a library with these spaces.

        What makes no sense in it is left at its default.
        """
        said = parse_qsl(address.removeprefix("?"))
        params = dict(said)
        wanted = params.get("in", "").split(",")
        count = params.get("k", "")
        like = params.get("like", "")
        return cls(
            params.get("q", "").strip(),
            tuple(modality for modality in MODALITIES if modality in wanted),
            int(count) if count in map(str, COUNTS) else COUNTS[0],
            tuple(space for space in spaces if space in params.get("spaces", "").split(",")),
            params.get("copies") == "all",
            tuple((cast(FacetName, name), value) for name, value in said if name in get_args(FacetName) and value),
            params.get("sort") == "date",
            like if len(ids := like.split("/")) == 2 and all(map(is_digest, ids)) else "",
        )

    @property
    def address(self) -> str:
        """The address of the page with this search, relative to the page."""
        params = [
            ("q", self.words),
            ("like", self.like),
            ("in", ",".join(self.modalities)),
            *self.narrowed,
            ("sort", "date" if self.by_date else ""),
            ("k", "" if self.count == COUNTS[0] else str(self.count)),
            ("spaces", ",".join(self.spaces)),
            ("copies", "all" if self.all_copies else ""),
        ]
        return "?" + urlencode([(name, value) for name, value in params if value], safe=",/")

    def of(self, modalities: Iterable[Modality]) -> str:
        """The address of the same search in these media; none are all."""
        return replace(self, modalities=tuple(modalities)).address

    def with_value(self, facet: FacetName, value: str) -> str:
        """The address of the same search, narrowed by a value."""
        return replace(self, narrowed=(*self._others(facet, value), (facet, value))).address

    def without_value(self, facet: FacetName, value: str) -> str:
        """The address of the same search, not narrowed by that value."""
        return replace(self, narrowed=self._others(facet, value)).address

    def sorted_by_date(self, by_date: bool) -> str:
        """The address of the same search in that order."""
        return replace(self, by_date=by_date).address

    def _others(self, facet: FacetName, value: str) -> tuple[tuple[FacetName, str], ...]:
        """What else narrows; a document lies in one folder, is of one type and so on, but may have many tags."""
        several = FACETS[facet].several
        return tuple((name, other) for name, other in self.narrowed if name != facet or (several and other != value))
