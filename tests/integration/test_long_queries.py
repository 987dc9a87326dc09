"""A whole passage as the query: many documents are then relevant as good as surely, and still the best comes first."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from libraries import Library

from mmsearch.passages import PassageSplitter
from mmsearch.readers import default_readers
from mmsearch.search import Searcher
from mmsearch.spaces import open_for_search
from mmsearch.types import Query

FILLERS = 100


def _made_up() -> Iterator[str]:
    """Words of four syllables that no language stems or stops."""
    for number in count():
        yield "".join("bdfgklmnprtvz"[number // 13**place % 13] + "aou"[place % 3] for place in range(4))


def _families() -> dict[str, str]:
    """Two families of three papers; each shares 250 of its 510 words with each sister."""
    words, papers = _made_up(), dict[str, list[str]]()
    for family in "ab":
        names = [f"{family}{n}" for n in range(3)]
        for name in names:
            papers[name] = [next(words) for _ in range(10)]
        for pair in ((0, 1), (0, 2), (1, 2)):
            shared = [next(words) for _ in range(250)]
            for n in pair:
                papers[names[n]] += shared
    fillers = {f"filler{n}": [next(words) for _ in range(20)] for n in range(FILLERS)}
    return {name: " ".join(said) for name, said in (papers | fillers).items()}


def test_a_pasted_paper_is_found_before_its_sisters(tmp_path: Path) -> None:
    readers = default_readers(PassageSplitter(2_000))
    library, papers = Library(tmp_path / "library", readers=readers), tmp_path / "papers"
    papers.mkdir()
    for name, text in _families().items():
        (papers / f"{name}.txt").write_text(text, encoding="utf-8")
    library.indexer().index([papers])
    spaces, closed = open_for_search(library.encoders, library.manifest, library.memory)
    searcher = Searcher(spaces, closed, library.memory, library.manifest, 10, "calibrated")
    for name, text in _families().items():
        if not name.startswith("filler"):
            results = searcher.search(Query(text)).results
            assert [result.score for result in results[:3]] == [1.0, 1.0, 1.0]
            assert Path(results[0].segment.uri).stem == name
