"""Every reranker keeps the promises of the protocol."""

from collections.abc import Sequence
from pathlib import Path

import checkpoints
import pytest
from reranker_contract import RerankerContract

from mmsearch.protocols import Reranker
from mmsearch.types import Modality, Segment, Span, Table

pytest.importorskip("torch", reason="the extra encoders is not installed")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("models")
    return checkpoints.save_cross_encoder(home / "published", *checkpoints.make_cross_encoder(home, seed=3))


@pytest.fixture(scope="module")
def resaved(published: Path) -> Path:
    """As sentence-transformers 6 saves."""
    from sentence_transformers import CrossEncoder

    folder = published.with_name("resaved")
    CrossEncoder(str(published), device="cpu", local_files_only=True).save(str(folder))
    assert (folder / "modules.json").is_file()
    return folder


@pytest.mark.encoders
class TestCrossEncoder(RerankerContract):
    @pytest.fixture
    def reranker(self, published: Path) -> Reranker:
        from mmsearch_encoders.rerank import CrossEncoderReranker

        return CrossEncoderReranker(str(published), batch_tokens=100)

    @pytest.fixture
    def segments(self) -> Sequence[Segment]:
        """From one word to far more than the model reads, in every medium."""
        grid = Table(("year", "ships"), tuple((str(1800 + n), str(n)) for n in range(200)))
        said: list[tuple[Modality, str, Table | None]] = [
            ("text", "fog", None),
            ("text", "The keeper lights the lamp at dusk.", None),
            ("text", "The harbour was built in 1871, and rebuilt after the storm of 1902. " * 40, None),
            ("table", "", grid),
            ("audio", "and then the wind came from the north", None),
            ("image", "A map of the old town", None),
            ("image", "", None),
        ]
        return [
            Segment(str(number), "d", "/d", modality, Span(), text=text, table=table)
            for number, (modality, text, table) in enumerate(said)
        ]


@pytest.mark.encoders
class TestCrossEncoderSavedAnew(TestCrossEncoder):
    @pytest.fixture
    def reranker(self, resaved: Path) -> Reranker:
        from mmsearch_encoders.rerank import CrossEncoderReranker

        return CrossEncoderReranker(str(resaved))
