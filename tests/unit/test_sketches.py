"""Resemblance with known arithmetic, and what counts as a near copy of a document."""

from dataclasses import replace
from math import sqrt
from random import Random

import pytest

from mmsearch.sketches import (
    KEPT_SHINGLES,
    SAME_WORDS,
    TELLING_SHINGLES,
    Sketch,
    Sketcher,
    fewest_shared,
    near_copies,
    resemblance,
)
from mmsearch.types import Modality, Segment, Span, Table

ONE = "a" * 64 + "8080"
NEARLY_ONE = "b" + "a" * 63 + "8080"
ANOTHER = "5" * 64 + "8080"


def _segment(text: str = "", modality: Modality = "text", **changes: object) -> Segment:
    return replace(Segment("s", "d", "/d", modality, Span(), text=text), **changes)  # type: ignore[arg-type]


def _picture(looks: str, text: str = "") -> Segment:
    return _segment(text, "image", metadata={"perceptual_hash": looks} if looks else {})


def _sketch(*segments: Segment) -> Sketch:
    found = _maybe(*segments)
    assert found
    return found


def _maybe(*segments: Segment) -> Sketch | None:
    sketcher = Sketcher()
    for segment in segments:
        sketcher.add(segment)
    return sketcher.sketch()


def _text(words: list[str]) -> Sketch:
    return _sketch(_segment(" ".join(words)))


def _words(count: int, start: int = 0) -> list[str]:
    return [f"word{number}" for number in range(start, start + count)]


def test_a_changed_word_takes_as_many_shingles_with_it_as_it_stands_in() -> None:
    """Twelve words have nine runs of four. The last stands in one of them, one in the middle in four."""
    words = _words(12)
    at_the_end, in_the_middle = _text([*words[:-1], "other"]), _text([*words[:6], "other", *words[7:]])
    assert len(_text(words).shingles) == 9
    assert resemblance(_text(words).shingles, at_the_end.shingles) == 8 / (9 + 1)
    assert resemblance(_text(words).shingles, in_the_middle.shingles) == 5 / (9 + 4)
    assert near_copies(_text(words), at_the_end)
    assert not near_copies(_text(words), in_the_middle)


