"""Words that ask for a medium, put before or behind the queries of a judged set.

They were written here and not taken from the router's tests.
"""

from collections.abc import Iterator, Mapping, Sequence

from mmsearch.types import Modality

CUES_EACH = 3
"""Cues tried with each query, in turn."""

CUES: Mapping[Modality, Sequence[str]] = {
    "image": [
        "photo of {}",
        "a picture showing {}",
        "show me images of {}",
        "aerial photograph of {}",
        "{}, photo",
        "{} as a picture",
        "{} pictures",
        "Foto von {}",
        "Bild mit {}",
        "zeig mir Bilder von {}",
        "{} als Foto",
        "photo de {}",
        "images montrant {}",
        "une image avec {}",
        "foto de {}",
        "imágenes de {}",
        "muéstrame una foto con {}",
    ],
    "table": [
        "table of {}",
        "a table about {}",
        "spreadsheet about {}",
        "statistics of {}",
        "find tables listing {}",
        "{} in a table",
        "Tabelle mit {}",
        "Statistik über {}",
        "suche eine Tabelle zu {}",
        "{} als Tabelle",
        "tableau des {}",
        "statistiques sur {}",
        "tabla de {}",
        "tabla con {}",
        "estadísticas sobre {}",
    ],
    "audio": [
        "recording where {}",
        "recording about {}",
        "interview about {}",
        "podcast in which {}",
        "where does someone say that {}",
        "someone talks about {}",
        "who says {}",
        "wo sagt jemand, dass {}",
        "jemand spricht über {}",
        "Aufnahme über {}",
        "Interview mit {}",
        "enregistrement où {}",
        "où quelqu'un dit que {}",
        "entretien sur {}",
        "dónde dice alguien que {}",
        "grabación sobre {}",
        "alguien habla de {}",
    ],
    "text": [
        "article about {}",
        "text on {}",
        "a report about {}",
        "passage describing {}",
        "paper on {}",
        "find articles on {}",
        "Artikel über {}",
        "Text zu {}",
        "Bericht über {}",
        "article sur {}",
        "texte sur {}",
        "rapport sur {}",
        "artículo sobre {}",
        "texto sobre {}",
        "informe sobre {}",
    ],
}


def with_cues(medium: Modality, texts: Sequence[str]) -> Iterator[list[str]]:
    """Each text with CUES_EACH cues of the medium, other texts with other cues."""
    cues = CUES[medium]
    for number, text in enumerate(texts):
        places = (CUES_EACH * number + turn for turn in range(CUES_EACH))
        yield [cues[place % len(cues)].format(text.rstrip(".?! ")) for place in places]
