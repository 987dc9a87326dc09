"""Which spaces answer a query, with what weight, which media it wants, and why in words.

Only what the user asked for (`Query.modalities`, `Query.spaces`) excludes anything; all else is weights. With n_m
documents of medium m in the library, a query q whose vector has the likelihood L_m (`classifier`), and a cue for the
medium c that is right with the probability t (`cues`; t = 0 without a cue):

    P(m | q) = t [m = c] + (1 - t) n_m L_m / sum over k of n_k L_k

A query that says nothing has all L_m alike, and P(m | q) is the library's share: every document is as probable as the
next. Fusion takes half of P(m | q) / n_m as the prior of a document (the other half is for no answer at all), so that
the log odds of the words are added to its evidence however many documents of its medium there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mmsearch.router.classifier import trained
from mmsearch.router.cues import Cue, cue_of
from mmsearch.router.form import WEIGHTS, form_of
from mmsearch.types import Modality, Query, Route, Space, Vector

TELLING = 0.6
"""From this likelihood on, the words are said to sound like a medium."""
HEARD_WEIGHT = 0.5
"""Of the evidence of a space that hears, where the words do not ask for a sound: most are about what is said."""
HEARD_DEPTH = 5
"""Times the depth of other spaces: a recording of an hour has hundreds of windows there, and many sound alike."""
SOUNDS_LIKE: Mapping[Modality, str] = {
    "text": "an explanation or a claim (text)",
    "table": "numbers or a list (table)",
    "image": "something to see (image)",
    "audio": "something said (audio)",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """The words to ask with, the media cue cut off; the routes; and the cue, if the words ask for a medium."""

    text: str
    routes: tuple[Route, ...]
    cue: Cue | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """How probably the query wants each medium of the library, and why."""

    shares: Mapping[Modality, float]
    reason: str


def route(query: Query, spaces: Mapping[str, Space], depth: int, census: Mapping[Modality, int]) -> Plan:
    """A plan over the open spaces of a library with so many documents of each modality.

    A medium that the words name is looked for in lists of its own too; sounds only where a space hears them.
    """
    words = query.text if query.kind == "text" else ""
    cue = cue_of(words)
    hearing = {name for name, space in spaces.items() if "audio" in space.answers}
    if cue and (not census.get(cue.modality) or (cue.by_sound and not hearing)):
        cue = None
    text = cue.rest if cue else query.text
    form, form_reason = form_of(text) if words else ("keywords", "")
    routes = []
    for name, space in spaces.items():
        unwanted = query.spaces and name not in query.spaces
        if unwanted or query.kind not in space.answers or (query.modalities and not query.modalities & space.stores):
            continue
        weight = WEIGHTS.get(form, {}).get(space.kind, 1.0)
        why = f"{form_reason}: " if words and (weight != 1 or space.kind == "lexical") else ""
        deep = HEARD_DEPTH * depth if name in hearing else depth
        if name in hearing and words and not (cue and cue.by_sound):
            weight, why = weight * HEARD_WEIGHT, "few words describe a sound: "
        routes.append(Route(name, weight, deep, f"{why}answers a query by {query.kind}"))
        if cue and cue.modality in space.stores:
            reason = f'"{cue.words}" asks for {cue.modality}'
            routes.append(Route(name, weight, deep, reason, frozenset({cue.modality})))
    return Plan(text, tuple(routes), cue)


def media(
    plan: Plan,
    census: Mapping[Modality, int],
    spaces: Mapping[str, Space],
    encoded: Mapping[str, Vector | str],
) -> Media:
    """The media that the query wants among those of the census, by its cue and its vector in each space so far."""
    classifier = trained()
    known = (encoded[name] for name, space in spaces.items() if name in encoded and classifier.knows(space))
    vector = next((vector for vector in known if not isinstance(vector, str)), None)
    likelihoods = classifier.likelihoods(vector) if vector is not None else dict.fromkeys(classifier.media, 0.25)
    held = {medium: count for medium, count in census.items() if count}
    speaking = {medium: count * likelihoods[medium] for medium, count in held.items()}
    total = sum(speaking.values())
    trust = plan.cue.trust if plan.cue else 0.0
    cued = plan.cue.modality if plan.cue else None
    shares = {
        medium: trust * (medium == cued) + (1 - trust) * share / total if total else trust
        for medium, share in speaking.items()
    }
    return Media(shares, _why(plan.cue, likelihoods))


def _why(cue: Cue | None, likelihoods: Mapping[Modality, float]) -> str:
    reasons = [f'"{cue.words}" asks for {cue.modality}'] if cue else []
    likeliest = max(likelihoods, key=lambda medium: likelihoods[medium])
    if likelihoods[likeliest] >= TELLING:
        reasons.append(f"the words sound like {SOUNDS_LIKE[likeliest]}: {likelihoods[likeliest]:.0%}")
    return "; ".join(reasons) or "the words speak for no medium: each counts by its documents"
