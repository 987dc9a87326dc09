"""A retriever for LangChain: `pip install "mmsearch[langchain]"`."""

from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, PrivateAttr

from mmsearch.adapters.found import content, metadata
from mmsearch.adapters.opening import Opening
from mmsearch.async_client import AsyncClient
from mmsearch.client import Client
from mmsearch.types import Modality, Ranking


class MMSearchRetriever(BaseRetriever):
    """Finds passages, tables, pictures and moments of recordings in a library.

    >>> retriever = MMSearchRetriever(library="./library", top_k=5)
    >>> for document in retriever.invoke("boats at night"):
    ...     print(document.metadata["score"], document.metadata["uri"], document.page_content)

    A document is a result: its text for a language model, and in `metadata` score, uri, span, answer, the metadata of
    the file, and more (see `mmsearch.adapters.found.metadata`). `top_k` and `filter` may also be given to `invoke`.
    Errors are those of mmsearch.Client.search.
    """

    library: str | Path | Client
    """Its folder, the address of its server, or a client that is open already, which stays so."""
    top_k: int = Field(default=10, ge=1)
    filter: str = ""
    """Such as `date >= 2024 and tags contains "sea"`."""
    modalities: tuple[Modality, ...] = ()
    settings: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Settings of the client that is opened here."""

    _opening: Opening = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._opening = Opening(self.library, **self.settings)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        top_k: int | None = None,
        filter: str | None = None,
    ) -> list[Document]:
        client = self._opening.client
        return _documents(client.search(query, **self._asked(top_k, filter)), client)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        top_k: int | None = None,
        filter: str | None = None,
    ) -> list[Document]:
        client = await run_sync(lambda: self._opening.client)
        ranking = await AsyncClient.over(client).search(query, **self._asked(top_k, filter))
        return await run_sync(_documents, ranking, client)

    def _asked(self, top_k: int | None, filter: str | None) -> dict[str, Any]:
        said = self.filter if filter is None else filter
        return {"top_k": self.top_k if top_k is None else top_k, "filter": said or None, "modalities": self.modalities}

    def close(self) -> None:
        """Release the library if it was opened here."""
        self._opening.close()


def _documents(ranking: Ranking, client: Client) -> list[Document]:
    return [
        Document(
            id=result.segment.id,
            page_content=content(result),
            metadata={**metadata(result, client), "score": result.score},
        )
        for result in ranking.results
    ]
