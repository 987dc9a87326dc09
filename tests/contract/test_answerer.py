"""Every answerer keeps the promises of the protocol."""

from pathlib import Path

import checkpoints
import pointing
import pytest
import table_questions
from answerer_contract import AnswererContract
from hashing import HashingEncoder

from mmsearch.answering.lettering import LetteringAnswerer
from mmsearch.answering.sentences import SentenceAnswerer
from mmsearch.answering.table import TableAnswerer
from mmsearch.protocols import Answerer
from mmsearch.types import Lettering, Segment, Span, Table

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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("torch", reason="the extra encoders is not installed")
    return table_questions.save_trained(tmp_path_factory.mktemp("tapas"))


@pytest.mark.encoders
class TestTapasReader(AnswererContract):
    @pytest.fixture
    def answerer(self, trained: Path) -> Answerer:
        from mmsearch_encoders.tapas_reader import TapasReader

        return TapasReader(str(trained))

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        rows = (("red", "north", "harbour", "31"), ("blue", "west", "museum", "7"), ("old", "north", "festival", "96"))
        span = Span(start_row=40, end_row=43)
        segment = Segment("s", "d", "/ships.csv", "table", span, table=Table(table_questions.HEADER, rows))
        return "which wind is the ship blue in", segment, "west"


@pytest.mark.encoders
class TestTapasReaderThatReckons(TestTapasReader):
    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        rows = (("red", "north", "harbour", "31"), ("blue", "west", "museum", "7"), ("old", "north", "festival", "96"))
        span = Span(start_row=0, end_row=3)
        segment = Segment("s", "d", "/ships.csv", "table", span, table=Table(table_questions.HEADER, rows))
        return "how many ship is in the north wind", segment, "2"


class TestLetteringAnswerer(AnswererContract):
    @pytest.fixture
    def answerer(self) -> Answerer:
        return LetteringAnswerer()

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        words = (
            Lettering(14, 21, (0.1, 0.1, 0.5, 0.2), 0.98),
            Lettering(22, 29, (0.5, 0.1, 0.9, 0.2), 0.98),
            Lettering(30, 34, (0.1, 0.5, 0.9, 0.6), 0.9),
        )
        text = "Seen in 1924.\nHARBOUR REGATTA\nNoon"
        return (
            "where is the regatta?",
            Segment("p", "d", "/p.png", "image", Span(), text=text, lettering=words),
            "REGATTA",
        )


@pytest.fixture(scope="session")
def pointer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained to point at who, where and when in a passage, or to refuse."""
    pytest.importorskip("torch", reason="the extra encoders is not installed")
    home = tmp_path_factory.mktemp("pointer")
    model, tokenizer = checkpoints.make_question_answerer(home)
    return checkpoints.save_question_answerer(home / "tiny-squad2", pointing.train(model, tokenizer), tokenizer)


@pytest.mark.encoders
class TestExtractiveAnswerer(AnswererContract):
    @pytest.fixture
    def answerer(self, pointer: Path) -> Answerer:
        from mmsearch_encoders.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer(str(pointer))

    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        text = "in the storm and the rain the north museum of the festival is in year 7"
        return "where is the festival?", Segment("s", "d", "/f.md", "text", Span(), text=text), "north museum"


@pytest.mark.encoders
class TestExtractiveAnswererOfRecordings(TestExtractiveAnswerer):
    @pytest.fixture
    def asked(self) -> tuple[str, Segment, str]:
        text = "the ship in the rain is of the north museum"
        span = Span(start_s=31.0, end_s=45.5)
        return "where is the ship?", Segment("s", "d", "/talk.ogg", "audio", span, text=text), "north museum"
