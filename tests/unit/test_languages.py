"""What counts as the same word in four languages, and which words are too common in which."""

from typing import cast

import pytest

from mmsearch.bm25 import OR
from mmsearch.calibration import TermStatistics
from mmsearch.languages import LANGUAGES, Language, language_of, snowball
from mmsearch.lexical import LexicalEncoder, alternatives, analyze
from mmsearch.stop_words import STOP_WORDS
from mmsearch.types import Query, Segment, Span

COMMON_ELSEWHERE = ("die", "war", "son", "sin", "an", "was", "pour", "para", "hat", "but", "once", "sea", "man", "ton")
"""Words that are too common in one language and say something in another."""


def _segment(text: str, language: object = None) -> Segment:
    return Segment("s", "d", "/d", "text", Span(), text=text, metadata={"language": language} if language else {})


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Haus Häuser Häusern Hauses HÄUSER Haeuser"),
        ("de", "Müller Mueller MÜLLER Müllers"),
        ("de", "Straße Straßen Strasse Strassen"),
        ("de", "groß große großer grösse gross"),
        ("fr", "cheval chevaux"),
        ("fr", "école écoles ecole ÉCOLES l'école d'écoles"),
        ("fr", "musée musées musee musees"),
        ("fr", "fermée fermé fermer fermées fermees"),
        ("fr", "œuf œufs oeuf oeufs l’œuf"),
        ("es", "canción canciones cancion CANCIÓN"),
        ("es", "niño niños niña niñas nino"),
        ("es", "español española españoles espanol"),
        ("en", "boat boats boat's"),
    ],
)
def test_inflections_are_one_term(language: str, words: str) -> None:
    found = {tuple(analyze(word, language)) for word in words.split()}
    assert len(found) == 1, found
    assert len(found.pop()) == 1


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("de", "Die Katze war auf dem Weg", ["katz", "weg"]),
        ("en", "Dice die on the war path", ["dice", "die", "war", "path"]),
        ("fr", "l'eau du musée d'Orsay qu'il a", ["eau", "mus", "orsay"]),
        ("fr", "le son de l'est, l’été", ["son", "est", "ete"]),
        ("es", "son las canciones sin fin", ["cancion", "fin"]),
        ("en", "l'eau", ["l", "eau"]),
        ("fr", "vitamine C", ["vitamin", "c"]),
        ("de", "SKU-4711 kostet 1.452,40 Euro", ["sku4711", "sku", "4711", "kost", "1452.4", "euro"]),
        ("es", "東京都", ["東京", "京都"]),
    ],
)
def test_rules_of_a_language(language: str, text: str, terms: list[str]) -> None:
    assert analyze(text, language) == terms


def test_stop_words_are_folded_as_the_words_they_are_compared_with() -> None:
    for code, words in STOP_WORDS.items():
        assert code in LANGUAGES
        assert all(word.isascii() and word == word.lower() for word in words)
        assert all(not analyze(word, code) for word in words)


@pytest.mark.parametrize(
    ("said", "code"),
    [("de", "de"), ("de-AT", "de"), ("FR", "fr"), ("nl", "en"), ("German", "en"), (7, "en"), ("", "en")],
)
def test_the_language_that_a_segment_says(said: object, code: str) -> None:
    assert language_of(_segment("", said)) == code


def test_segments_are_analysed_in_their_own_language() -> None:
    english, german = LexicalEncoder().encode([_segment("die alten Häuser"), _segment("die alten Häuser", "de")])
    assert english.split() == ["die", "alten", "hauser"]
    assert german.split() == ["alt", "haus"]


@pytest.mark.parametrize("word", COMMON_ELSEWHERE)
def test_a_word_is_looked_for_unless_every_likely_language_calls_it_common(word: str) -> None:
    assert word in {term for terms in alternatives(word, LANGUAGES) for term in terms}


@pytest.mark.parametrize(
    ("text", "word"),
    [("pour concrete", "pour"), ("die hard", "die"), ("war and peace", "war"), ("sin city", "sin"), ("le but", "but")],
)
def test_a_common_word_of_another_language_stays_beside_other_words(text: str, word: str) -> None:
    assert word in {term for terms in alternatives(text, LANGUAGES) for term in terms}


@pytest.mark.parametrize(
    ("text", "among", "words"),
    [
        ("the boats were running", LANGUAGES, [("boat",), ("run",)]),
        ("die alte Katze und das Haus", LANGUAGES, [("alt",), ("katz",), ("haus",)]),
        ("les chevaux dans la rue", LANGUAGES, [("cheval", "chevaux"), ("ru", "rue")]),
        ("las canciones de la sierra", LANGUAGES, [("cancion",), ("sierr", "sierra")]),
        ("the boats die", {"en"}, [("boat",), ("die",)]),
        ("the boats", (), [("boat",)]),
    ],
)
def test_a_query_is_in_the_languages_that_it_is_likely_in(
    text: str, among: frozenset[str], words: list[tuple[str, ...]]
) -> None:
    assert alternatives(text, among) == words


def test_the_languages_of_a_query_may_be_said() -> None:
    encoder = LexicalEncoder()
    assert encoder.encode_query(Query("die Häuser", languages=frozenset({"de"}))) == f"haus{OR}hauser"
    assert encoder.encode_query(Query("die Häuser", languages=frozenset({"en"}))) == "die hauser"


def test_a_further_language_is_one_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast(dict[str, Language], LANGUAGES), "it", snowball("italian", elided="l d un"))
    assert analyze("l'albero, gli alberi", "it") == ["alber", "gli", "alber"]
    [italian] = LexicalEncoder().encode([_segment("vecchi alberi", "it")])
    asked = LexicalEncoder().encode_query(Query("i vecchi alberi dei giardini")).replace(OR, " ").split()
    assert set(italian.split()) <= set(asked)


def test_a_word_with_alternatives_weighs_as_one() -> None:
    """Ten segments: two hold haus, one hauser, and three in ten hold the word."""
    texts = ["haus", "haus", "hauser", *["boot"] * 7]
    statistics = TermStatistics.of(texts, len(texts))
    three = TermStatistics.of(["haus"] * 3 + ["boot"] * 7, len(texts)).idf("haus")
    assert statistics.idf(f"haus{OR}hauser") == pytest.approx(three)
    assert statistics.idf(f"haus{OR}unseen") == pytest.approx(statistics.idf("haus"))
    everywhere = TermStatistics.of(["haus hauser"] * 10, 10).idf(f"haus{OR}hauser")
    assert everywhere == pytest.approx(TermStatistics.of(["haus"] * 10, 10).idf("haus"))
