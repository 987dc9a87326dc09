"""What the tools for assistants are given, and how much they say at most; toolbox.py has what they do."""

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmsearch.asking import MOST_CHARACTERS, MOST_RESULTS, wrong_values
from mmsearch.errors import InputError
from mmsearch.types import Modality

MOST_SAID = 30_000
"""Characters of one answer as JSON; what does not fit is left out, and the answer says how to get it."""
MOST_FOUND = 20
MOST_PASSAGE = 3_000
MOST_READ = 12_000
MOST_PASSAGES = 50
MOST_LISTED = 200
MOST_PICTURES = 4
PICTURE_PIXELS = 320
"""The longer side of a picture in an answer."""


class Arguments(BaseModel):
    """What a tool is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, values: Any) -> Self:
        """From what an assistant sent. Raises InputError naming each value that cannot be used."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InputError(wrong_values(error.errors())) from error


Pictures = Field(
    default=0,
    ge=0,
    le=MOST_PICTURES,
    description=f"How many pictures to send along, at most {PICTURE_PIXELS} pixels a side. Leave it at 0 unless you "
    "have to see them.",
)


class SearchTool(Arguments):
    """What the tool "search" is given."""

    tool: ClassVar[Literal["search"]] = "search"
    about: ClassVar[str] = (
        "Find passages, tables, pictures and moments of recordings in the library by what they say and show. Results "
        "come best first, one a document, each with its score (the probability that it is relevant), where it stands, "
        "and the passage; `no_good_match` says that even the best is more likely chance than an answer. "
        f"At most {MOST_FOUND} results, {MOST_PASSAGE:,} characters of each passage (`cut` says where there are more: "
        f"read them with get) and {MOST_SAID:,} characters in all (`left_out` says how many results did not fit, "
        "`next_offset` where they begin)."
    )

    query: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        description='A question or words. "in quotes" is an exact phrase, -word excludes; before:2024 and '
        "after:2023-05 limit the date, in:folder the place.",
    )
    modalities: list[Modality] = Field(default=[], description="Only these media; all when empty.")
    filter: str = Field(
        default="",
        max_length=MOST_CHARACTERS,
        description='A condition on fields, such as `date >= 2024-05 and tags contains "sea"` or '
        '`title = "Log" or not uri prefix "/private/"`. Fields: title, uri, date, tags, document, and the metadata of '
        "the files. Operators: = != < <= > >= in contains prefix, and or not.",
    )
    top_k: int = Field(default=5, ge=1, le=MOST_FOUND, description="How many results.")
    offset: int = Field(
        default=0,
        ge=0,
        le=MOST_RESULTS - MOST_FOUND,
        description="How many of the best to pass over.",
    )
    characters: int = Field(
        default=1_500, ge=100, le=MOST_PASSAGE, description="The most characters of each result's passage."
    )
    pictures: int = Pictures


class GetTool(Arguments):
    """What the tool "get" is given."""

    tool: ClassVar[Literal["get"]] = "get"
    about: ClassVar[str] = (
        "Read a document of the library from its start, or on from a passage that a search found: text and tables as "
        "they are, pictures by their captions and lettering, recordings by their transcripts. "
        f"At most {MOST_READ:,} characters of text, {MOST_PASSAGES} passages and {MOST_SAID:,} characters in all; "
        "`next_offset` is where to read on, null at the end of the document."
    )

    document: str = Field(description="The id of the document, as search and list give it.")
    segment: str = Field(
        default="", description="The id of a result's segment: begin there and not at the start of the document."
    )
    offset: int = Field(
        default=0,
        ge=0,
        le=2**53,
        description="Characters to pass over: `next_offset` of the answer before.",
    )
    characters: int = Field(default=6_000, ge=100, le=MOST_READ, description="The most characters of text.")
    pictures: int = Pictures


class ListTool(Arguments):
    """What the tool "list" is given."""

    tool: ClassVar[Literal["list"]] = "list"
    about: ClassVar[str] = (
        "List the documents of the library in the order of their places. "
        f"At most {MOST_LISTED} documents and {MOST_SAID:,} characters; `next_offset` is where the rest begins, null "
        "at the end."
    )

    part: str = Field(default="", max_length=4_096, description="Only documents whose place holds this, in any case.")
    offset: int = Field(default=0, ge=0, le=2**53, description="How many documents to pass over.")
    limit: int = Field(default=50, ge=1, le=MOST_LISTED, description="How many documents.")


TOOLS: tuple[type[SearchTool | GetTool | ListTool], ...] = (SearchTool, GetTool, ListTool)
