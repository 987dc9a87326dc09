"""What mmsearch says as JSON, to programs that read its output and over HTTP, and how that is read back.

The keys are a contract. What is written here is read here: a ranking comes out of another process as it went in.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from typing_extensions import TypedDict  # pydantic takes its own kind only before Python 3.12

from mmsearch.errors import MMSearchError, error_named
from mmsearch.feedback import Judgement
from mmsearch.jobs import Job
from mmsearch.keys import Key
from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.preview import Preview
from mmsearch.reembedding import ReembedEstimate
from mmsearch.reports import Audit, BackedUp, Difference, Reembedded, Report, SpaceState, Stats
from mmsearch.succession import space_json, space_of
from mmsearch.types import (
    Answer,
    AnswerKind,
    CalibratedBy,
    Duplicate,
    Hit,
    Modality,
    Query,
    Ranking,
    Result,
    Route,
    Segment,
    Span,
    Table,
)


class ErrorJson(TypedDict):
    code: str
    message: str
    retryable: bool


class ErrorAnswer(TypedDict):
    error: ErrorJson


class RouteJson(TypedDict):
    space: str
    weight: float
    depth: int
    reason: str
    modalities: list[Modality]


class DocumentJson(TypedDict):
    id: str
    uri: str
    title: str


class TableJson(TypedDict):
    header: list[str]
    rows: list[list[str]]


class SegmentJson(TypedDict):
    id: str
    document: str
    uri: str
    modality: Modality
    span: dict[str, Any]
    title: str
    headings: list[str]
    text: str
    table: TableJson | None
    metadata: dict[str, Any]


class AnswerJson(TypedDict):
    kind: AnswerKind
    text: str
    confidence: float
    cells: list[list[int]]
    characters: list[int] | None
    seconds: list[float] | None
    boxes: list[list[float]]


class HitJson(TypedDict):
    space: str
    rank: int
    score: float
    probability: float | None
    segment: str


class DuplicateJson(TypedDict):
    document: DocumentJson
    score: float


class ResultJson(TypedDict):
    rank: int
    score: float
    modality: Modality
    document: DocumentJson
    segment: SegmentJson
    snippet: str
    highlights: list[list[int]]
    answer: AnswerJson | None
    hits: list[HitJson]
    more: list[SegmentJson]
    duplicates: list[DuplicateJson]


class RankingJson(TypedDict):
    query: str
    routes: list[RouteJson]
    media: dict[Modality, float]
    media_reason: str
    no_good_match: bool
    calibration: CalibratedBy
    closed_spaces: dict[str, str]
    took_ms: dict[str, float]
    results: list[ResultJson]


def encoded(value: Any) -> bytes:
    """JSON in one line of UTF-8; file names that did not decode hold half characters, which only escapes can say."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False).encode()


def error_json(error: MMSearchError) -> ErrorAnswer:
    """What a command or a server says when it fails."""
    return {"error": {"code": error.code, "message": str(error), "retryable": error.retryable}}


def error_of(said: ErrorAnswer) -> MMSearchError:
    """The error that another process wrote, of its own class."""
    return error_named(said["error"]["code"], said["error"]["message"])


def ranking_json(ranking: Ranking) -> RankingJson:
    """`mmsearch search --json`."""
    return {
        "query": ranking.query.text,
        "routes": [
            {
                "space": route.space,
                "weight": route.weight,
                "depth": route.depth,
                "reason": route.reason,
                "modalities": sorted(route.modalities),
            }
            for route in ranking.routes
        ],
        "media": dict(ranking.media),
        "media_reason": ranking.media_reason,
        "no_good_match": ranking.no_good_match,
        "calibration": ranking.calibration,
        "closed_spaces": dict(ranking.closed_spaces),
        "took_ms": dict(ranking.took_ms),
        "results": [_result_json(result) for result in ranking.results],
    }


def ranking_of(said: RankingJson, query: Query) -> Ranking:
    """The ranking for the query as it was written."""
    return Ranking(
        query=query,
        routes=tuple(
            Route(route["space"], route["weight"], route["depth"], route["reason"], frozenset(route["modalities"]))
            for route in said["routes"]
        ),
        media=said["media"],
        no_good_match=said["no_good_match"],
        closed_spaces=said["closed_spaces"],
        took_ms=said["took_ms"],
        results=tuple(_result_of(result) for result in said["results"]),
        media_reason=said["media_reason"],
        calibration=said["calibration"],
    )


def answer_json(answer: Answer) -> AnswerJson:
    """An answer with all its places; those that it has none of are None or empty."""
    return {
        "kind": answer.kind,
        "text": answer.text,
        "confidence": answer.confidence,
        "cells": [list(cell) for cell in answer.cells],
        "characters": list(answer.characters) if answer.characters else None,
        "seconds": list(answer.seconds) if answer.seconds else None,
        "boxes": [list(box) for box in answer.boxes],
    }


def segment_json(segment: Segment) -> SegmentJson:
    """The segment without its picture, and without numbers in its metadata that JSON cannot say."""
    table = segment.table
    return {
        "id": segment.id,
        "document": segment.document_id,
        "uri": segment.uri,
        "modality": segment.modality,
        "span": segment.span.as_dict(),
        "title": segment.title,
        "headings": list(segment.headings),
        "text": segment.text,
        "table": {"header": list(table.header), "rows": [list(row) for row in table.rows]} if table else None,
        "metadata": {
            key: value
            for key, value in segment.metadata.items()
            if not isinstance(value, float) or math.isfinite(value)
        },
    }


