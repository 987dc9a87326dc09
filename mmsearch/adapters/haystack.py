"""A retriever for Haystack: `pip install "mmsearch[haystack]"`."""

from datetime import date
from pathlib import Path
from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict
from haystack.document_stores.types import FilterPolicy, apply_filter_policy

from mmsearch.adapters.found import OF_RESULTS, content, metadata
from mmsearch.adapters.opening import Opening
from mmsearch.client import Client
from mmsearch.errors import InvalidFilter
from mmsearch.types import And, Compare, Contains, Filter, In, Modality, Not, Or, Scalar

OF_DOCUMENTS = frozenset({"id", "content", "blob", "score", "embedding", "sparse_embedding"})
"""Fields of Haystack's documents, which no filter can ask a library for."""


@component
class MMSearchRetriever:
    """Finds passages, tables, pictures and moments of recordings in a library.

    >>> pipeline = Pipeline()
    >>> pipeline.add_component("retriever", MMSearchRetriever("./library", top_k=5))
    >>> pipeline.run({"retriever": {"query": "boats at night"}})["retriever"]["documents"]

    A saved pipeline is loaded with `Pipeline.loads(saved, allowed_modules=["mmsearch.adapters.haystack"])`.
    """

    def __init__(
        self,
        library: str | Path | Client,
        top_k: int = 10,
        filters: dict[str, Any] | None = None,
        filter_policy: FilterPolicy | str = FilterPolicy.REPLACE,
        modalities: list[Modality] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> None:
        """The retriever of the library in a folder, at the address of its server, or of a client that is open.

        What the pipeline is given as `filters` takes the place of these, or is merged with them, as `filter_policy`
        says. `settings` are those of the client that is opened here, by `warm_up`; they are saved with the pipeline,
        so that secrets belong in the environment.
        """
        self.top_k, self.filters, self.modalities = top_k, filters, modalities
        self.filter_policy = FilterPolicy.from_str(filter_policy) if isinstance(filter_policy, str) else filter_policy
        self.settings = settings or {}
        self._opening = Opening(library, **self.settings)

    def warm_up(self) -> None:
        """Open the library. Raises NotFound where there is none, LibraryLocked, StoreUnavailable."""
        _ = self._opening.client

    def close(self) -> None:
        """Release the library if it was opened here."""
        self._opening.close()

    @component.output_types(documents=list[Document])
    def run(
        self, query: str, top_k: int | None = None, filters: dict[str, Any] | None = None
    ) -> dict[str, list[Document]]:
        """`documents`, best first, each a result: its text for a language model, its score, and in `meta` the rest.

        See `mmsearch.adapters.found.metadata`. Raises InvalidFilter, InputError.
        """
        client = self._opening.client
        limits = apply_filter_policy(self.filter_policy, self.filters, filters)
        ranking = client.search(
            query,
            top_k=self.top_k if top_k is None else top_k,
            filter=translated(limits) if limits else None,
            modalities=self.modalities or (),
        )
        documents = [
            Document(id=result.segment.id, content=content(result), score=result.score, meta=metadata(result, client))
            for result in ranking.results
        ]
        return {"documents": documents}

    def to_dict(self) -> dict[str, Any]:
        """The retriever as a pipeline is saved; a client that was given is named by its folder or address."""
        return default_to_dict(
            self,
            library=self._opening.name,
            top_k=self.top_k,
            filters=self.filters,
            filter_policy=self.filter_policy.value,
            modalities=self.modalities,
            settings=self.settings,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "MMSearchRetriever":
        """The retriever that was saved."""
        return default_from_dict(cls, data)


def translated(filters: dict[str, Any]) -> Filter:
    """The filter that Haystack's dict says, by Haystack's meaning: `!=` and `not in` hold where the field is missing.

    Beyond Haystack's operators there is "contains", for lists such as meta.tags and for parts of strings. Raises
    InvalidFilter for what a library cannot be asked.
    """
    match filters:
        case {"operator": "AND", "conditions": [*parts]}:
            return And(tuple(map(translated, parts)))
        case {"operator": "OR", "conditions": [*parts]}:
            return Or(tuple(map(translated, parts)))
        case {"operator": "NOT", "conditions": [*parts]}:
            return Not(And(tuple(map(translated, parts))))
        case {"field": str(field), "operator": str(operator), "value": value}:
            return _comparison(_field(field), operator, value)
    raise InvalidFilter(f"{filters!r:.200} is neither a comparison (field, operator, value) nor AND, OR, NOT of some")


def _comparison(field: str, operator: str, value: Any) -> Filter:
    match operator:
        case "==":
            return Compare(field, "=", _scalar(value))
        case "!=":
            return Not(Compare(field, "=", _scalar(value)))
        case ">" | ">=" | "<" | "<=":
            return Compare(field, operator, _scalar(value))
        case "in" | "not in":
            if not isinstance(value, list):
                raise InvalidFilter(f'"{operator}" takes a list, not {value!r:.200}')
            within = In(field, tuple(map(_scalar, value)))
            return within if operator == "in" else Not(within)
        case "contains":
            return Contains(field, str(value))
    raise InvalidFilter(f'there is no operator "{operator:.80}"; there are == != > >= < <= in, not in, contains')


def _field(name: str) -> str:
    field = name.removeprefix("meta.")
    if name in OF_DOCUMENTS or field.partition(".")[0] in OF_RESULTS:
        raise InvalidFilter(
            f'"{name}" is of the result; a library is asked for meta.modality, document, uri, title and file metadata'
        )
    return field


def _scalar(value: Any) -> Scalar:
    if isinstance(value, date):  # a datetime is one
        return value.isoformat()
    if isinstance(value, Scalar):
        return value
    raise InvalidFilter(f"a field is compared with a string, a number, true or false, not with {value!r:.200}")
