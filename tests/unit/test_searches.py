"""Notes of searches: what is counted, what is kept of the words, and that a search never fails by them."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mmsearch.searches import KEPT_DAYS, SEARCHES_FILE, Day, Missed, Searches
from mmsearch.types import Query, Ranking, Result, Segment, Span

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class _Clock:
    now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def searches(tmp_path: Path, clock: _Clock) -> Iterator[Searches]:
    with closing(Searches(tmp_path, True, clock)) as searches:
        yield searches


def _ranking(query: Query, *scores: float, weak: bool = False, ms: float = 10.0) -> Ranking:
    segment = Segment("s", "d", "/a.md", "text", Span())
    results = tuple(Result(rank, score, segment, "", (), ()) for rank, score in enumerate(scores, 1))
    return Ranking(query, (), {}, weak, {}, {"total": ms}, results)


def test_a_day_says_how_its_searches_went(searches: Searches, clock: _Clock) -> None:
    good = searches.note(_ranking(Query("tides"), 0.9, 0.5, ms=30.0))
    searches.note(_ranking(Query("unicorns"), 0.1, weak=True, ms=10.0))
    searches.note(_ranking(Query("dragons"), weak=True, ms=20.0))
    clock.now = NOON + timedelta(days=1)
    searches.note(_ranking(Query(image=b"p"), 0.4))
    searches.note_opened(good, 1)
    searches.note_opened(good, 1)
    searches.note_opened(good, 2)
    searches.note_opened(999, 1)
    searches.note_judged(good, 1, 1)
    first = Day("2026-05-01", 3, 1, 1, 1, 1, 20.0, {"text": 3, "image": 0, "audio": 0})
    second = Day("2026-05-02", 1, 0, 0, 0, 0, 10.0, {"text": 0, "image": 1, "audio": 0})
    assert searches.days(10) == [second, first]
    assert searches.days(1) == [second]
    searches.note_judged(good, 1, None)
    assert searches.days(2)[1].judged == 0


def test_words_that_missed_are_told_apart_by_how(searches: Searches) -> None:
    for _ in range(2):
        searches.note(_ranking(Query(" blue  unicorns"), 0.1, weak=True))
    searches.note(_ranking(Query("blue unicorns"), 0.2, weak=True))
    searches.note(_ranking(Query("dragons")))
    searches.note(_ranking(Query("tides"), 0.9))
    assert searches.missed(5, empty=False) == [Missed("blue unicorns", 3, NOON.isoformat(), 0.2)]
    assert searches.missed(5, empty=True) == [Missed("dragons", 1, NOON.isoformat(), None)]


def test_without_leave_no_words_are_kept_and_earlier_ones_go(tmp_path: Path) -> None:
    with closing(Searches(tmp_path, True)) as searches:
        searches.note(_ranking(Query("my secret")))
    with closing(Searches(tmp_path, False)) as searches:
        searches.note(_ranking(Query("another secret")))
        assert searches.missed(5, empty=True) == []
        assert searches.days(1)[0].searches == 2
    with closing(sqlite3.connect(tmp_path / SEARCHES_FILE)) as sql:
        assert sql.execute("select distinct words from searches").fetchall() == [(None,)]


def test_old_notes_go(tmp_path: Path, clock: _Clock) -> None:
    with closing(Searches(tmp_path, True, clock)) as searches:
        searches.note_opened(searches.note(_ranking(Query("tides"), 0.9)), 1)
    clock.now = NOON + timedelta(days=KEPT_DAYS + 1)
    with closing(Searches(tmp_path, True, clock)) as searches:
        assert searches.days(5) == []


def test_a_search_that_cannot_be_noted_is_said_in_the_log_alone(
    searches: Searches, caplog: pytest.LogCaptureFixture
) -> None:
    searches.close()
    with caplog.at_level(logging.WARNING):
        assert searches.note(_ranking(Query("tides"), 0.9)) == 0
    assert "cannot be noted" in caplog.text
