"""Words that ask for a medium: "photo of ...", "Tabelle mit ...", "où quelqu'un dit que ...", "lighthouse photo"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from mmsearch.types import Modality

SURE, LIKELY = 0.9, 0.6
"""How probably a query with such a cue wants the medium: asked for in so many words; or by a word that may also be
part of the subject, which is then left among the words."""


@dataclass(frozen=True, slots=True)
class Cue:
    """The medium that the words ask for, and the words left to search with."""

    modality: Modality
    words: str
    trust: float
    rest: str
    by_sound: bool = False
    """Whether a recording is wanted that sounds so, whatever is said in it."""


_OPENING = (
    r"(?:(?:please )?(?:show|give) me|find(?: me)?|search for|look(?:ing)? for|i (?:want|need)"
    r"|zeige? mir|suche|finde|montre[rz]?(?:[- ]moi)?|trouve[rz]?|cherche[rz]?|mu[ée]strame|busca(?:r|me)?)\s+"
)
_ARTICLE = r"(?:(?:an?|the|some|any|eine?n?|das|die|der|den|une?|des|les?|la|una|unas|unos|el|los|las)\s+|l['’])"
_NOUNS: Mapping[Modality, str] = {
    "image": r"photo(?:graph)?s?|pictures?|pics?|images?|drawings?|illustrations?|posters?|snapshots?|screenshots?"
    r"|fotos?|bild(?:er)?|fotografien?|zeichnung(?:en)?|photographies?|dessins?|fotograf[ií]as?|im[aá]gen(?:es)?"
    r"|dibujos?",
    "table": r"tables?|spreadsheets?|statistics|figures|tabellen?|statistik(?:en)?|tableaux?|statistiques|tablas?"
    r"|cuadros?|estad[ií]sticas?",
    "audio": r"(?:audio )?recordings?|audio|interviews?|podcasts?|talks?|speech(?:es)?|lectures?|(?:ton)?aufnahmen?"
    r"|mitschnitte?|gespräche?|vorträge?|vortrag|enregistrements?|entretiens?|discours|grabaci[oó]n(?:es)?"
    r"|entrevistas?|discursos?",
    "text": r"articles?|passages?|texts?|notes?|reports?|letters?|essays?|papers?|documents?|artikel|texte?|berichte?"
    r"|aufs[aä]tze?|rapports?|lettres?|art[ií]culos?|textos?|informes?|cartas?",
}
_OF = r"of|with|from|für|mit|von|vom|aus|eine[sr]|de|du|des|avec|del|con|der"
_JOINED: Mapping[Modality, str] = {
    "image": rf"{_OF}|showing|that shows?|where|depicting|die|das|zeigt|montrant|en|que muestran?",
    # not "table with", "for", "on": those are furniture
    "table": r"of|about|showing|listing|mit|von|vom|der|über|zu|de|du|des|sur|avec|del|con|sobre",
    "audio": rf"{_OF}|about|on|where|in which|that mentions?|über|zu|wo|in (?:der|dem)|sur|où|sobre|donde",
    "text": rf"{_OF}|about|on|where|describing|explaining|über|zu|sur|à propos de|sobre|acerca de",
}
_ALSO = re.compile(r"(?:tables?|talks?|speech(?:es)?|texts?|notes?|letters?|papers?|documents?)\b", re.IGNORECASE)
"""Furniture, stationery, and what people do in pictures: no cues behind other words ("man talks on a phone")."""
_IDIOMS = r"(?:contents|speech|health|the town|credit|attorney)\b"
_SAYS = r"(?:sa(?:ys?|id)|talk(?:s|ed)?|speaks?|mention(?:s|ed)?|tells?|told)(?: about| of| that)?"
_SAGT = r"(?:sagt|spricht|redet|erzählt|erwähnt)"
_DASS = r"(?:,? (?:dass|über|von|vom))?"
_DIT = r"(?:dit|parle|raconte|mentionne)"
_DICE = r"(?:dicen?|hablan?|cuentan?|mencionan?)"
_QUE = r"(?: (?:que|de|del|du|des|sobre)\b| (?:qu|d)['’])?"
_SPOKEN = "|".join(
    (
        rf"(?:where |when )?(?:does |did |do )?(?:some(?:one|body)|any(?:one|body)|who|they) {_SAYS}",
        rf"(?:wo |wann )?{_SAGT} (?:jemand|man){_DASS}|(?:jemand|wer) {_SAGT}{_DASS}",
        r"wo wird (?:gesagt, dass|über|von)|wo (?:es )?heißt es,? dass",
        rf"(?:où )?(?:est-ce qu['’]on|quelqu['’]un|(?<=où )on|qui) {_DIT}{_QUE}",
        rf"où (?:est-ce que )?l['’]on {_DIT}{_QUE}",
        rf"d[oó]nde (?:se )?{_DICE}(?: alguien)?{_QUE}|(?:d[oó]nde )?alguien {_DICE}{_QUE}|qui[eé]n {_DICE}{_QUE}",
    )
)

_SOUNDING = re.compile(
    rf"(?:{_OPENING})?{_ARTICLE}?(?P<cue>(?:sounds?|noises?|geräusche?|klang|klänge|lärm|bruits?|sons?|sonidos?|ruidos?)"
    r"(?: (?:of|from|von|vom|eine[sr]|der|des|de|du|del)\b| d['’]))\s*(?P<rest>\w.*)",
    re.IGNORECASE | re.DOTALL,
)
"""Much of this names a subject too ("the sound of music"): the words are left whole, as models of sounds like them."""

_LEADING = {
    medium: re.compile(
        rf"(?:{_OPENING})?{_ARTICLE}?(?P<kind>\w+ )?(?P<cue>(?:{nouns})(?: (?:{_JOINED[medium]})\b| d['’]))"
        rf"\s*(?!{_IDIOMS})(?P<rest>\w.*)",
        re.IGNORECASE | re.DOTALL,
    )
    for medium, nouns in _NOUNS.items()
}
_LEADING_SPOKEN = re.compile(rf"(?P<cue>{_SPOKEN})\s+(?P<rest>\w.*)", re.IGNORECASE | re.DOTALL)
_TRAILING = {
    medium: re.compile(
        rf"(?P<rest>.*?(?P<last>[\w-]+))[,:]?\s+(?P<as>(?:(?:as|in) an? |als |en |como )?)\(?(?P<cue>{nouns})\)?[.!]?",
        re.IGNORECASE | re.DOTALL,
    )
    for medium, nouns in _NOUNS.items()
}
_COMPOUND: Mapping[Modality, re.Pattern[str]] = {
    "image": re.compile(r".*?\b(?P<cue>\w{3,}(?:fotos?|bild(?:er)?))", re.IGNORECASE | re.DOTALL),
    "table": re.compile(r".*?\b(?P<cue>\w{3,}tabellen?)", re.IGNORECASE | re.DOTALL),
}
_QUESTION = re.compile(
    r".*\?\s*$|(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|wer|was|wo|wann|wie|warum"
    r"|welche[rs]?|qui|que|quand|où|comment|pourquoi|quel(?:le)?s?|quién|qué|cuándo|dónde|cómo|cuántos)\b",
    re.IGNORECASE | re.DOTALL,
)
_NOT_BEFORE = frozenset(
    re.findall(
        r"\w+",
        """
    a an the this that these those my your his her its our their no of in on at to for from by with under and or is
    are was were ein eine einen das die der den dem im am auf le la les un une des du de sur dans el los las una unos en
    con big best motion moving mental small spider parallel periodic multiplication dining kitchen coffee bedside
    dressing picnic pool billiard operating round side water tennis turn wooden hash routing open press drop cap
    capital block white carbon toilet wall sand rolling wax cigarette
        take takes taking took taken snapping posing holding
    """,
    )
)
"""Words after which "picture", "table", "talk", "letter" or "paper" are the subject and not the medium."""


def cue_of(text: str) -> Cue | None:
    """The first cue at the start of the query, otherwise at its end; None when the words ask for no medium.

    What cannot belong to the subject is cut off: "photo of" is, "old photo of" and the "table" of "tide table" are not.
    """
    text = text.strip()
    if found := _LEADING_SPOKEN.fullmatch(text):
        return Cue("audio", found["cue"].strip(), SURE, found["rest"])
    if found := _SOUNDING.fullmatch(text):
        return Cue("audio", found["cue"], LIKELY, text, by_sound=True)
    for medium, leading in _LEADING.items():
        if found := leading.fullmatch(text):
            if not found["kind"]:
                return Cue(medium, found["cue"], SURE, found["rest"])
            if found["kind"].strip().lower() not in _NOT_BEFORE and not _ALSO.match(found["cue"]):
                return Cue(medium, found["cue"], LIKELY, text)
    return None if _QUESTION.match(text) else _trailing(text)


def _trailing(text: str) -> Cue | None:
    for medium, trailing in _TRAILING.items():
        found = trailing.fullmatch(text)
        if found and found["as"]:
            return Cue(medium, found["as"] + found["cue"], SURE, found["rest"])
        if not found or found["last"].lower() in _NOT_BEFORE:
            continue
        if medium == "image":
            return Cue(medium, found["cue"], SURE, found["rest"])
        words = found["rest"].lower().split()
        if len(words) <= 3 and _NOT_BEFORE.isdisjoint(words) and (medium == "table" or not _ALSO.match(found["cue"])):
            return Cue(medium, found["cue"], LIKELY, text)
    for medium, compound in _COMPOUND.items():
        if found := compound.fullmatch(text):
            return Cue(medium, found["cue"], LIKELY, text)
    return None
