"""Operators in the words of a query.

    query    = { part }
    part     = ["-"] operator | ["-"] '"' phrase '"' | "-" word | word
    operator = "type:" medium {"," medium} | "before:" date | "after:" date | "lang:" code | "in:" place

    "harbour at night" boats -rowing type:photo,table after:2023-05 before:2024 lang:de in:photos/2023 -in:drafts

`type` takes text, table, image or audio, or what people call them (photo, recording). A date is 2024, 2024-05 or
2024-05-31: `before:2024` is up to the end of 2023, `after:2024` from its beginning; documents without a date are in
neither. `lang` takes the code of the language that a text says or tells to be in, and the words are then in that
language. `in` is a part of the path, in quotes if it holds blanks. A phrase or a word with a minus means the segment:
see `Wording`. A minus counts before a letter or a quote only (`-5` and `--all` are words), a quote that is not closed
is no quote, and `other:thing` is just words; so is anything in quotes: `"type:error"`.
"""

import re
from dataclasses import replace

from mmsearch.errors import InputError
from mmsearch.languages import ENGLISH, LANGUAGES, in_language
from mmsearch.lexical import analyze
from mmsearch.types import MODALITIES, And, Compare, Contains, Filter, Modality, Not, Query
from mmsearch.wording import Wording

_PART = re.compile(
    r"""(?P<minus>-?)(?: (?P<name>type|before|after|lang|in):(?P<value>"[^"]+"|[^\s"]+)
                       | ["“„](?P<phrase>[^"“”„]+)["“”](?!\w) )
      | -(?P<word>[^\W\d_][^\s"]*)
      | \S+""",
    re.VERBOSE | re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?")

_CALLED: dict[Modality, str] = {
    "text": "text texts article articles document documents texte texto artikel",
    "table": "table tables spreadsheet spreadsheets tabelle tabellen tableau tableaux tabla tablas",
    "image": "image images picture pictures photo photos bild bilder foto fotos imagen imágenes",
    "audio": "audio sound sounds recording recordings speech aufnahme aufnahmen enregistrement grabación",
}
MEDIA: dict[str, Modality] = {name: medium for medium, names in _CALLED.items() for name in names.split()}
"""What `type:` takes -> the medium."""


def read_operators(query: Query) -> tuple[Query, Wording]:
    """The query with the words that are left and what its operators limit it to; and how segments must be worded.

    The words of a phrase stay among the words. Raises InputError for an operator that cannot be understood.
    """
    words: list[str] = []
    media, filters = query.modalities or frozenset(MODALITIES), [query.filter] if query.filter else []
    excluded, quoted, languages = list[str](), list[tuple[str, str]](), set[str]()
    for part in _PART.finditer(query.text):
        without, phrase = bool(part["minus"]), part["phrase"] or part["word"]
        if part["name"]:
            name, value = part["name"].lower(), part["value"].strip('"')
            if name == "type":
                named = _media(value)
                media = media - named if without else media & named
            else:
                condition = _condition(name, value)
                if name == "lang" and not without:
                    languages.add(value.lower().partition("-")[0])
                filters.append(Not(condition) if without else condition)
        elif phrase and (without or part["word"]):
            excluded.append(_telling(phrase, part[0]))
        elif phrase:
            words.append(phrase)
            quoted.append((phrase, part[0]))
        else:
            words.append(part[0])
    if not media:
        raise InputError("the query leaves no medium to look in; take away a type: or a wanted modality")
    modalities = frozenset() if media == frozenset(MODALITIES) else media
    filter = And(tuple(filters)) if len(filters) > 1 else next(iter(filters), None)
    text = " ".join(" ".join(words).split())
    # Questions quote titles such as "A" and "It": beside other words they limit nothing.
    required = [_telling(phrase, part) for phrase, part in quoted if analyze(phrase) or not analyze(text)]
    limited = replace(query, text=text, modalities=modalities, filter=filter)
    if languages:
        limited = replace(limited, languages=frozenset(languages & LANGUAGES.keys() or {ENGLISH}))
    return limited, Wording(tuple(required), tuple(excluded))


def _media(value: str) -> frozenset[Modality]:
    names = value.lower().split(",")
    if unknown := [name for name in names if name not in MEDIA]:
        raise InputError(
            f'type:{unknown[0]} is no medium; there are {", ".join(MODALITIES)}; for the words write "type:{value}"'
        )
    return frozenset(MEDIA[name] for name in names)


def _condition(name: str, value: str) -> Filter:
    if name == "lang":
        return in_language(value.lower())
    if name == "in":
        return Contains("uri", value)
    if not _DATE.fullmatch(value):
        raise InputError(f'{name}:{value} is no date; write {name}:2024, {name}:2024-05 or "{name}:{value}" in quotes')
    return Compare("date", "<" if name == "before" else ">=", value)


def _telling(phrase: str, part: str) -> str:
    if not analyze(phrase):
        raise InputError(f"{part} holds only words that are too common to look for; leave out its quotes or its minus")
    return phrase
