"""What is asked for early is looked up once, and only what is wanted in the end is given."""

import threading
from collections.abc import Iterable

import pytest

from mmsearch.ahead import Ahead
from mmsearch.errors import StoreError


def test_each_document_is_looked_up_once_and_the_early_ones_by_another_thread() -> None:
    looked_up: list[tuple[str, int]] = []

    def look_up(documents: Iterable[str]) -> dict[str, str]:
        asked = list(documents)
        looked_up.extend((document, threading.get_ident()) for document in asked)
        return {document: document.upper() for document in asked if document != "absent"}

    ahead = Ahead(look_up)
    ahead.ask(["a", "b"])
    ahead.ask(["b", "c", "hidden"])
    assert ahead.of(["a", "c", "d", "absent"]) == {"a": "A", "c": "C", "d": "D"}
    assert sorted(document for document, _ in looked_up) == ["a", "absent", "b", "c", "d", "hidden"]
    own = threading.get_ident()
    assert {document for document, thread in looked_up if thread == own} == {"d", "absent"}


def test_only_what_is_wanted_is_waited_for() -> None:
    go_on = threading.Event()

    def look_up(documents: Iterable[str]) -> dict[str, str]:
        assert documents == {"quick"} or go_on.wait(60)
        return dict.fromkeys(documents, "there")

    ahead = Ahead(look_up)
    ahead.ask(["slow"])
    ahead.ask(["quick"])
    assert ahead.of(["quick"]) == {"quick": "there"}
    go_on.set()
    assert ahead.of(["slow", "quick"]) == {"slow": "there", "quick": "there"}


def test_what_a_look_up_raises_is_raised_where_it_is_wanted() -> None:
    def fail(_: object) -> dict[str, int]:
        raise StoreError("the manifest is damaged")

    ahead = Ahead(fail)
    ahead.ask(["a"])
    with pytest.raises(StoreError, match="damaged"):
        ahead.of(["a"])
