"""The last stage of a search on a small library: variety by what the store holds."""

from pathlib import Path

import numpy as np
import pytest
from hashing import HashingEncoder
from libraries import Library

from mmsearch.errors import InputError
from mmsearch.grouping import diversified
from mmsearch.lexical import LexicalEncoder, analyze
from mmsearch.protocols import Encoder
from mmsearch.search import Searcher
from mmsearch.serialisation import for_words
from mmsearch.spaces import open_for_search
from mmsearch.types import Query, Ranking

NOTES = {
    "bell.txt": "The fog bell of the harbour rang all night.",
    "bells.txt": "All night the bell of the harbour rang in the fog, and again.",
    "ringing.txt": "The harbour bell is ringing in the fog of the night again.",
    "ferry.txt": "When the ferry came into the harbour, the children waved.",
    "market.txt": "On the market at the harbour they sell herring, and sometimes a bell.",
}


def _searcher(folder: Path, diversity: float = 0.0, **encoders: Encoder) -> Searcher:
    files = folder / "files"
    files.mkdir(exist_ok=True)
    for name, text in NOTES.items():
        (files / name).write_text(text)
    library = Library(folder / "library", encoders={"words": LexicalEncoder(), **encoders})
    library.indexer().index([files])
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    return Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated", diversity=diversity)


def _scores(ranking: Ranking) -> dict[str, float]:
    return {result.segment.title: result.score for result in ranking.results}


QUERY = "harbour bell in the fog"


def test_vectors_of_the_common_space_say_what_is_similar(tmp_path: Path) -> None:
    searcher = _searcher(tmp_path, text=HashingEncoder())
    plain = searcher.search(Query(QUERY))
    mixed = searcher.search(Query(QUERY, diversity=0.5))
    ids = [result.segment.id for result in plain.results]
    vectors = searcher.store.vectors(searcher.spaces["text"].collection, ids)
    matrix = np.stack([vectors[id] for id in ids]).astype(np.float64)
    similarity = np.clip(matrix @ matrix.T, 0, 1)
    order = diversified(np.array([result.score for result in plain.results]), similarity, 0.5)
    assert [result.segment.id for result in mixed.results] == [ids[place] for place in order]
    assert order != sorted(order)
    assert _scores(mixed) == _scores(plain)
    assert [result.rank for result in mixed.results] == [1, 2, 3, 4, 5]


def test_without_vectors_common_words_say_it(tmp_path: Path) -> None:
    searcher = _searcher(tmp_path)
    plain = searcher.search(Query(QUERY)).results
    terms = [frozenset(analyze(for_words(result.segment))) for result in plain]
    similarity = np.array([[len(a & b) / len(a | b) for a in terms] for b in terms])
    order = diversified(np.array([result.score for result in plain]), similarity, 0.7)
    mixed = searcher.search(Query(QUERY, diversity=0.7)).results
    assert [result.segment.id for result in mixed] == [plain[place].segment.id for place in order]
    assert order != sorted(order)


def test_the_cut_comes_after_the_mix(tmp_path: Path) -> None:
    """The second place goes to the best of another kind, from below what two places would show."""
    searcher = _searcher(tmp_path, text=HashingEncoder())
    whole = searcher.search(Query(QUERY, diversity=0.9)).results
    two = searcher.search(Query(QUERY, diversity=0.9, top_k=2)).results
    assert [result.segment.id for result in two] == [result.segment.id for result in whole[:2]]
    plain = searcher.search(Query(QUERY, top_k=2)).results
    assert two[0].segment.id == plain[0].segment.id
    assert two[1].segment.id != plain[1].segment.id


def test_a_query_overrides_the_diversity_of_the_settings(tmp_path: Path) -> None:
    searcher = _searcher(tmp_path, diversity=0.9)
    mixed = [result.segment.id for result in searcher.search(Query(QUERY)).results]
    plain = [result.segment.id for result in searcher.search(Query(QUERY, diversity=0.0)).results]
    assert sorted(mixed) == sorted(plain)
    assert mixed != plain
    assert mixed == [result.segment.id for result in searcher.search(Query(QUERY, diversity=0.9)).results]


@pytest.mark.parametrize("diversity", [-0.1, 1.1, float("nan")])
def test_a_diversity_that_is_none_is_refused(tmp_path: Path, diversity: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        _searcher(tmp_path).search(Query(QUERY, diversity=diversity))


def test_each_hit_says_what_its_space_alone_would_give_the_document(tmp_path: Path) -> None:
    searcher = _searcher(tmp_path, text=HashingEncoder())
    alone = {
        (space, result.segment.document_id): result.score
        for space in searcher.spaces
        for result in searcher.search(Query(QUERY, spaces=frozenset({space}))).results
    }
    results = searcher.search(Query(QUERY)).results
    said = {(hit.space, hit.document_id): hit.probability for result in results for hit in result.hits}
    assert len(said) > len(results)
    assert said == pytest.approx({hit: alone[hit] for hit in said})


def test_a_passage_that_a_later_piece_of_it_brought_names_its_hit(tmp_path: Path) -> None:
    """The encoder reads 32 tokens at once, and the bell is beyond the first of them."""
    calm = "The sea was calm and the wind came from the west. " * 6
    library = Library(tmp_path / "library")
    (tmp_path / "log.txt").write_text(f"{calm}The fog bell rang.")
    library.indexer().index([tmp_path / "log.txt"])
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    searcher = Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated")
    (result,) = searcher.search(Query("fog bell", spaces=frozenset({"text"}))).results
    (hit,) = result.hits
    best = library.memory.search(spaces["text"].collection, HashingEncoder().encode_query(Query("fog bell")), 1)[0]
    assert best.segment_id != result.segment.id
    assert (hit.space, hit.segment_id, hit.score) == ("text", result.segment.id, best.score)
    assert result.more == ()


def test_without_a_background_a_hit_has_no_probability(tmp_path: Path) -> None:
    """One document and a model of which nobody knows the usual cosines."""
    (tmp_path / "bell.txt").write_text(NOTES["bell.txt"])
    library = Library(tmp_path / "library")
    library.indexer().index([tmp_path / "bell.txt"])
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    searcher = Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated")
    (result,) = searcher.search(Query(QUERY)).results
    said = {hit.space: hit.probability for hit in result.hits}
    assert said["text"] is None
    assert said["words"] is not None
