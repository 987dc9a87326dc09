"""What mmsearch prints as JSON; the keys are a contract with programs."""

from dataclasses import asdict
from typing import Any

from mmsearch.feedback import Judgement
from mmsearch.jobs import Job
from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.preview import Preview
from mmsearch.reembedding import ReembedEstimate
from mmsearch.types import Ranking, Reembedded, Report, Result, Segment


def ranking_json(ranking: Ranking) -> dict[str, Any]:
    """`mmsearch search --json`."""
    return {
        "query": ranking.query.text,
        "routes": [
            {"space": r.space, "weight": r.weight, "reason": r.reason, "modalities": sorted(r.modalities)}
            for r in ranking.routes
        ],
        "media": dict(ranking.media),
        "media_reason": ranking.media_reason,
        "no_good_match": ranking.no_good_match,
        "calibration": ranking.calibration,
        "closed_spaces": dict(ranking.closed_spaces),
        "took_ms": dict(ranking.took_ms),
        "results": [_result(result) for result in ranking.results],
    }


def judgement_json(judgement: Judgement) -> dict[str, Any]:
    """`mmsearch feedback add --json`, and each of `feedback list --json`."""
    return asdict(judgement)


def job_json(job: Job) -> dict[str, Any]:
    """`mmsearch jobs show --json`."""
    return asdict(job)


def report_json(report: Report) -> dict[str, Any]:
    """`mmsearch index --json`."""
    return asdict(report)


def preview_json(preview: Preview) -> dict[str, Any]:
    """`mmsearch index --dry-run --json`."""
    return asdict(preview)


def exported_json(exported: Exported) -> dict[str, Any]:
    """`mmsearch export --json`."""
    return asdict(exported) | {"folder": str(exported.folder)}


def imported_json(imported: Imported) -> dict[str, Any]:
    """`mmsearch import --json`."""
    return asdict(imported)


def reembed_estimate_json(estimate: ReembedEstimate) -> dict[str, Any]:
    """`mmsearch reembed --dry-run --json`."""
    return asdict(estimate)


def reembedded_json(done: Reembedded) -> dict[str, Any]:
    """`mmsearch reembed --json`."""
    return asdict(done)


def _result(result: Result) -> dict[str, Any]:
    segment = result.segment
    return {
        "rank": result.rank,
        "score": result.score,
        "modality": segment.modality,
        "document": {"id": segment.document_id, "uri": segment.uri, "title": segment.title},
        "segment": _segment(segment),
        "snippet": result.snippet,
        "highlights": [list(place) for place in result.highlights],
        "answer": asdict(result.answer) if result.answer else None,
        "hits": [{"space": hit.space, "rank": hit.rank, "score": hit.score} for hit in result.hits],
        "more": [_segment(other) for other in result.more],
        "duplicates": [
            {"document": {"id": copy.document_id, "uri": copy.uri, "title": copy.title}, "score": copy.score}
            for copy in result.duplicates
        ],
    }


def _segment(segment: Segment) -> dict[str, Any]:
    return {"id": segment.id, "span": segment.span.as_dict()}
