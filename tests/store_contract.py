"""The promises of the Store protocol as tests that each implementation inherits.

An implementation gives the fixture `store`. Collections are named afresh for each test, so that one store may
serve them all. Filters have a contract of their own in `filter_contract.py`.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from mmsearch.bm25 import K1, MAX_TERMS_BYTES, OR, B
from mmsearch.errors import NotFound, SpaceMismatch, StoreError
from mmsearch.lexical import LexicalEncoder
from mmsearch.protocols import Store
from mmsearch.stores.memory import MemoryStore
from mmsearch.types import MODALITIES, Compare, Embeddings, Lettering, Query, Segment, Space, Span, Table

ALL = frozenset(MODALITIES)
DENSE = Space("text", "dense", ALL, frozenset({"text"}), "contract", "1", 4)
WORDS = Space("words", "lexical", ALL, frozenset({"text"}), "contract", "1")
_numbers = itertools.count()


def segment(number: int, document: str = "d", **values: object) -> Segment:
    fields: dict[str, object] = {"uri": f"/library/{document}.txt", "modality": "text", "span": Span(page=number)}
    return Segment(id=f"s{number}", document_id=document, **{**fields, **values})  # type: ignore[arg-type]  # mixed


def axes(*components: Sequence[float]) -> Embeddings:
    return np.array(components, dtype=np.float32)


def fresh_collection(store: Store, space: Space) -> str:
    name = f"contract_{next(_numbers)}"
    store.drop(name)
    store.open(name, space)
    return name


class DenseContract:
    """What every store promises of collections of vectors, and of segments in general."""

    @pytest.fixture
    def dense(self, store: Store) -> Iterator[str]:
        name = fresh_collection(store, DENSE)
        yield name
        store.drop(name)

    def test_cosine_is_the_score_and_the_best_comes_first(self, store: Store, dense: str) -> None:
        store.upsert(dense, [segment(1), segment(2), segment(3)], axes([1, 0, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0]))
        hits = store.search(dense, axes([1, 0, 0, 0])[0], 2)
        assert [(hit.segment_id, hit.space, hit.rank) for hit in hits] == [("s1", "text", 1), ("s2", "text", 2)]
        assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6], rel=1e-3)

    def test_ties_go_by_segment_id_also_where_top_k_cuts_them(self, store: Store, dense: str) -> None:
        numbers = [5, 3, 8, 1, 9, 2, 7, 4, 6, *range(10, 60)]
        store.upsert(dense, [segment(n) for n in numbers], axes(*[[0, 1, 0, 0]] * len(numbers)))
        hits = store.search(dense, axes([0, 1, 0, 0])[0], 3)
        assert [hit.segment_id for hit in hits] == ["s1", "s10", "s11"]

    def test_upsert_again_replaces(self, store: Store, dense: str) -> None:
        store.upsert(dense, [segment(1, text="old"), segment(2)], axes([1, 0, 0, 0], [0, 1, 0, 0]))
        for _ in range(2):
            store.upsert(dense, [segment(3), segment(1, text="new")], axes([0, 1, 0, 0], [0, 0, 1, 0]))
        assert store.count(dense) == 3
        assert store.segments(dense, ["s1"])["s1"].text == "new"
        [best, *_] = store.search(dense, axes([0, 0, 1, 0])[0], 5)
        assert best.segment_id == "s1"
        assert best.score == pytest.approx(1.0, rel=1e-3)

    def test_the_last_of_two_rows_with_one_id_stays(self, store: Store, dense: str) -> None:
        store.upsert(dense, [segment(1, text="first"), segment(1, text="last")], axes([1, 0, 0, 0], [0, 1, 0, 0]))
        assert store.count(dense) == 1
        assert store.segments(dense, ["s1"])["s1"].text == "last"

    def test_rows_are_listed_with_document_and_modality(self, store: Store, dense: str) -> None:
        assert list(store.listing(dense)) == []
        store.upsert(dense, [segment(n, f"Größe {n % 2}") for n in range(5)], axes(*[[1, 0, 0, 0]] * 5))
        store.upsert(
            dense, [segment(5, "d", modality="image"), segment(5, "d", modality="image")], axes(*[[1, 0, 0, 0]] * 2)
        )
        store.prune(dense, "Größe 1")
        assert sorted(store.listing(dense)) == [
            *((f"s{n}", "Größe 0", "text") for n in (0, 2, 4)),
            ("s5", "d", "image"),
        ]

    def test_nothing_to_write_is_no_error(self, store: Store, dense: str) -> None:
        store.upsert(dense, [], np.zeros((0, 4), np.float32))
        assert store.count(dense) == 0
        assert store.search(dense, axes([1, 0, 0, 0])[0], 5) == []
        assert np.shape(store.sample(dense, 3)) == (0, 4)

    def test_prune_removes_what_is_gone_of_that_document_only(self, store: Store, dense: str) -> None:
        rows = [segment(1, "a"), segment(2, "a"), segment(3, "a"), segment(4, "b")]
        store.upsert(dense, rows, np.eye(4, dtype=np.float32))
        assert store.prune(dense, "a", frozenset({"s2", "s9"})) == 2
        assert set(store.segments(dense, ["s1", "s2", "s3", "s4"])) == {"s2", "s4"}
        assert store.prune(dense, "a") == 1
        assert store.prune(dense, "a") == 0
        assert {hit.segment_id for hit in store.search(dense, axes([1, 1, 1, 1])[0], 9)} == {"s4"}

    def test_prune_takes_a_document_of_any_name_literally(self, store: Store, dense: str) -> None:
        names = ['a" or id > "', "a\\", "a%", "a_", "it's", "ä\n漢", "a"]
        store.upsert(dense, [segment(n, name) for n, name in enumerate(names)], np.ones((len(names), 4), np.float32))
        for left, name in reversed(list(enumerate(names))):
            assert store.prune(dense, name) == 1
            assert store.count(dense) == left

    def test_ids_may_hold_any_character(self, store: Store, dense: str) -> None:
        odd = ['"', "a'b", "\\", "x y", "漢字", "%_", "] or true"]
        rows = [Segment(id, "d", "/u", "text", Span()) for id in odd]
        store.upsert(dense, rows, np.ones((len(odd), 4), np.float32))
        assert set(store.segments(dense, odd)) == set(store.vectors(dense, odd)) == set(odd)

    def test_a_segment_comes_back_whole_but_for_its_picture(self, store: Store, dense: str) -> None:
        whole = Segment(
            id="x",
            document_id="d",
            uri='/a "b"/c\udcff\n漢.png',
            modality="table",
            span=Span(start_s=0.5, end_s=2.0, start_row=0, end_row=3, page=2, box=(0.1, 0.2, 0.3, 0.4), part="Sheet 1"),
            title="T",
            headings=("one", "two"),
            text="words\x00\u2028 and \\n more",
            table=Table(("h", ""), (("1", "a\n"), ("", "b"))),
            picture=b"\xff\xd8",
            lettering=(Lettering(0, 5, (0.0, 0.1234, 1.0, 1 / 3), 0.97), Lettering(8, 11, (0.5, 0.5, 0.75, 0.6), 1.0)),
            metadata={"year": 2024, "rating": 4.5, "fine": True, "tags": ["sea", ""], "odd key.": "ü", "": "empty"},
        )
        plain = Segment("y", "d", "/y", "text", Span())
        store.upsert(dense, [whole, plain], np.ones((2, 4), np.float32))
        found = store.segments(dense, ["y", "x", "unknown"])
        assert found["y"] == plain
        assert found["x"].picture is None
        assert found["x"] == Segment(**{**{n: getattr(whole, n) for n in Segment.__slots__}, "picture": None})
        assert set(found) == {"x", "y"}

    def test_segments_of_300_kilobytes_are_kept_and_filtered(self, store: Store, dense: str) -> None:
        noise = np.random.default_rng(1).integers(0x21, 0x7F, (150, 2000)).astype(np.uint8)
        table = Table(("noise",), tuple((line.tobytes().decode("ascii"),) for line in noise))
        big = segment(
            1, table=table, text="ä" * 150_000, metadata={"note": "n" * 300_000, "year": 1}, title="t" * 70_000
        )
        store.upsert(dense, [big, segment(2, metadata={"note": "n", "year": 2})], axes([1, 0, 0, 0], [0, 1, 0, 0]))
        assert store.segments(dense, ["s1"])["s1"] == big
        query = axes([1, 1, 0, 0])[0]
        for wanted, asked in (
            ("s1", Compare("note", "=", "n" * 300_000)),
            ("s2", Compare("note", "=", "n")),
            ("s1", Compare("title", ">", "t")),
            ("s2", Compare("year", ">", 1)),
        ):
            assert [hit.segment_id for hit in store.search(dense, query, 5, asked)] == [wanted]
            assert store.count(dense, asked) == 1

    def test_vectors_and_sample(self, store: Store, dense: str) -> None:
        vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.upsert(dense, [segment(n) for n in range(30)], vectors)
        found = store.vectors(dense, ["s3", "s29", "unknown"])
        assert set(found) == {"s3", "s29"}
        np.testing.assert_allclose(found["s3"], vectors[3], atol=1e-6)
        sample = store.sample(dense, 10)
        assert isinstance(sample, np.ndarray)
        assert sample.shape == (10, 4)
        assert sample.dtype == np.float32
        np.testing.assert_array_equal(sample, store.sample(dense, 10))
        assert all(np.isclose(vectors, row, atol=1e-6).all(axis=1).any() for row in sample)
        assert len(store.sample(dense, 100)) == 30

    def test_a_scan_gives_every_row_of_the_documents_exactly(self, store: Store, dense: str) -> None:
        vectors = np.random.default_rng(3).normal(size=(400, 4)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        owners = ["long" if n < 230 else f'd"{n % 90}' for n in range(400)]
        rows = [segment(n, owner, text=f"text {n}") for n, owner in enumerate(owners)]
        store.upsert(dense, rows, vectors)
        wanted = ["long", *(f'd"{n}' for n in range(80)), "unknown", "long"]
        found = {row.id: (row, vector) for row, vector in store.scan(dense, wanted)}
        assert found.keys() == {row.id for row in rows if row.document_id in wanted}
        assert len(found) > 300, "more than a page, of more documents than one expression names"
        for row, vector in zip(rows, vectors, strict=True):
            if row.id in found:
                assert found[row.id][0] == row
                np.testing.assert_array_equal(found[row.id][1], vector)
        assert list(store.scan(dense, [])) == []
        assert len(list(store.scan(dense, ["long"]))) == 230

    def test_more_rows_than_one_answer_holds(self, store: Store, dense: str) -> None:
        rows = [Segment(f"{n:06}", "even" if n % 2 == 0 else "odd", "/u", "text", Span()) for n in range(1_300)]
        store.upsert(dense, rows, np.ones((1_300, 4), np.float32))
        assert store.count(dense) == 1_300
        assert len(store.segments(dense, [row.id for row in rows])) == 1_300
        assert len(store.search(dense, axes([1, 1, 1, 1])[0], 1_000)) == 1_000
        assert len(store.sample(dense, 700)) == 700
        assert store.prune(dense, "even", frozenset({"000000"})) == 649
        assert store.count(dense, Compare("document", "=", "even")) == 1

    def test_open_again_keeps_and_another_model_is_refused(self, store: Store, dense: str) -> None:
        store.upsert(dense, [segment(1)], axes([1, 0, 0, 0]))
        store.open(dense, DENSE)
        assert store.count(dense) == 1
        other = Space("text", "dense", ALL, frozenset({"text"}), "contract", "2", 4)
        with pytest.raises(SpaceMismatch, match="contract 1, not contract 2"):
            store.open(dense, other)
        assert store.count(dense) == 1

    def test_drop_forgets_everything(self, store: Store, dense: str) -> None:
        store.upsert(dense, [segment(1)], axes([1, 0, 0, 0]))
        store.drop(dense)
        store.drop(dense)
        with pytest.raises(NotFound, match=dense):
            store.count(dense)
        store.open(dense, DENSE)
        assert store.count(dense) == 0

    def test_vectors_of_another_length_are_an_error(self, store: Store, dense: str) -> None:
        with pytest.raises(StoreError):
            store.upsert(dense, [segment(1)], np.ones((1, 3), np.float32))
        assert store.count(dense) == 0


class LexicalContract:
    """What a store promises of collections of words."""

    @pytest.fixture
    def words(self, store: Store) -> Iterator[str]:
        name = fresh_collection(store, WORDS)
        yield name
        store.drop(name)

    def test_bm25_by_hand(self, store: Store, words: str) -> None:
        """Three segments of 2, 1 and 0 terms (average 1); the query has one of its words twice."""
        store.upsert(words, [segment(1), segment(2), segment(3)], ["red sea", "sea", ""])
        hits = store.search(words, "sea sea red unknown", 5)
        idf_sea, idf_red = np.log(1 + 1.5 / 2.5), np.log(1 + 2.5 / 1.5)
        long, short = (K1 + 1) / (1 + K1 * (1 - B + B * 2)), (K1 + 1) / (1 + K1)
        assert [hit.segment_id for hit in hits] == ["s1", "s2"]
        assert [hit.score for hit in hits] == pytest.approx(
            [(2 * idf_sea + idf_red) * long, 2 * idf_sea * short], rel=1e-3
        )

    def test_a_word_that_may_be_several_terms_finds_each(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1), segment(2), segment(3)], ["haus", "hauser boot", "meer"])
        hits = store.search(words, f"haus{OR}hauser meer", 5)
        assert [hit.segment_id for hit in hits] == ["s1", "s3", "s2"]
        assert hits == store.search(words, "haus hauser meer", 5)

    def test_segments_that_hits_bring_along_are_those_that_are_stored(self, store: Store, words: str) -> None:
        rows = [
            segment(1, text="the red sea", headings=("Seas",), metadata={"tags": ["warm"], "n": 1}),
            segment(2, modality="table", table=Table(("sea", "depth"), (("red", "3,040 m"),))),
            segment(3, text="sea " * 40_000),
        ]
        store.upsert(words, rows, ["red sea", "sea red", "sea"])
        hits = store.search(words, "sea", 5)
        stored = store.segments(words, [hit.segment_id for hit in hits])
        brought = {hit.segment_id: hit.read() for hit in hits if hit.read}
        assert brought == stored or (isinstance(store, MemoryStore) and not brought)

    def test_no_word_of_the_query_no_hit(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1)], ["sea"])
        assert store.search(words, "unknown", 5) == []
        assert store.search(words, "", 5) == []
        assert store.search(words, " ", 5) == []

    def test_statistics_follow_replacement_and_removal(self, store: Store, words: str) -> None:
        reference = MemoryStore()
        reference.open(words, WORDS)
        random = np.random.default_rng(3)
        vocabulary = [f"w{n}" for n in range(60)]

        def texts(count: int) -> list[str]:
            return [" ".join(random.choice(vocabulary, random.integers(0, 40))) for _ in range(count)]

        rows = [segment(n, f"d{n % 7}") for n in range(200)]
        for at, both in ((rows, texts(200)), (rows[50:120], texts(70))):
            for kept in (store, reference):
                kept.upsert(words, at, both)
        for kept in (store, reference):
            assert kept.prune(words, "d3", frozenset({"s3"})) == len(range(3, 200, 7)) - 1
        for query in ("w1 w2 w3", "w5 w5 w9", "w59"):
            hits, expected = store.search(words, query, 200), reference.search(words, query, 200)
            assert {hit.segment_id for hit in hits} == {hit.segment_id for hit in expected}
            scores = {hit.segment_id: hit.score for hit in expected}
            assert [hit.score for hit in hits] == pytest.approx([scores[h.segment_id] for h in hits], rel=1e-3)
            assert [h.segment_id for h in hits[:20]] == [h.segment_id for h in expected[:20]]

    def test_analysed_words_of_many_languages_rank_as_in_the_reference(self, store: Store, words: str) -> None:
        texts = ["Boats sailing to the harbours", "Été à la café-crème", "東京都の灯台と港", "등대지기 항구", "!!!",
                 "Straße, NAÏVE Über", "boat boat in harbour", "灯台 lights", "the 3.50 lighthouse’s"]  # fmt: skip
        reference = MemoryStore()
        reference.open(words, WORDS)
        encoder = LexicalEncoder()
        rows = [segment(n, text=text) for n, text in enumerate(texts)]
        for kept in (store, reference):
            kept.upsert(words, rows, encoder.encode(rows))
        for text in ("boats harbour", "cafe ete", "灯台", "등대", "naive strasse", "lighthouses", "3.5"):
            asked = encoder.encode_query(Query(text=text))
            hits = store.search(words, asked, 5)
            assert [h.segment_id for h in hits] == [h.segment_id for h in reference.search(words, asked, 5)]
            assert hits, text

    def test_more_words_than_a_column_holds_keep_their_row(self, store: Store, words: str) -> None:
        many = "始め " + "中中中 " * (MAX_TERMS_BYTES // 10) + "終わり"
        store.upsert(words, [segment(1, text="whole"), segment(2)], [many, "終わり " + "x" * 70_000])
        assert [hit.segment_id for hit in store.search(words, "始め", 5)] == ["s1"]
        assert [hit.segment_id for hit in store.search(words, "終わり", 5)] == ["s2"]
        assert store.segments(words, ["s1"])["s1"].text == "whole"

    def test_a_filter_does_not_change_the_scores(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(n, f"d{n}") for n in range(9)], ["sea " * (n + 1) for n in range(9)])
        scores = {hit.segment_id: hit.score for hit in store.search(words, "sea", 9)}
        [hit] = store.search(words, "sea", 9, Compare("document", "=", "d4"))
        assert (hit.segment_id, hit.rank) == ("s4", 1)
        assert hit.score == pytest.approx(scores["s4"], rel=1e-3)

    def test_there_are_no_vectors(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1)], ["sea"])
        assert store.vectors(words, ["s1"]) == {}

    def test_an_empty_collection_answers_with_nothing(self, store: Store, words: str) -> None:
        assert store.search(words, "sea", 5) == []
        for _ in range(2):
            store.upsert(words, [segment(1)], ["sea"])
            assert len(store.search(words, "sea", 5)) == 1
            store.prune(words, "d")
            assert store.search(words, "sea", 5) == []

    def test_rows_without_a_word_are_no_harm(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1)], [""])
        assert store.search(words, "sea", 5) == []

    def test_a_sample_is_of_analysed_words(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(n) for n in range(9)], [f"sea w{n}" for n in range(9)])
        sample = store.sample(words, 5)
        assert [set(text.split()) for text in sample] == [{"sea", f"w{n}"} for n in range(5)]
        assert list(store.sample(words, 100))[:5] == list(sample)

    def test_a_scan_gives_the_analysed_words(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1, "a"), segment(2, "b"), segment(3, "a")], ["sea sky sea", "land", ""])
        found = {row.id: terms for row, terms in store.scan(words, ["a"])}
        assert {id: sorted(str(terms).split()) for id, terms in found.items()} == {
            "s1": ["sea", "sea", "sky"],
            "s3": [],
        }

    def test_a_hit_names_its_document_and_modality(self, store: Store, words: str) -> None:
        store.upsert(words, [segment(1, "d7")], ["sea"])
        [hit] = store.search(words, "sea", 1)
        assert (hit.document_id, hit.modality, hit.space) == ("d7", "text", "words")
