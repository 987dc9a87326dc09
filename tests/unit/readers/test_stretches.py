"""Who said what when, into stretches that are worth finding."""

from pathlib import Path

import pytest
from media import document

from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Utterance, Word
from mmsearch.readers.segments import Origin
from mmsearch.readers.stretches import stretches
from mmsearch.readers.transcripts import timed

SPLITTER = PassageSplitter(128)


def joined(
    *utterances: Utterance, splitter: PassageSplitter = SPLITTER
) -> list[tuple[float | None, float | None, str]]:
    found = stretches(Origin(document(Path("a.wav")), "audio"), splitter, utterances)
    return [(s.span.start_s, s.span.end_s, s.text) for s in found]


def test_a_stretch_ends_with_the_first_sentence_after_15_seconds() -> None:
    assert joined(
        Utterance(0, 8, "One ends here."),
        Utterance(8, 16, "Two goes on"),
        Utterance(16, 22, "and ends here. Three is short."),
        Utterance(22, 40, "Four."),
    ) == [
        (0, pytest.approx(18.8, abs=0.3), "One ends here. Two goes on and ends here."),
        (pytest.approx(19, abs=0.3), 40, "Three is short. Four."),
    ]


def test_without_sentences_it_ends_at_the_longest_pause_within_30_seconds() -> None:
    words = [(n * 4.0, n * 4.0 + (3.0 if n == 4 else 3.8)) for n in range(10)]
    found = joined(*(Utterance(start_s, end_s, f"word{n}") for n, (start_s, end_s) in enumerate(words)))
    assert [(start_s, end_s) for start_s, end_s, _ in found] == [(0, 19), (20, 39.8)]


def test_a_long_silence_ends_a_stretch_and_a_short_rest_belongs_to_the_one_before() -> None:
    assert joined(Utterance(0, 3, "Before."), Utterance(9, 12, "After."), Utterance(12, 14, "Rest.")) == [
        (0, 3, "Before."),
        (9, 14, "After. Rest."),
    ]
    assert joined(Utterance(0, 16, "Long enough."), Utterance(16, 20, "The end.")) == [(0, 20, "Long enough. The end.")]


def test_an_utterance_is_cut_between_sentences_by_the_times_of_its_words() -> None:
    said = [("The", 0, 1), (" light", 1, 2), (" went", 2, 3), (" out.", 3, 16), (" Then", 20, 21), (" it", 21, 22)]
    said += [(" came", 22, 23), (" back", 23, 24), (" on,", 24, 25), (" slowly.", 25, 37)]
    words = tuple(Word(start_s, end_s, text) for text, start_s, end_s in said)
    assert joined(Utterance(0, 37, "".join(word.text for word in words), words=words)) == [
        (0, 16, "The light went out."),
        (20, 37, "Then it came back on, slowly."),
    ]


def test_abbreviations_end_no_sentence() -> None:
    assert joined(Utterance(0, 20, "We met Dr. Finn at No. 4."), Utterance(20, 36, "He laughed.")) == [
        (0, 20, "We met Dr. Finn at No. 4."),
        (20, 36, "He laughed."),
    ]


def test_what_has_too_many_tokens_is_cut_and_nothing_is_lost() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    found = joined(Utterance(0, 10, words), splitter=PassageSplitter(32))
    assert " ".join(text for _, _, text in found) == words
    assert all(PassageSplitter(32).tokens(text) <= 32 for _, _, text in found)
    assert [start_s for start_s, _, _ in found] == sorted(start_s or 0 for start_s, _, _ in found)


SPOKEN = """WEBVTT

00:00.000 --> 00:04.000
<v.loud Ada Finn>Who lit the lamp?
<v Ben>I did &amp; I would again.</v> (laughter)

00:04.000 --> 00:08.000
<v Ben>With a torch.

00:08.000 --> 00:20.000
Music.

00:20.000 --> 00:36.000
<v Ada Finn>That was long ago.
"""


def test_turns_of_speakers_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "a.vtt"
    file.write_text(SPOKEN)
    said = timed(file)
    assert [(u.speaker, u.text) for u in said] == [
        ("Ada Finn", "Who lit the lamp?"),
        ("Ben", "I did & I would again."),
        ("", "(laughter)"),
        ("Ben", "With a torch."),
        ("", "Music."),
        ("Ada Finn", "That was long ago."),
    ]
    assert [u.start_s for u in said] == sorted(u.start_s for u in said)
    assert said[0].end_s == said[1].start_s
    assert said[2].end_s == 4.0
    found = list(stretches(Origin(document(tmp_path / "a.wav"), "audio"), SPLITTER, said))
    assert [segment.text for segment in found] == [
        "Ada Finn: Who lit the lamp? Ben: I did & I would again. (laughter) Ben: With a torch. Music.",
        "Ada Finn: That was long ago.",
    ]
    assert [segment.metadata["speakers"] for segment in found] == [["Ada Finn", "Ben"], ["Ada Finn"]]
