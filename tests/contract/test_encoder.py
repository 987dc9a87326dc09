"""Every dense encoder keeps the promises of the protocol."""

from collections.abc import Sequence
from pathlib import Path

import checkpoints
import pytest
from drawings import CLASSES, draw, png
from encoder_contract import EncoderContract
from sounding import CLASSES as CAPTIONS
from sounding import RATE, play

from mmsearch.protocols import Encoder
from mmsearch.sounds import flac
from mmsearch.types import Modality, Query, Segment, Span, Table

pytest.importorskip("torch", reason="the extra encoders is not installed")

SAYINGS = (
    "The keeper lights the lamp at dusk.",
    "Fog.",
    "The harbour was built in 1871, and rebuilt after the storm of 1902. " * 30,
    "灯台は港の入口にある。",
    "Ships wait for the tide, and the festival begins when the last one is in.",
    "A map of the old town",
)


def segment(number: int, modality: Modality, text: str = "", **fields: object) -> Segment:
    return Segment(str(number), "d", "/d", modality, Span(), text=text, **fields)  # type: ignore[arg-type]  # by name


def passages() -> list[Segment]:
    grid = Table(("year", "ships"), (("1871", "12"), ("1902", "7")))
    return [*(segment(i, "text", text) for i, text in enumerate(SAYINGS)), segment(9, "table", table=grid)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def sentences(folder: Path) -> Path:
    prompts = {"query": "question: ", "document": "passage: "}
    return checkpoints.save_sentence_encoder(folder / "sentences", prompts)


@pytest.fixture(scope="module")
def clip(folder: Path) -> Path:
    return checkpoints.save_clip_folder(folder / "clip", checkpoints.make_clip())


@pytest.fixture(scope="module")
def clap(folder: Path) -> Path:
    return checkpoints.save_clap(folder / "clap", *checkpoints.make_clap())


@pytest.fixture(scope="module")
def tapas(folder: Path) -> Path:
    return checkpoints.save_tapas(folder / "tapas")


@pytest.fixture(scope="module")
def projection(folder: Path, tapas: Path) -> Path:
    from mmsearch_encoders.table import TableEncoder

    tables = [segment(i, "table", table=Table((f"year {i}",), ((f"{i} ships",),))) for i in range(12)]
    questions = [[f"how many ships in year {i}?"] for i in range(12)]
    TableEncoder(str(tapas)).fit(tables, questions).projection.save(folder / "map.safetensors")
    return folder / "map.safetensors"


@pytest.mark.encoders
class TestText(EncoderContract):
    @pytest.fixture
    def encoder(self) -> Encoder:
        from mmsearch_encoders.text import TextEncoder

        encoder = TextEncoder(batch_tokens=512)
        encoder._model()
        return encoder

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        return passages()

    @pytest.fixture
    def queries(self) -> Sequence[Query]:
        return [Query(text="who lights the lamp?")]


@pytest.mark.encoders
class TestLittleTextBeforeTorchIsThere(TestText):
    @pytest.fixture
    def encoder(self) -> Encoder:
        from mmsearch_encoders.text import TextEncoder

        return TextEncoder()


@pytest.mark.encoders
class TestTextWithPromptsAndDenseLayer(TestText):
    @pytest.fixture
    def encoder(self, sentences: Path) -> Encoder:
        from mmsearch_encoders.text import TextEncoder

        return TextEncoder(str(sentences))

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        """Its vocabulary holds Latin letters alone."""
        return [passage for passage in passages() if passage.text.isascii()]


@pytest.mark.encoders
class TestImage(EncoderContract):
    @pytest.fixture
    def encoder(self, clip: Path) -> Encoder:
        from mmsearch_encoders.image import ImageEncoder

        return ImageEncoder(str(clip), batch_pixels=4 * 32**2)

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        from random import Random

        return [segment(i, "image", picture=png(draw(caption, Random(i)))) for i, caption in enumerate(CLASSES[:7])]

    @pytest.fixture
    def queries(self, segments: Sequence[Segment]) -> Sequence[Query]:
        return [Query(text="a red circle"), Query(image=segments[0].picture)]


@pytest.mark.encoders
class TestSound(EncoderContract):
    @pytest.fixture
    def encoder(self, clap: Path) -> Encoder:
        from mmsearch_encoders.sound import SoundEncoder

        return SoundEncoder(str(clap), batch_windows=2)

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        """Of the whole length that it hears, and much shorter."""
        from random import Random

        heard = [play(caption, Random(i), 10 - 2 * i) for i, caption in enumerate(CAPTIONS)]
        heard += [play(CAPTIONS[0], Random(9), 1.0), play(CAPTIONS[1], Random(9), 0.3)]
        return [segment(i, "audio", sound=flac(samples, RATE)) for i, samples in enumerate(heard)]

    @pytest.fixture
    def queries(self, segments: Sequence[Segment]) -> Sequence[Query]:
        return [Query(text="a deep hum"), Query(audio=segments[0].sound)]


@pytest.mark.encoders
class TestTable(EncoderContract):
    @pytest.fixture
    def encoder(self, tapas: Path) -> Encoder:
        from mmsearch_encoders.table import TableEncoder

        return TableEncoder(str(tapas), batch_tokens=200)

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        """From one cell to far more than TAPAS reads."""
        sizes = ((1, 0), (2, 3), (3, 5), (40, 300), (2, 12), (5, 2))
        grids = (
            Table(
                tuple(f"name {c} {columns}" for c in range(columns)),
                tuple(tuple(f"ship {r} {c}" for c in range(columns)) for r in range(rows)),
            )
            for columns, rows in sizes
        )
        return [segment(i, "table", table=grid) for i, grid in enumerate(grids)]

    @pytest.fixture
    def queries(self) -> Sequence[Query]:
        return [Query(text="how many ships in the harbour?")]


@pytest.mark.encoders
class TestTableMappedIntoTheTextSpace(TestTable):
    @pytest.fixture
    def encoder(self, tapas: Path, projection: Path) -> Encoder:
        from mmsearch_encoders.table import TableEncoder

        return TableEncoder(str(tapas), projection=projection)

    def test_it_has_the_dimension_of_the_text_space(self, encoder: Encoder) -> None:
        assert encoder.space.dim == 384
