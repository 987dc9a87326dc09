"""A filter means the same on every store and every path: what `matches` says, for filters and segments of any kind."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_contract import DENSE, WORDS, fresh_collection

from mmsearch.filters import matches, parse
from mmsearch.protocols import Store
from mmsearch.types import And, Compare, Contains, Filter, In, Not, Or, Prefix, Segment, Space, Span, Vector

ODD = ['"', "'", "\\", "\n", "\0", "%", "_", "a%", "a_b", "ab", "a", "b", "", "ä", "漢字", "\ud7ff", "\ud800",
       "\ue000", "\U0010ffff", "/a/b", '" or "" == "', "x" * 5000, "\\n", "2024-05", "image"]  # fmt: skip
NUMBERS = [0, 1, -1, 2, 1.0, 1.5, -0.0, 2024, 2**53, 2**53 + 1, 2**63, 10**30, -(2**62) - 1, 1e300, 1e-7, float("inf")]
SCALARS = [*ODD, *NUMBERS, True, False]
KEYS = ["k", "tags", "date", 'odd "key"\\', "a.b/c~", "漢", ""]
FIELDS = [*KEYS, "document", "modality", "uri", "title"]

fields, scalars, strings = st.sampled_from(FIELDS), st.sampled_from(SCALARS), st.sampled_from(ODD)
leaves = st.one_of(
    st.builds(Compare, fields, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), scalars),
    st.builds(In, fields, st.lists(scalars, max_size=4).map(tuple)),
    st.builds(Contains, fields, strings),
    st.builds(Prefix, fields, strings),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def _segments() -> list[Segment]:
    """Every value under every key, lists, and segments without any: drawn once, with a seed."""
    random = np.random.default_rng(7)
    values: list[Any] = [*SCALARS, float("nan"), ["a"], ["a%", "漢字", '"'], [], ["", "ab"], ["x" * 70_000]]
    made = []
    for number, value in enumerate(values * 3):
        keys = random.choice(len(KEYS), random.integers(0, 4), replace=False)
        metadata = {KEYS[key]: values[random.integers(len(values))] for key in keys}
        metadata[KEYS[number % 3]] = value
        text = [ODD[random.integers(len(ODD))] for _ in range(3)]
        modality = ("text", "image")[number % 2]
        document = text[2][:100].replace("\U0010ffff", "")
        made.append(
            Segment(f"s{number:03}", document, text[0], modality, Span(), title=text[1], metadata=metadata)  # type: ignore[arg-type]  # a plain str
        )
    return made


SEGMENTS = _segments()
QUERY = np.array([1, 0, 0, 0], np.float32)


class FilterContract:
    """For a store that keeps vectors; `lexical` says whether it keeps words too."""

    lexical = True

    @pytest.fixture(scope="class")
    @classmethod
    def filled(cls, store: Store) -> Iterator[list[str]]:
        spaces: list[Space] = [DENSE, WORDS] if cls.lexical else [DENSE]
        names = [fresh_collection(store, space) for space in spaces]
        angles = np.linspace(0, 1.5, len(SEGMENTS))
        vectors = np.stack([np.cos(angles), np.sin(angles), 0 * angles, 0 * angles], axis=1).astype(np.float32)
        for name, space in zip(names, spaces, strict=True):
            store.upsert(name, SEGMENTS, vectors if space is DENSE else ["sea"] * len(SEGMENTS))
        yield names
        for name in names:
            store.drop(name)

    def check(self, store: Store, names: list[str], filter: Filter) -> None:
        expected = [segment.id for segment in SEGMENTS if matches(filter, segment)]
        queries: list[Vector | str] = [QUERY, "sea"]
        for name, query in zip(names, queries, strict=False):
            assert store.count(name, filter) == len(expected)
            for top_k in (3, len(SEGMENTS)):
                hits = store.search(name, query, top_k, filter)
                assert [hit.segment_id for hit in hits] == expected[:top_k]

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(filter=filters)
    def test_a_drawn_filter_holds_on_every_path(self, store: Store, filled: list[str], filter: Filter) -> None:
        self.check(store, filled, filter)

    @pytest.mark.parametrize("field", ["k", "uri"])
    def test_every_literal_in_every_comparison(self, store: Store, filled: list[str], field: str) -> None:
        for value in ODD:
            for leaf in (Compare(field, "=", value), Contains(field, value), Prefix(field, value)):
                expected = sum(matches(leaf, segment) for segment in SEGMENTS)
                assert store.count(filled[0], leaf) == expected, leaf

    def test_a_written_filter(self, store: Store, filled: list[str]) -> None:
        text = 'modality = "image" and not (k = "a" or tags contains "ab") and not uri prefix "/a"'
        self.check(store, filled, parse(text + " and (k != 1 or date = true)"))

    def test_a_literal_of_a_megabyte(self, store: Store, filled: list[str]) -> None:
        self.check(store, filled, Or((Compare("k", "=", "漢" * 300_000), Compare("k", "=", "a"))))

    @pytest.mark.parametrize("length", [100, 400])
    def test_a_long_chain(self, store: Store, filled: list[str], length: int) -> None:
        misses = tuple(Compare("k", "=", f"none {number}") for number in range(length))
        self.check(store, filled, Or((*misses, Compare("k", "=", "a"))))
        self.check(store, filled, And((*map(Not, misses), Compare("k", "=", "a"))))

    def test_a_thousand_values(self, store: Store, filled: list[str]) -> None:
        self.check(store, filled, In("k", (*range(1000), *map(str, range(3000)), "a")))
