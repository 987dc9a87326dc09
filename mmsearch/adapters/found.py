"""A result as other frameworks take it: words for a language model, and what else is known of it as plain JSON."""

from typing import Any

from mmsearch.client import Client
from mmsearch.schemas import answer_json, segment_json
from mmsearch.serialisation import for_reading
from mmsearch.types import Result

OF_RESULTS = frozenset({"span", "headings", "snippet", "answer", "file_path", "url"})
"""Keys of `metadata` that no filter can ask for."""


def content(result: Result) -> str:
    """The passage, the table as Markdown, the caption, the transcript; the title of a picture without words."""
    return for_reading(result.segment) or result.segment.title


def metadata(result: Result, client: Client) -> dict[str, Any]:
    """The metadata of the document, with the fields that filters know, and what tells of the result.

    `document` is its id, `span` where the passage lies, `answer` what it says to the question or None. `file_path` is
    the document's file where the library is in this process; behind a server it can be had at `url`.
    """
    segment = segment_json(result.segment)
    said = {
        **segment["metadata"],
        **{name: segment[name] for name in ("document", "uri", "title", "modality", "span", "headings")},
        "snippet": result.snippet,
        "answer": answer_json(result.answer) if result.answer else None,
    }
    if client.address:
        said["url"] = f"{client.address}/v1/documents/{result.segment.document_id}/content"
    elif file := client.document(result.segment.document_id):
        said["file_path"] = str(file)
    return said
