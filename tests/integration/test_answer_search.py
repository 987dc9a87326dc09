"""Answers as a stage of search, on the memory store: whole tables, the settings, and nothing where nothing fits."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hashing import HashingEncoder
from libraries import Library

from mmsearch.answering.asking import Answering
from mmsearch.answering.lettering import LetteringAnswerer
from mmsearch.answering.sentences import SentenceAnswerer
from mmsearch.answering.table import TableAnswerer
from mmsearch.errors import ConfigError
from mmsearch.parts import answerers_of
from mmsearch.protocols import Answerer
from mmsearch.search import Searcher
from mmsearch.settings import read_settings
from mmsearch.spaces import open_for_search
from mmsearch.types import Answer, Modality, Query, Ranking, Segment
from mmsearch_encoders.extractive import ExtractiveAnswerer

ROWS = 250


class Counting:
    """Says how many rows it was shown, with the last of them."""

    @property
    def modalities(self) -> frozenset[Modality]:
        return frozenset({"table"})

    @property
    def fingerprint(self) -> str:
        return "counting"

    def answer(self, question: str, segments: Sequence[Segment]) -> list[Answer | None]:
        sizes = [len(segment.table.rows) if segment.table else 0 for segment in segments]
        return [Answer("figure", str(size), 1.0, ((size - 1, 0),)) for size in sizes]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("answers")
    library, papers = Library(folder / "library"), folder / "papers"
    papers.mkdir()
    boats = (f"Kittiwake {number},{1700 + number},{number % 7}" for number in range(ROWS))
    (papers / "boats.csv").write_text("\n".join(["boat,built,masts", *boats]) + "\n")
    (papers / "keeper.md").write_text("# The lamp\n\nAlasdair Finn lit the lamp of the tower. It shone far.\n")
    assert library.indexer().index([papers]).indexed == 2
    return library


def _search(library: Library, answerers: Sequence[Answerer], text: str, usual: bool = True) -> Ranking:
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    answering = Answering(answerers, usual)
    searcher = Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated", answering=answering)
    return searcher.search(Query(text))


def _answer(ranking: Ranking, name: str) -> Answer | None:
    (answer,) = [result.answer for result in ranking.results if Path(result.segment.uri).name == name]
    return answer


def test_a_table_stored_in_pieces_is_asked_as_a_whole(library: Library) -> None:
    ranking = _search(library, [Counting()], "kittiwake boat built masts")
    assert _answer(ranking, "boats.csv") == Answer("figure", str(ROWS), 1.0, ((ROWS - 1, 0),))
    assert ranking.took_ms["answer"] > 0


def test_the_shipped_answerer_names_rows_beyond_the_first_piece(library: Library) -> None:
    ranking = _search(library, [TableAnswerer(floor=0.0)], "when was the boat kittiwake 213 built?")
    answer = _answer(ranking, "boats.csv")
    assert answer is not None
    assert (answer.text, answer.cells) == ("1913", ((213, 1),))


def test_a_sentence_is_found_by_the_encoder_of_the_space(library: Library) -> None:
    ranking = _search(library, [SentenceAnswerer(HashingEncoder())], "who lit the lamp of the tower?")
    answer = _answer(ranking, "keeper.md")
    assert answer is not None
    assert answer.text == "Alasdair Finn lit the lamp of the tower."


def test_the_settings_may_leave_answers_out(library: Library) -> None:
    ranking = _search(library, [Counting()], "kittiwake boat built masts", usual=False)
    assert "answer" not in ranking.took_ms
    assert _answer(ranking, "boats.csv") is None


def test_nobody_is_asked_where_nothing_is_a_good_match(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.search.GOOD_MATCH", 1.1)
    ranking = _search(library, [Counting()], "kittiwake boat built masts")
    assert ranking.no_good_match
    assert _answer(ranking, "boats.csv") is None


def test_the_settings_name_the_answerers() -> None:
    encoder = HashingEncoder()
    table, extractive, sentence, lettering = answerers_of(read_settings(), {"text": encoder})
    assert (type(table), type(extractive)) == (TableAnswerer, ExtractiveAnswerer)
    assert (type(sentence), type(lettering)) == (SentenceAnswerer, LetteringAnswerer)
    assert sentence.answer("who lit the lamp?", []) == []
    assert answerers_of(read_settings(answerers=[]), {}) == ()
    with pytest.raises(ConfigError, match="flor"):
        answerers_of(read_settings(answerers=[{"part": "mmsearch.answering.table:TableAnswerer", "flor": 1}]), {})


def test_an_answerer_of_a_closed_space_gets_no_encoder(library: Library) -> None:
    _, _, sentence, _ = answerers_of(read_settings(), {"text": HashingEncoder(closed="pull it")})
    ranking = _search(library, [sentence], "who lit the lamp of the tower?")
    assert _answer(ranking, "keeper.md") is None
