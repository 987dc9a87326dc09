"""Words of questions and headers that mean the same kind of thing: "who" is answered by a player, a winner, a name."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from mmsearch.answering.words import stems

_WORDS: Mapping[str, str] = {
    "person": "who whom whose person people player driver rider candidate actor actress artist singer director coach"
    " manager skipper winner athlete swimmer wrestler president king ruler member host writer author name champion"
    " leader captain character cast designer owner recipient nominee performer representative incumbent politician"
    " scorer opponent contestant he she him her",
    "date": "when year date season day month period decade century term start end founded established built opened"
    " released born died completed launched aired premiered since ago era",
    "place": "where city location venue country place town stadium state district county region area site ground"
    " province village nation island home station port airport county capital street address",
    "size": "large larger largest big biggest small smallest size area population capacity people inhabitants residents"
    " populated populous land km acres seats number quantity amount",
    "money": "cost price expensive cheap cheapest earn earned earning money prize purse revenue budget gross box"
    " office value worth paid salary income profit dollars usd",
    "length": "long longer longest short shortest length tall taller tallest height high highest elevation far distance"
    " km miles metres meters deep depth wide width",
    "duration": "long time duration minutes seconds hours fast faster fastest slow slowest quick quickest finish"
    " finished speed length lap laps",
    "age": "old older oldest young younger youngest age born birth",
    "score": "score scored scoring points point goals goal result results won win wins winning winner lost lose loss"
    " losses beat defeat defeated record tie draw outcome margin pts w l",
    "rank": "rank ranked ranking position pos place placed placing finish finished standing standings no number order"
    " seed tier top first second third round",
    "attendance": "attendance attended attend crowd spectators visitors viewers viewership audience watched passengers"
    " votes vote voted",
    "work": "song film movie album book episode title single show work role series track name novel video game program"
    " programme record story play called",
    "team": "team club opponent nation squad side franchise school university college rival country played play league"
    " competition party manufacturer constructor company",
    "event": "event competition tournament race championship cup match game games league festival award round contest",
    "weight": "heavy heavier heaviest light lightest weight mass kg pounds",
    "kind": "type kind category class genre style format division group status language colour color discipline",
    "reason": "why reason notes note comment comments cause description remarks details method",
}


@lru_cache(maxsize=1)
def _by_stem() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for concept, line in _WORDS.items():
        for stem in stems(line):
            found.setdefault(stem, set()).add(concept)
    return {stem: frozenset(concepts) for stem, concepts in found.items()}


def concepts(of: Iterable[str]) -> frozenset[str]:
    """The kinds of thing that the stems may mean."""
    by_stem = _by_stem()
    return frozenset().union(*(by_stem.get(stem, frozenset()) for stem in of))
