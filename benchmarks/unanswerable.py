"""200 queries that nothing in `mixed` answers: does an answer know that it has nothing?

100 nonsense strings, drawn from a fixed seed, and 100 claims and questions on topics outside the pool. The topics were
written down before anything was measured on them; no document of the pool holds all the words of one.
"""

import random
from collections.abc import Iterator
from itertools import product

SEED = 3
NONSENSE = 100

CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"
KEYS = "abcdefghijklmnopqrstuvwxyz0123456789"

TOPICS = (
    "a Kubernetes ingress controller",
    "the escrow account of a mortgage",
    "the borrow checker of Rust",
    "the confinement of quarks",
    "a limited liability partnership",
    "the drain hose of a dishwasher",
    "double-entry bookkeeping",
    "a sourdough starter",
    "the float valve of a carburettor",
    "a flying buttress",
    "the subduction of a tectonic plate",
    "the vacuum process of PostgreSQL",
    "the Dewey decimal classification",
    "the sandhi rules of Sanskrit",
    "a torque wrench",
    "the yield curve of government bonds",
    "the concrete of Roman aqueducts",
    "a columnar basalt formation",
    "the congestion window of TCP",
    "a heat pump in an old house",
    "the escapement of a pendulum clock",
    "a knitting pattern for cable stitch",
    "the glaze of a raku bowl",
    "a copyright licence for fonts",
    "the opening theory of the Sicilian defence",
)
CLAIMS = (
    "{} has to be inspected by a certified expert every two years.",
    "Most beginners misunderstand {} because the manual is outdated.",
)
QUESTIONS = (
    "how do I find out what is wrong with {}",
    "Who first described {} and what was the objection?",
)


def nonsense() -> Iterator[str]:
    """Made-up words in the shape of queries, then keys hit at random."""
    drawn = random.Random(SEED)
    for number in range(NONSENSE):
        if number % 10 < 7:
            yield " ".join(_word(drawn) for _ in range(drawn.randint(1, 6)))
        else:
            yield "".join(drawn.choices(KEYS, k=drawn.randint(6, 18)))


def outside() -> Iterator[str]:
    """Claims and questions on the topics, every form with every topic."""
    for form, topic in product((*CLAIMS, *QUESTIONS), TOPICS):
        said = form.format(topic)
        yield said[0].upper() + said[1:] if form in CLAIMS else said


def _word(drawn: random.Random) -> str:
    syllables = (
        drawn.choice(CONSONANTS) + drawn.choice(VOWELS) + (drawn.choice(CONSONANTS) if drawn.random() < 0.4 else "")
        for _ in range(drawn.randint(1, 3))
    )
    return "".join(syllables)
