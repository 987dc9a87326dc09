"""Words alone, by ways to deal with languages: python -m benchmarks.analysis DATA [--report benchmarks/QUALITY.md]

No sentence encoder and no Milvus: the files are read and cut as for a library, analysed, and searched by the memory
store's BM25. nDCG@10 of documents by their best segment. `DATA` holds the judged sets; the last table is of the
sentences in benchmarks/inflections.py.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean

from benchmarks import quality_report as report
from benchmarks.inflections import ENGLISH as ENGLISH_SENTENCES
from benchmarks.inflections import INFLECTED
from mmsearch import bm25, lexical
from mmsearch.evaluation import query_metrics, scores_of
from mmsearch.identification import likely, with_languages
from mmsearch.languages import ENGLISH, LANGUAGES, language_of
from mmsearch.lexical import LexicalEncoder, analyze
from mmsearch.parts import build
from mmsearch.passages import PassageSplitter
from mmsearch.query_language import read_operators
from mmsearch.readers import default_readers
from mmsearch.retrieval_sets import RetrievalSet, read_set
from mmsearch.settings import Settings
from mmsearch.sources import CORPUS_FILE, find_documents, reader_of
from mmsearch.types import Document, Qrels, Query, Root, Segment, Span

SETS = ("scifact", "wikitablequestions", "fetaqa", "speech_small", "mixed")
NAME = "words in four languages"
SHOWN = 10
WORDS = LexicalEncoder()


@dataclass(frozen=True, slots=True)
class Way:
    """How segments and queries are analysed: by English rules alone, or in their language."""

    name: str
    english_segments: bool
    query: Callable[[str, frozenset[str]], str]


def _in_english(text: str, library: frozenset[str]) -> str:
    return " ".join(analyze(text))


def _in_the_likeliest(text: str, library: frozenset[str]) -> str:
    return " ".join(analyze(text, likely(text, LANGUAGES)[0]))


def _in_any_of_all(text: str, library: frozenset[str]) -> str:
    return WORDS.encode_query(Query(text))


def _in_any_of_the_library(text: str, library: frozenset[str]) -> str:
    return WORDS.encode_query(Query(text, languages=library))


WAYS = (
    Way("English rules alone", True, _in_english),
    Way("one language a query", False, _in_the_likeliest),
    Way("any likely language", False, _in_any_of_all),
    Way("any likely language of the library (default)", False, _in_any_of_the_library),
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is searched and what is relevant: segments with their documents' ids as `document_id`."""

    segments: Sequence[Segment]
    queries: Mapping[str, str]
    qrels: Qrels


def main() -> None:
    """Measure, print, and write the table into the report where one is named."""
    options = _options()
    if options.report:
        report.check(options.report, [NAME])
    header = ("set", *(way.name for way in WAYS))
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    for name in options.sets:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        retrieval_set = read_set(options.data / name)
        measured = ndcg(_of_set(retrieval_set))
        lines += [_row(f"{name}{group}", ids, measured) for group, ids in _groups(retrieval_set).items()]
    by_way = ndcg(sentences())
    for code, pairs in INFLECTED.items():
        lines.append(_row(f"inflections, {code}", [f"{code} {number}" for number in range(len(pairs))], by_way))
    speed = _speed(_of_set(read_set(options.data / "scifact")).segments)
    text = f"nDCG@10 of words alone (queries):\n\n{chr(10).join(lines)}\n\n{speed}"
    print(text)
    if options.report:
        report.write(options.report, NAME, report.Measured(text, []))


def _row(name: str, ids: Sequence[str], measured: Mapping[str, Mapping[str, float]]) -> str:
    means = (f"{fmean(by_query[id] for id in ids):.4f}" for by_query in measured.values())
    return f"| {name} ({len(ids)}) | {' | '.join(means)} |"


def ndcg(judged: Judged) -> dict[str, dict[str, float]]:
    """nDCG@10 of each query, by the name of the way."""
    library = frozenset({ENGLISH, *map(language_of, judged.segments)})
    plain = [replace(segment, metadata={}) for segment in judged.segments]
    corpora = {english: _corpus(plain if english else judged.segments) for english in (True, False)}
    document = {segment.id: segment.document_id for segment in judged.segments}

    @cache  # most queries are analysed alike in all ways
    def ranked(english: bool, asked: str) -> tuple[str, ...]:
        best: dict[str, float] = {}
        for segment, score in bm25.scores(corpora[english], asked).items():
            best[document[segment]] = max(best.get(document[segment], 0.0), score)
        return tuple(sorted(best, key=lambda id: (-best[id], id))[:SHOWN])

    return {way.name: _measured(judged, library, way, ranked) for way in WAYS}


