"""Evaluations that are kept: a folder each, with the rankings in TREC's format, the settings, every query's outcome."""

import json
import os
import platform
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from platformdirs import user_cache_path

from mmsearch.errors import Forbidden, InputError, NotFound
from mmsearch.evaluation import Found, Outcome, Wanted, scores_of, summary
from mmsearch.reports import Report
from mmsearch.retrieval_sets import RetrievalSet

FORMAT = 1
"""Of the files below; a reader refuses another."""

FACTS_FILE, QUERIES_FILE, TREC_FILE = "run.json", "queries.jsonl", "run.trec"

LIBRARIES = (
    "mmsearch",
    "numpy",
    "pymilvus",
    "milvus-lite",
    "PyStemmer",
    "py3langid",
    "torch",
    "transformers",
    "sentence-transformers",
    "open-clip-torch",
    "openai-whisper",
    "onnxruntime",
    "rapidocr",
    "ir-measures",
    "pytrec-eval-terrier",
)
"""Whose versions can change a ranking, a metric or a latency."""


@dataclass(frozen=True, slots=True)
class SavedRun:
    """An evaluation as it lies in its folder: `facts` is the content of run.json."""

    folder: Path
    facts: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]

    @property
    def set(self) -> str:
        """The name of the set."""
        return str(self.facts["set"])

    @property
    def label(self) -> str:
        """The name it was given, else what it was searched with."""
        reranked = ", reranked" if self.facts.get("reranker") else ""
        return str(self.facts["name"] or f"{' + '.join(self.facts['spaces'])}, {self.facts['fusion']}{reranked}")


def default_runs() -> Path:
    """Where runs are saved unless another folder is named: beside the indexes of the sets."""
    return user_cache_path("mmsearch") / "evaluation" / "runs"


def save_run(runs: Path, name: str, facts: Mapping[str, Any], outcomes: Sequence[Outcome]) -> Path:
    """The folder `SET-NAME` below `runs` with the run in it, by the time of day where it has no name.

    A run of the same name is replaced; a killed process never leaves half of one.
    Raises InputError for a name that is no file name or a folder that holds something else, Forbidden.
    """
    check_name(name)
    folder = runs / f"{facts['set']}-{name or datetime.now().strftime('%Y%m%d-%H%M%S-%f')}"
    if folder.exists() and not (folder / FACTS_FILE).is_file():
        raise InputError(f"{folder} is there and is no run; choose another name")
    partial = runs / f".{folder.name}.{uuid4().hex[:8]}"
    try:
        partial.mkdir(parents=True)
        (partial / TREC_FILE).write_text(trec(outcomes, name or "mmsearch"), encoding="utf-8")
        lines = (json.dumps(asdict(outcome), ensure_ascii=False) + "\n" for outcome in outcomes)
        (partial / QUERIES_FILE).write_text("".join(lines), encoding="utf-8")
        whole = {"format": FORMAT, "name": name, **facts}
        (partial / FACTS_FILE).write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    except OSError as error:
        raise Forbidden(f"{error.filename or folder}: the run cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def check_name(name: str) -> None:
    """Raises InputError for a run's name that would not do as the end of a folder's name."""
    if name and not re.fullmatch(r"[\w.+-]+", name):
        raise InputError(f'"{name}" cannot name a run: use letters, digits and . + - _')


def trec(outcomes: Sequence[Outcome], tag: str) -> str:
    """The rankings as `query Q0 document rank score tag`, with blanks and % in ids as %20 and %25.

    The scores count down from the length of the list: the ranks, in the form that trec_eval sorts by.
    """
    return "".join(
        f"{_token(outcome.id)} Q0 {_token(document)} {rank} {score:g} {tag}\n"
        for outcome in outcomes
        for rank, (document, score) in enumerate(scores_of(outcome.ranking).items(), start=1)
    )


def _token(id: str) -> str:
    return re.sub(r"[\s%]", lambda match: quote(match[0]), id)


def read_run(place: str | Path, runs: Path | None = None) -> SavedRun:
    """The run in a folder, or the one of that name below `runs`. Raises NotFound, InputError when it is no run."""
    folder = Path(place).expanduser()
    if not folder.exists():
        named = (runs or default_runs()) / place
        if not named.is_dir():
            raise NotFound(f"{folder} does not exist, and {named.parent} holds no run of that name")
        folder = named
    if not (folder / FACTS_FILE).is_file() or not (folder / QUERIES_FILE).is_file():
        raise InputError(f'{folder} is no run: it has no {FACTS_FILE} and {QUERIES_FILE}; "mmsearch eval" makes runs')
    try:
        facts = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
        if (found := facts.get("format")) != FORMAT:
            raise InputError(f"{folder} has format {found}, this mmsearch reads {FORMAT}: evaluate the set again")
        with (folder / QUERIES_FILE).open(encoding="utf-8") as lines:
            outcomes = tuple(_read_outcome(json.loads(line)) for line in lines)
        return SavedRun(folder.resolve(), facts, outcomes)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder} is a run that cannot be read: {error!r}") from error


def _read_outcome(record: dict[str, Any]) -> Outcome:
    lists = {
        "ranking": tuple(record["ranking"]),
        "found": tuple(Found(**found) for found in record["found"]),
        "wanted": tuple(Wanted(**wanted) for wanted in record["wanted"]),
    }
    return Outcome(**record | lists)


def run_facts(
    retrieval_set: RetrievalSet,
    report: Report,
    outcomes: Sequence[Outcome],
    fusion: str,
    spaces: Sequence[str],
    reranker: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What `eval --json` prints: the set, what was asked how, the metrics, and the indexing that went before."""
    warnings = list(retrieval_set.warnings)
    if report.failed:
        warnings.append(f"{len(report.failed)} documents could not be indexed, such as {report.failed[0].uri}")
    return {
        "set": retrieval_set.name,
        "path": str(retrieval_set.folder),
        "split": retrieval_set.split,
        "judgements": retrieval_set.judgements,
        "corpus": retrieval_set.corpus,
        "queries": len(outcomes),
        "documents": retrieval_set.documents,
        "spaces": list(spaces),
        "fusion": fusion,
        "reranker": reranker,
        **summary(outcomes),
        "indexing": {
            "documents_per_s": round(report.indexed / report.seconds, 2),
            "seconds": round(report.seconds, 2),
            "indexed": report.indexed,
            "unchanged": report.unchanged,
            "failed": len(report.failed),
        },
        "warnings": warnings,
    }


def surroundings() -> dict[str, Any]:
    """When, with which versions and on what machine: latencies compare on one machine only."""
    return {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | _versions(),
        "machine": {
            "host": platform.node(),
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "load_1m": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        },
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    """Linux keeps the model's name in a file; platform.processor() knows it elsewhere."""
    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.M) if cpuinfo.is_file() else []
    return names[0] if names else platform.processor() or platform.machine()
