"""Every answerer keeps the promises of the protocol."""

import pytest
from answerer_contract import AnswererContract
from hashing import HashingEncoder

from mmsearch.answering.sentences import SentenceAnswerer
from mmsearch.answering.table import TableAnswerer
from mmsearch.protocols import Answerer
from mmsearch.types import Lettering, Segment, Span, Table
from mmsearch.answering.lettering import LetteringAnswerer

LAMPS = (
    "The tower stands on the last rock north of the town. Alasdair Finn lit the great lamp of the lighthouse in 1857. "
    "Children say that it counts the houses."
)


class TestTableAnswerer(AnswererContract):
    @pytest.fixture
    def answerer(self) -> Answerer:
        return TableAnswerer()

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        rows = (("Star", "1990", "12"), ("Moon", "1991", "7"), ("Gull", "1993", "31"))
        table = Table(("boat", "built", "crew"), rows)
        segment = Segment("b", "d", "/boats.csv", "table", Span(start_row=0, end_row=3), title="boats", table=table)
        return "which boat has the largest crew?", segment, "Gull"


class TestSentenceAnswerer(AnswererContract):
    @pytest.fixture
    def answerer(self) -> Answerer:
        return SentenceAnswerer(HashingEncoder())

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        return (
            "who lit the great lamp of the lighthouse?",
            Segment("s", "d", "/l.md", "text", Span(), text=LAMPS),
            "Finn",
        )


class TestSentenceAnswererOfRecordings(TestSentenceAnswerer):
    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        span = Span(start_s=31.0, end_s=45.5)
        segment = Segment("s", "d", "/talk.ogg", "audio", span, text=LAMPS)
        return "who lit the great lamp of the lighthouse?", segment, "Finn"


@pytest.mark.encoders
class TestSentenceAnswererWithTheShippedModel(TestSentenceAnswerer):
    @pytest.fixture
    def answerer(self) -> Answerer:
        pytest.importorskip("torch", reason="the extra encoders is not installed")
        from mmsearch_encoders.text import TextEncoder

        return SentenceAnswerer(TextEncoder())