def test_near_copies_share_as_many_of_their_smallest_hashes_as_is_said() -> None:
    """Texts of 20 to 1,000 words, each with another that has some of its words changed at one end or in between."""
    random, shared = Random(5), list[float]()
    for _ in range(400):
        words = _words(random.choice([20, 60, 120, 400, 1_000]), random.randrange(10_000))
        start, changed = random.randrange(len(words)), random.randrange(1, 1 + len(words) // 5)
        one, other = _text(words), _text([*words[:start], *_words(changed, 50_000), *words[start + changed :]])
        if near_copies(one, other):
            common = {*one.shingles[:TELLING_SHINGLES]} & {*other.shingles[:TELLING_SHINGLES]}
            assert len(common) >= fewest_shared(one)
            shared.append(len(common) - fewest_shared(one))
    assert len(shared) > 50
    assert min(shared) < 5, "the bound is close"


def test_the_order_of_words_counts_and_case_accents_and_punctuation_do_not() -> None:
    said = "The café at the quay opens at nine, and closes at six."
    assert _sketch(_segment(said)) == _sketch(_segment("the CAFE at the quay — opens at nine and closes at six"))
    turned = "The café at the quay closes at nine, and opens at six."
    assert not near_copies(_sketch(_segment(said)), _sketch(_segment(turned)))


def test_a_passage_in_a_long_text_is_no_copy_of_it() -> None:
    assert not near_copies(_text(_words(200)), _text(_words(900)))
    assert resemblance(_text(_words(53)).shingles, _text(_words(103)).shingles) == 50 / 100


def test_where_a_text_is_cut_into_passages_changes_nothing() -> None:
    words = _words(120)
    halves = [_segment(" ".join(words[:50])), _segment(" ".join(words[50:]))]
    thirds = [_segment(" ".join(words[start : start + 40])) for start in (0, 40, 80)]
    assert _sketch(*halves) == _sketch(*thirds) == _text(words)
    assert len(_text(words).shingles) == 117


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_the_resemblance_of_long_texts_is_estimated_within_its_error(share: float) -> None:
    """10,000 shingles, of which both have the share r = c / (2 * 10,000 - c), by 256: four standard errors."""
    size = 10_000
    common = round(2 * size * share / (1 + share))
    one, other = _text(_words(size + 3)), _text(_words(size + 3, start=size - common))
    assert len(one.shingles) == KEPT_SHINGLES
    error = sqrt(share * (1 - share) / KEPT_SHINGLES)
    assert resemblance(one.shingles, other.shingles) == pytest.approx(share, abs=4 * error)


def test_the_estimate_is_right_in_the_mean() -> None:
    random, found = Random(1), []
    for _ in range(50):
        words = [f"w{random.random()}" for _ in range(1_100)]
        found.append(resemblance(_text(words[:1_000]).shingles, _text(words[100:]).shingles))
    truth = (900 - 3) / (2 * 997 - 897)
    assert sum(found) / 50 == pytest.approx(truth, abs=4 * sqrt(truth * (1 - truth) / KEPT_SHINGLES / 50))


def test_a_table_with_one_changed_cell_is_a_near_copy_and_one_of_other_numbers_is_not() -> None:
    def table(*changes: tuple[int, str]) -> Sketch:
        rows = [[f"boat{row}", str(1900 + row), str(row * 7)] for row in range(30)]
        for row, cell in changes:
            rows[row][2] = cell
        return _sketch(_segment(modality="table", table=Table(("boat", "built", "barrels"), tuple(map(tuple, rows)))))

    assert near_copies(table(), table((12, "9999")))
    assert resemblance(table().shingles, table((12, "9999")).shingles) == (90 - 4) / (90 + 4)
    assert not near_copies(table(), table(*((row, f"9{row}") for row in range(30))))


def test_chinese_is_compared_character_by_character() -> None:
    said = "灯塔看守人每四小时修剪一次灯芯白天睡觉晚上守望海面"
    assert near_copies(_sketch(_segment(said)), _sketch(_segment(said + "。")))
    assert not near_copies(_sketch(_segment(said)), _sketch(_segment(said[::-1])))


def test_too_few_words_say_too_little() -> None:
    assert _maybe(_segment("Thank you for watching this one again", "audio")) is None
    assert _maybe(_segment("Thank you for watching this one again, dear", "audio")) is not None
    assert _maybe() is None


def test_media_are_never_mixed() -> None:
    said = " ".join(_words(40))
    assert near_copies(_sketch(_segment(said)), _sketch(_segment(said)))
    assert not near_copies(_sketch(_segment(said)), _sketch(_segment(said, "audio")))


def test_pictures_are_copies_by_their_looks_whatever_is_said_of_them() -> None:
    caption = "The keeper lights the lamp of the tower at dusk."
    assert near_copies(_sketch(_picture(ONE, caption)), _sketch(_picture(NEARLY_ONE)))
    assert not near_copies(_sketch(_picture(ONE, caption)), _sketch(_picture(ANOTHER, caption)))
    assert _maybe(_picture("", caption)) is None


def test_a_file_of_pictures_is_a_copy_when_every_page_is() -> None:
    assert near_copies(_sketch(_picture(ONE), _picture(ANOTHER)), _sketch(_picture(NEARLY_ONE), _picture(ANOTHER)))
    assert not near_copies(_sketch(_picture(ONE), _picture(ANOTHER)), _sketch(_picture(ONE), _picture(ONE)))
    assert not near_copies(_sketch(_picture(ONE), _picture(ANOTHER)), _sketch(_picture(ONE)))


def test_the_same_words_beside_other_pictures_are_another_document() -> None:
    said = _segment(" ".join(_words(40)))
    assert near_copies(_sketch(said, _picture(ONE)), _sketch(said, _picture(NEARLY_ONE)))
    assert not near_copies(_sketch(said, _picture(ONE)), _sketch(said, _picture(ANOTHER)))
    assert SAME_WORDS == 0.8
