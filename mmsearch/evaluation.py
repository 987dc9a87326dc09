"""How good the rankings are: a retrieval set with judgements, searched and measured.

The metrics are those of ir-measures, which wraps trec_eval's own code, so that figures compare with published ones.
"""

import csv
import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from mmsearch.errors import ConfigError, InputError
from mmsearch.sources import CORPUS_FILE, is_set
from mmsearch.types import Qrels, Query, Ranking, Run, digest

CUTOFF = 100
"""Documents asked for each query: recall@100 needs as many."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """A set in the BEIR layout: judged queries by id, judgements, the intended modality where the set says it."""

    folder: Path
    documents: int
    queries: Mapping[str, str]
    qrels: Qrels
    intended: Mapping[str, str]


def read_set(folder: Path) -> RetrievalSet:
    """The set of a folder; queries without a judgement are left out. Raises InputError when it is none."""
    if not is_set(folder):
        raise InputError(f"{folder} is no retrieval set: it needs {CORPUS_FILE}, queries.jsonl and qrels/test.tsv")
    qrels: dict[str, dict[str, int]] = {}
    try:
        with (folder / "qrels" / "test.tsv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                qrels.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
        with (folder / "queries.jsonl").open(encoding="utf-8") as file:
            records = [record for record in map(json.loads, file) if record["_id"] in qrels]
        with (folder / CORPUS_FILE).open(encoding="utf-8") as file:
            documents = sum(1 for line in file if line.strip())
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{folder} is no complete retrieval set: {error!r}") from error
    return RetrievalSet(
        folder,
        documents,
        {record["_id"]: record["text"] for record in records},
        qrels,
        {record["_id"]: record["intended"] for record in records if "intended" in record},
    )


def cached_library(folder: Path) -> Path:
    """Where the index of a set is kept for the next evaluation."""
    return user_cache_path("mmsearch") / "evaluation" / f"{folder.resolve().name}-{digest(folder.resolve())[:8]}"


def evaluate(
    retrieval_set: RetrievalSet, search: Callable[[Query], Ranking], spaces: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """`metrics` over all queries, `by_intended` modality, `latency_ms` p50 and p99 of single searches."""
    run: dict[str, dict[str, float]] = {}
    took_ms = []
    prefix = f"{(retrieval_set.folder / CORPUS_FILE).resolve().as_posix()}#"
    for id, text in retrieval_set.queries.items():
        ranking = search(Query(text, top_k=CUTOFF, spaces=spaces))
        took_ms.append(ranking.took_ms["total"])
        run[id] = {r.segment.uri.removeprefix(prefix): CUTOFF - r.rank for r in ranking.results}
    groups = {
        modality: [id for id, wanted in retrieval_set.intended.items() if wanted == modality]
        for modality in sorted(set(retrieval_set.intended.values()))
    }
    ordered = sorted(took_ms)
    return {
        "metrics": metrics(retrieval_set.qrels, run),
        "by_intended": {
            modality: metrics({id: retrieval_set.qrels[id] for id in ids}, {id: run[id] for id in ids})
            for modality, ids in groups.items()
        },
        "latency_ms": {
            "p50": round(statistics.median(ordered), 2),
            "p99": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 2),
        },
    }


def metrics(qrels: Qrels, run: Run) -> dict[str, float]:
    """nDCG@10, recall@10, recall@100 and MRR@10: means over the judged queries; a query without results counts 0."""
    try:
        import ir_measures
    except ModuleNotFoundError as error:
        raise ConfigError('evaluation needs ir-measures; pip install "mmsearch[evaluation]"') from error
    measures = {
        "ndcg@10": ir_measures.nDCG @ 10,
        "recall@10": ir_measures.R @ 10,
        "recall@100": ir_measures.R @ 100,
        "mrr@10": ir_measures.RR @ 10,
    }
    found = ir_measures.calc_aggregate(list(measures.values()), qrels, run)
    return {name: round(float(found[measure]), 4) for name, measure in measures.items()}
