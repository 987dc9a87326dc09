"""A search as it travels between processes: the one place where it is read into a Query and written from one."""

from typing import Annotated, Any, Self

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from mmsearch.errors import InputError
from mmsearch.filters import expression, parse
from mmsearch.types import Modality, Query

MOST_RESULTS = 10_000
"""Of one ranking, over all its pages."""
MOST_CHARACTERS = 20_000


class SearchFields(BaseModel):
    """What a search says besides its picture or sound."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(default="", max_length=MOST_CHARACTERS, description="What you look for, in plain words.")
    modalities: list[Modality] = Field(default=[], description="Only these media.")
    filter: str = Field(
        default="", max_length=MOST_CHARACTERS, description='Such as `date >= 2024 and tags contains "sea"`.'
    )
    top_k: int = Field(default=10, ge=1, le=MOST_RESULTS, description="How many documents.")
    offset: int = Field(default=0, ge=0, lt=MOST_RESULTS, description="How many of the best to pass over.")
    spaces: list[str] = Field(default=[], description="Only these spaces; else the router decides.")
    fusion: str = Field(default="", max_length=200, description="The fusion by name; else the one of the settings.")
    diversity: float | None = Field(default=None, ge=0, le=1, description="How much results are to differ.")
    all_copies: bool = Field(default=False, description="Near copies of a document in places of their own.")
    rerank: bool | None = Field(default=None, description="Have the best results read again; else as set.")
    like: str = Field(
        default="", max_length=MOST_CHARACTERS, description="A document of the library whose like are looked for."
    )
    answer: bool | None = Field(default=None, description="Ask the first results for the answer itself; else as set.")

    def query(self, image: bytes | None = None, audio: bytes | None = None) -> Query:
        """The query. Raises InvalidFilter, InputError."""
        if self.offset + self.top_k > MOST_RESULTS:
            raise InputError(
                f"offset and top_k are {self.offset + self.top_k:,} together; {MOST_RESULTS:,} are allowed"
            )
        return Query(
            self.text,
            image,
            audio,
            self.top_k,
            frozenset(self.modalities),
            parse(self.filter) if self.filter.strip() else None,
            frozenset(self.spaces),
            fusion=self.fusion,
            diversity=self.diversity,
            all_copies=self.all_copies,
            rerank=self.rerank,
            answer=self.answer,
            offset=self.offset,
            like=self.like,
        )

    @classmethod
    def of(cls, query: Query) -> Self:
        """What a query says besides its picture or sound. Raises InputError for what cannot be sent."""
        return cls.read(
            {
                "text": query.text,
                "modalities": sorted(query.modalities),
                "filter": expression(query.filter) if query.filter else "",
                "top_k": query.top_k,
                "offset": query.offset,
                "spaces": sorted(query.spaces),
                "fusion": query.fusion,
                "diversity": query.diversity,
                "all_copies": query.all_copies,
                "rerank": query.rerank,
                "answer": query.answer,
                "like": query.like,
            }
        )

    @classmethod
    def read(cls, values: Any) -> Self:
        """From what somebody sent. Raises InputError naming each value that cannot be used."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InputError(wrong_values(error.errors())) from error


class SearchRequest(SearchFields):
    """A search as JSON: its picture or sound as the file's bytes in base64."""

    image: Annotated[Base64Bytes | None, Field(description="A picture as the query: its file in base64.")] = None
    audio: Annotated[Base64Bytes | None, Field(description="A sound as the query: its file in base64.")] = None


def wrong_values(errors: Any) -> str:
    """One sentence for what pydantic found wrong; what was sent is not repeated."""
    named = (f"{'.'.join(str(place) for place in e['loc']) or 'the request'}: {e['msg']}" for e in errors)
    return "; ".join(named)
