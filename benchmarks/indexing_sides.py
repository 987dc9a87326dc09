"""The sides that indexing is compared with: the plain way to a vector database, and the models alone."""

import shutil
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from mmsearch.client import Client
from mmsearch.parts import readers_of
from mmsearch.serialisation import for_encoder
from mmsearch.settings import read_settings
from mmsearch.sources import find_documents, reader_of
from mmsearch.stores.lite import Lite
from mmsearch.types import Document, Embeddings, Root
from mmsearch_encoders.batching import batches_by_size, fill
from mmsearch_encoders.image import ImageEncoder
from mmsearch_encoders.text import TextEncoder, chosen

Side = Callable[..., object]

OFF = {"part": ""}
TEXT: Mapping[str, Any] = {"spaces": {"image": OFF, "table": OFF}, "recognizer": OFF, "ocr": OFF}
PICTURE_BATCH = 16
INSERTED = 10_000
"""Rows in one call: a server takes 64 MiB."""
PLAIN, ALONE, OUR_ENCODER = "the plain way", "the model alone", "our encoder alone"


class TextSides:
    """The same passages on several ways. The models are in memory before any of them starts."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        self._corpus, self._folder = corpus, folder
        self._encoder = TextEncoder()
        readers = readers_of(read_settings(**TEXT))
        documents = [place for place in find_documents(Root.at(corpus), readers) if isinstance(place, Document)]
        segments = [segment for document in documents for segment in reader_of(document, readers).read(document)]
        windows = [window for segment in segments for window in self._encoder.windows(segment)]
        self.texts = {window.id: for_encoder(window) for window in windows}
        self.model, self.documents = self._encoder.facts.folder, len(documents)
        self._theirs: Any = SentenceTransformer(str(self.model), device="cpu", local_files_only=True)
        self._tokens: Any = self._encoder._model().preprocess(list(self.texts.values()))
        self._plain: Embeddings = np.zeros((0, 0), np.float32)

    def all(self) -> dict[str, Side]:
        return {"ours": self.ours, PLAIN: self.plain, ALONE: self.alone, OUR_ENCODER: self.our_encoder}

    def ours(self, **settings: Any) -> None:
        """Files to a library that can be searched by words and by meaning."""
        library = self._folder / "library"
        shutil.rmtree(library, ignore_errors=True)
        with Client(library, **TEXT, **settings) as client:
            assert client.index(self._corpus).indexed == self.documents

    def plain(self) -> None:
        """sentence-transformers with its defaults, then one insert by pymilvus."""
        from pymilvus import MilvusClient

        file = self._folder / "plain.db"
        file.unlink(missing_ok=True)
        self._plain = self._theirs.encode(list(self.texts.values()), normalize_embeddings=True)
        lite = Lite(file)
        client: Any = MilvusClient(lite.uri)
        client.create_collection("plain", dimension=self._encoder.space.dim, id_type="string", max_length=64)
        rows = [
            {"id": id, "vector": row, "text": text}
            for (id, text), row in zip(self.texts.items(), self._plain, strict=True)
        ]
        for start in range(0, len(rows), INSERTED):
            client.insert("plain", rows[start : start + INSERTED])
        client.close()
        lite.stop()

    def alone(self) -> None:
        """The model as its library makes it, on batches of like lengths that were tokenised before."""
        import torch

        sizes = self._tokens["attention_mask"].sum(dim=1).tolist()
        with torch.inference_mode():
            for batch in batches_by_size(sizes, range(len(sizes)), 4096):
                self._theirs(chosen(self._tokens, batch, "cpu"))

    def our_encoder(self) -> None:
        """Our encoder on what was tokenised before."""
        self._encoder._rows(self._tokens)

    def least_cosine(self) -> float:
        """Between what the library holds of the last run and what the plain way made."""
        with Client(self._folder / "library", create=False, **TEXT) as client:
            app = client.app
            held = app.store.vectors(app.searcher.spaces["text"].collection, list(self.texts))
        ours = np.stack([held[id] for id in self.texts])
        return float(np.min(np.sum(ours * self._plain, axis=1)))


class PictureSides:
    """The same pictures on two ways: files to library, and tensors through the model."""

    def __init__(self, pictures: Path, folder: Path) -> None:
        self._pictures, self._folder = pictures, folder
        checkpoint = save_vit(folder / "vit.safetensors")
        image = {"part": "mmsearch_encoders.image:ImageEncoder", "model": "ViT-B-32", "pretrained": str(checkpoint)}
        self.settings: Mapping[str, Any] = {
            "spaces": {"text": OFF, "table": OFF, "image": image},
            "recognizer": OFF,
            "ocr": OFF,
        }
        self._encoder = ImageEncoder("ViT-B-32", str(checkpoint))
        files = sorted(pictures.iterdir())
        self._theirs = their_vit(checkpoint)
        self._tensors = [self._encoder._prepared(file.read_bytes(), file.name) for file in files]

    def all(self) -> dict[str, Side]:
        return {"ours": self.ours, ALONE: self.alone, OUR_ENCODER: self.our_encoder}

    def ours(self) -> None:
        """Files to a library; the model is in memory before, as it is in that of the other sides."""
        library = self._folder / "library"
        shutil.rmtree(library, ignore_errors=True)
        with Client(library, **self.settings) as client:
            client.app.encoders["image"] = self._encoder
            assert client.index(self._pictures).indexed == len(self._tensors)

    def alone(self) -> None:
        """The model as its library makes it, on tensors."""
        self._through(self._theirs)

    def our_encoder(self) -> None:
        """Our encoder on tensors, a batch a core as when it indexes."""
        encoder = self._encoder
        rows = np.zeros((len(self._tensors), encoder.space.dim), np.float32)
        sizes = [encoder._loaded().pixels] * len(rows)
        fill(rows, sizes, encoder._budget, "cpu", self._unit)

    def _unit(self, batch: list[int]) -> Embeddings:
        import torch

        return self._encoder._unit(
            self._encoder._loaded().model.encode_image, torch.stack([self._tensors[i] for i in batch])
        )

    def _through(self, model: Any) -> None:
        import torch

        with torch.inference_mode():
            for start in range(0, len(self._tensors), PICTURE_BATCH):
                model.encode_image(torch.stack(self._tensors[start : start + PICTURE_BATCH]))


def save_vit(file: Path) -> Path:
    """ViT-B-32 with random weights, as open_clip saves it."""
    import torch
    from open_clip import factory
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model: Any = factory.create_model("ViT-B-32")
    save_file(model.state_dict(), file)
    return file


def their_vit(checkpoint: Path) -> Any:
    """The same model as open_clip makes it."""
    from open_clip import factory

    return factory.create_model("ViT-B-32", pretrained=str(checkpoint)).eval()


def draw_pictures(folder: Path, count: int) -> Path:
    """JPEGs of 1024 x 768: coloured noise with discs, which compress like photographs."""
    folder.mkdir(parents=True)
    drawn = np.random.default_rng(7)
    for number in range(count):
        small = drawn.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        picture = Image.fromarray(small).resize((1024, 768), Image.Resampling.BICUBIC)
        pen = ImageDraw.Draw(picture)
        for _ in range(12):
            x, y, radius = (int(value) for value in drawn.integers(20, 700, 3))
            colour = tuple(int(value) for value in drawn.integers(0, 255, 3))
            pen.ellipse((x, y, x + radius // 3, y + radius // 3), fill=colour)
        picture.save(folder / f"{number:05}.jpg", quality=88)
    return folder


def write_corpus(source: Path, folder: Path, documents: int) -> Path:
    """A retrieval set of the first documents of a corpus."""
    folder.mkdir(parents=True)
    (folder / "queries.jsonl").write_text("")
    with source.open(encoding="utf-8") as lines:
        (folder / "corpus.jsonl").write_text("".join(islice(lines, documents)), encoding="utf-8")
    return folder