def sentences() -> Judged:
    """The inflected sentences and their distractors, all languages together; each is a document of its own."""
    texts, queries, qrels = list(ENGLISH_SENTENCES), dict[str, str](), Qrels()
    for language, pairs in INFLECTED.items():
        for number, pair in enumerate(pairs):
            queries[f"{language} {number}"] = pair.query
            qrels[f"{language} {number}"] = {pair.answer: 1}
            texts += [pair.answer, pair.distractor]
    alone = ([Segment(text, text, "", "text", Span(), text=text)] for text in texts)
    return Judged([segment for document in alone for segment in with_languages(document)], queries, qrels)


def _measured(
    judged: Judged, library: frozenset[str], way: Way, ranked: Callable[[bool, str], Sequence[str]]
) -> dict[str, float]:
    run = {
        id: scores_of(ranked(way.english_segments, way.query(read_operators(Query(text))[0].text, library)))
        for id, text in judged.queries.items()
    }
    return {id: found["ndcg@10"] for id, found in query_metrics(judged.qrels, run).items()}


def _corpus(segments: Sequence[Segment]) -> dict[str, Counter[str]]:
    analysed = zip(segments, WORDS.encode(segments), strict=True)
    return {segment.id: Counter(bm25.clipped(terms).split()) for segment, terms in analysed}


def _of_set(retrieval_set: RetrievalSet) -> Judged:
    return Judged(list(_segments(retrieval_set.folder)), retrieval_set.queries, retrieval_set.qrels)


def _segments(folder: Path) -> Iterator[Segment]:
    """The segments of a set as a library has them, without a recogniser and without OCR."""
    settings = Settings()
    text = build(settings.encoders["text"])
    tokens = min(settings.indexing.passage_tokens, getattr(text, "max_tokens", settings.indexing.passage_tokens))
    splitter = PassageSplitter(tokens, getattr(text, "tokenizer_file", None))
    readers = default_readers(splitter, settings.indexing.table_rows)
    prefix = f"{(folder / CORPUS_FILE).as_posix()}#"
    for place in find_documents(Root.at(folder), readers):
        if isinstance(place, Document):
            for segment in with_languages(reader_of(place, readers).read(place)):
                yield replace(segment, document_id=place.uri.removeprefix(prefix))


def _groups(retrieval_set: RetrievalSet) -> dict[str, list[str]]:
    """Queries by the medium that they are after, where the set says it, but for pictures, which have no words."""
    if not retrieval_set.intended:
        return {"": list(retrieval_set.queries)}
    groups: dict[str, list[str]] = {}
    for id, medium in retrieval_set.intended.items():
        if medium != "image":
            groups.setdefault(f", {medium}", []).append(id)
    return dict(sorted(groups.items()))


def _speed(segments: Sequence[Segment]) -> str:
    """Terms a second of CPU time, with an empty and with a full cache, and what identification costs."""
    lexical._terms.cache_clear()
    rates = []
    for _ in ("empty", "full"):
        started = time.process_time()
        terms = sum(encoded.count(" ") + 1 for encoded in WORDS.encode(segments))
        rates.append(terms / (time.process_time() - started))
    plain = [replace(segment, metadata={}) for segment in segments]
    started = time.process_time()
    for segment in plain:
        list(with_languages([segment]))
    each_ms = 1000 * (time.process_time() - started) / len(plain)
    return (
        f"CPU time on scifact: {rates[0]:,.0f} terms/s with an empty cache, {rates[1]:,.0f} with a full one; "
        f"to identify the language {each_ms:.2f} ms a segment."
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analysis", description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the sets")
    parser.add_argument("--sets", nargs="*", choices=SETS, default=SETS, metavar="SET", help=", ".join(SETS))
    parser.add_argument("--report", type=Path, help="the file to write the table into")
    return parser.parse_args()


if __name__ == "__main__":
    main()
