"""What the page was asked, as its address says it: `?q=waves&in=table,image&k=20`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from mmsearch.types import MODALITIES, Modality

COUNTS = (10, 20, 50)
"""How many results one may ask for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A search by words that an address can carry; no modalities means all of them, no spaces the router's choice."""

    words: str = ""
    modalities: tuple[Modality, ...] = ()
    count: int = COUNTS[0]
    spaces: tuple[str, ...] = ()
    all_copies: bool = False

    @classmethod
    def read(cls, params: Mapping[str, str], spaces: Collection[str] = ()) -> Self:
        """From the parameters of an address, on a library with these spaces.

        What makes no sense in it is left at its default.
        """
        wanted = params.get("in", "").split(",")
        count = params.get("k", "")
        return cls(
            params.get("q", "").strip(),
            tuple(modality for modality in MODALITIES if modality in wanted),
            int(count) if count in map(str, COUNTS) else COUNTS[0],
            tuple(space for space in spaces if space in params.get("spaces", "").split(",")),
            params.get("copies") == "all",
        )

    @property
    def address(self) -> str:
        """The address of the page with this search, relative to the page."""
        params = {
            "q": self.words,
            "in": ",".join(self.modalities),
            "k": "" if self.count == COUNTS[0] else self.count,
            "spaces": ",".join(self.spaces),
            "copies": "all" if self.all_copies else "",
        }
        return "?" + urlencode({name: value for name, value in params.items() if value}, safe=",")
