"""A library of four languages through the engine, on every store."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from libraries import Library

from mmsearch import bm25, identification
from mmsearch.errors import SpaceMismatch
from mmsearch.protocols import Store
from mmsearch.search import Searcher
from mmsearch.spaces import open_for_search
from mmsearch.stores.memory import MemoryStore
from mmsearch.stores.milvus import MilvusStore
from mmsearch.types import Query, Result

DOCUMENTS = {
    "german.txt": "Die alten Häuser am Ufer gehören der Familie Müller. Sie wurden vor vielen Jahren von Fischern "
    "gebaut, und die Straße davor heißt noch immer nach ihnen.",
    "german.csv": "Haus,Baujahr\nMühle am Bach,1880\nGasthof Zur Post,1902\n",
    "french.txt": "Les chevaux sauvages boivent l'eau de la rivière. Les œufs des oiseaux sont cachés dans les hautes "
    "herbes, et personne ne vient troubler le calme du matin.",
    "spanish.txt": "Las canciones de los niños se oían en toda la montaña. Los españoles del pueblo bailaban cada "
    "domingo en la plaza mayor, delante de la iglesia.",
    "english.txt": "The dice die on the table before the war is over. Three men pour the concrete for the new houses, "
    "and the son of the fisherman brings them water.",
    "said.md": "---\nlanguage: fr-CA\n---\n\nchevaux 17\n",
}


@pytest.fixture(scope="module", params=["memory", "milvus"])
def searcher(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    folder = tmp_path_factory.mktemp(request.param)
    store: Store = MemoryStore() if request.param == "memory" else MilvusStore(str(folder / "library.db"))
    yield _searcher(Library(folder / "library"), store, folder / "papers")
    store.close()


def _searcher(library: Library, store: Store, papers: Path) -> Searcher:
    papers.mkdir(exist_ok=True)
    for name, text in DOCUMENTS.items():
        (papers / name).write_text(text, encoding="utf-8")
    report = library.indexer(store).index([papers])
    assert not report.failed
    spaces, closed = open_for_search(library.encoders, library.manifest, store)
    return Searcher(spaces, closed, store, library.manifest, 10, "calibrated")


def _results(searcher: Searcher, text: str, spaces: frozenset[str] = frozenset({"words"})) -> Sequence[Result]:
    return searcher.search(Query(text, spaces=spaces)).results


def _found(searcher: Searcher, text: str, spaces: frozenset[str] = frozenset({"words"})) -> list[str]:
    return [Path(result.segment.uri).name for result in _results(searcher, text, spaces)]


@pytest.mark.parametrize(
    ("query", "name", "shown"),
    [
        ("altes Haus", "german.txt", ["alten", "Häuser"]),
        ("Mueller", "german.txt", ["Müller"]),
        ("strassen", "german.txt", ["Straße"]),
        ("cheval sauvage", "french.txt", ["chevaux", "sauvages"]),
        ("les eaux", "french.txt", ["l'eau"]),
        ("oeuf", "french.txt", ["œufs"]),
        ("canción de la niña", "spanish.txt", ["canciones", "niños"]),
        ("montanas espanolas", "spanish.txt", ["montaña", "españoles"]),
        ("die", "english.txt", ["die"]),
        ("war", "english.txt", ["war"]),
        ("pour", "english.txt", ["pour"]),
        ("son", "english.txt", ["son"]),
        ("house", "english.txt", ["houses"]),
    ],
)
def test_words_are_found_and_shown_in_every_language(
    searcher: Searcher, query: str, name: str, shown: list[str]
) -> None:
    best = _results(searcher, query)[0]
    assert Path(best.segment.uri).name == name
    assert [best.snippet[start:end] for start, end in best.highlights] == shown


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ('"alte Haus am Ufer"', {"german.txt"}),
        ('"die alten Häuser"', {"german.txt"}),
        ('"alte Ufer"', set()),
        ('"cheval sauvage"', {"french.txt"}),
        ('"boivent l’eau de la rivière"', {"french.txt"}),
        ('"canción de los niños"', {"spanish.txt"}),
        ('"dice die"', {"english.txt"}),
        ('"the war"', {"english.txt"}),
        ("haus -fischer", {"german.csv"}),
        ("haus -gasthof", {"german.txt"}),
        ("cheval -sauvage", {"said.md"}),
        ("niño -iglesias", set()),
        ("house -concrete", set()),
    ],
)
def test_phrases_and_minuses_hold_in_every_language(searcher: Searcher, query: str, names: set[str]) -> None:
    assert set(_found(searcher, query)) == names


@pytest.mark.parametrize("spaces", [frozenset({"words"}), frozenset({"text"}), frozenset[str]()])
def test_lang_takes_what_the_text_tells_and_what_the_file_says(searcher: Searcher, spaces: frozenset[str]) -> None:
    everything = "haus cheval canción house die l'eau chevaux"
    assert set(_found(searcher, f"{everything} lang:de", spaces)) <= {"german.txt", "german.csv"}
    assert "german.txt" in _found(searcher, f"{everything} lang:de", spaces)
    assert set(_found(searcher, f"{everything} lang:fr", spaces)) == {"french.txt", "said.md"}
    assert "french.txt" not in _found(searcher, f"{everything} -lang:fr", spaces)


def test_the_words_of_lang_are_in_that_language(searcher: Searcher) -> None:
    """In German "die" is an article, and nothing is left of it."""
    assert _found(searcher, "die lang:de") == []
    assert _found(searcher, "die lang:en") == ["english.txt"]


def test_a_library_of_one_language_asks_in_that_language(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "english.txt").write_text(DOCUMENTS["english.txt"])
    library = Library(tmp_path / "library")
    library.indexer().index([papers])
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    searcher = Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated")
    searcher.search(Query("poets"))
    assert searcher._library_languages() == {"en"}


def test_documents_are_read_again_when_languages_are_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "library")
    _searcher(library, library.memory, tmp_path / "papers")
    assert library.indexer().index([tmp_path / "papers"]).unchanged == len(DOCUMENTS)
    monkeypatch.setattr(identification, "REVISION", "next")
    assert library.indexer().index([tmp_path / "papers"]).indexed == len(DOCUMENTS)


def test_other_constants_of_bm25_make_the_index_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, store = Library(tmp_path / "library"), MilvusStore(str(tmp_path / "library.db"))
    try:
        before = _results(_searcher(library, store, tmp_path / "papers"), "dice")[0].hits[0].score
        monkeypatch.setattr(bm25, "K1", 2.0)
        monkeypatch.setattr(bm25, "B", 0.0)
        spaces, closed = open_for_search(library.encoders, library.manifest, store)
        assert closed.keys() == {"words"}
        with pytest.raises(SpaceMismatch, match=r'made by bm25 .* now it is bm25 .*; run "mmsearch index"'):
            Searcher(spaces, closed, store, library.manifest, 10, "calibrated").search(Query("dice"))
        after = _results(_searcher(library, store, tmp_path / "papers"), "dice")[0].hits[0].score
        assert after != pytest.approx(before, rel=1e-3)
        reference = MemoryStore()
        same = _results(_searcher(Library(tmp_path / "other"), reference, tmp_path / "papers"), "dice")[0]
        assert after == pytest.approx(same.hits[0].score, rel=1e-3)
    finally:
        store.close()