def segment_of(said: SegmentJson) -> Segment:
    """The segment as it was written."""
    table, box = said["table"], said["span"].get("box")
    return Segment(
        id=said["id"],
        document_id=said["document"],
        uri=said["uri"],
        modality=said["modality"],
        span=Span(**{**said["span"], "box": box and tuple(box)}),
        title=said["title"],
        headings=tuple(said["headings"]),
        text=said["text"],
        table=table and Table(tuple(table["header"]), tuple(tuple(row) for row in table["rows"])),
        metadata=said["metadata"],
    )


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """`mmsearch feedback add --json`, and each of `feedback list --json`."""
    return asdict(judgement)


def key_json(key: Key) -> dict[str, Any]:
    """Each of `mmsearch keys list --json`."""
    return asdict(key)


def job_json(job: Job) -> dict[str, Any]:
    """`mmsearch jobs show --json`."""
    return asdict(job)


def job_of(said: Mapping[str, Any]) -> Job:
    """The job that another process wrote."""
    return Job(**said)


def preview_json(preview: Preview) -> dict[str, Any]:
    """`mmsearch index --dry-run --json`."""
    return asdict(preview)


def report_json(report: Report) -> dict[str, Any]:
    """`mmsearch index --json`."""
    return asdict(report)


def state_json(state: SpaceState) -> dict[str, Any]:
    """A space with its facts, as `mmsearch.client.Client.spaces` gives them."""
    return {**asdict(state), "space": state.space and space_json(state.space)}


def state_of(said: Mapping[str, Any]) -> SpaceState:
    return SpaceState(**{**said, "space": said["space"] and space_of(said["space"])})


def stats_of(said: Mapping[str, Any]) -> Stats:
    return Stats(**{**said, "roots": tuple(said["roots"])})


def audit_json(audit: Audit) -> dict[str, Any]:
    """ "audit" of `mmsearch doctor --deep --json`."""
    return asdict(audit) | {"whole": audit.whole}


def audit_of(said: Mapping[str, Any]) -> Audit:
    """The audit that another process wrote."""
    lists = {name: tuple(Difference(**d) for d in said[name]) for name in ("differences", "mended")}
    lists |= {name: tuple(said[name]) for name in ("unread", "to_index")}
    return Audit(**{name: lists.get(name, said[name]) for name in Audit.__slots__})


def backed_up_json(backed_up: BackedUp) -> dict[str, Any]:
    """`mmsearch backup --json`."""
    return asdict(backed_up)


def exported_json(exported: Exported) -> dict[str, Any]:
    """`mmsearch export --json`."""
    return asdict(exported) | {"folder": str(exported.folder)}


def imported_json(imported: Imported) -> dict[str, Any]:
    """`mmsearch import --json`."""
    return asdict(imported)


def reembed_estimate_json(estimate: ReembedEstimate) -> dict[str, Any]:
    """`mmsearch reembed --dry-run --json`."""
    return asdict(estimate)


def forgotten_json(space: str, rows: int) -> dict[str, Any]:
    """`mmsearch reembed --forget-previous --json`."""
    return {"space": space, "forgotten_rows": rows}


def reembedded_json(done: Reembedded) -> dict[str, Any]:
    """`mmsearch reembed --json`."""
    return asdict(done)


def _result_json(result: Result) -> ResultJson:
    segment = result.segment
    return {
        "rank": result.rank,
        "score": result.score,
        "modality": segment.modality,
        "document": {"id": segment.document_id, "uri": segment.uri, "title": segment.title},
        "segment": segment_json(segment),
        "snippet": result.snippet,
        "highlights": [list(place) for place in result.highlights],
        "answer": answer_json(result.answer) if result.answer else None,
        "hits": [_hit_json(hit) for hit in result.hits],
        "more": [segment_json(other) for other in result.more],
        "duplicates": [
            {"document": {"id": copy.document_id, "uri": copy.uri, "title": copy.title}, "score": copy.score}
            for copy in result.duplicates
        ],
    }


def _result_of(said: ResultJson) -> Result:
    segment, answer = segment_of(said["segment"]), said["answer"]
    return Result(
        rank=said["rank"],
        score=said["score"],
        segment=segment,
        snippet=said["snippet"],
        highlights=tuple((start, end) for start, end in said["highlights"]),
        hits=tuple(_hit_of(hit, segment) for hit in said["hits"]),
        more=tuple(segment_of(other) for other in said["more"]),
        answer=_answer_of(answer) if answer else None,
        duplicates=tuple(
            Duplicate(copy["document"]["id"], copy["document"]["uri"], copy["document"]["title"], copy["score"])
            for copy in said["duplicates"]
        ),
    )


def _hit_json(hit: Hit) -> HitJson:
    return {
        "space": hit.space,
        "rank": hit.rank,
        "score": hit.score,
        "probability": hit.probability,
        "segment": hit.segment_id,
    }


def _hit_of(said: HitJson, found: Segment) -> Hit:
    """The hit that brought the segment."""
    return Hit(
        said["segment"],
        found.document_id,
        found.modality,
        said["space"],
        said["rank"],
        said["score"],
        said["probability"],
    )


def _answer_of(said: AnswerJson) -> Answer:
    characters, seconds = said["characters"], said["seconds"]
    return Answer(
        said["kind"],
        said["text"],
        said["confidence"],
        tuple((row, column) for row, column in said["cells"]),
        (characters[0], characters[1]) if characters else None,
        (seconds[0], seconds[1]) if seconds else None,
        tuple((left, top, right, bottom) for left, top, right, bottom in said["boxes"]),
    )
