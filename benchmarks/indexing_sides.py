"""The sides that indexing is compared with: the plain way to a vector database, and the models alone."""

import shutil
from collections.abc import Callable, Mapping
from functools import partial
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
from mmsearch_encoders.batching import batches_by_size
from mmsearch_encoders.image import ImageEncoder
from mmsearch_encoders.text import TextEncoder

Side = Callable[[], object]

OFF = {"part": ""}
TEXT: Mapping[str, Any] = {"spaces": {"image": OFF, "table": OFF}, "recognizer": OFF, "ocr": OFF}
PICTURE_BATCH = 16


class TextSides:
    """The same passages on three ways. The model is in memory before any of them starts."""

    def __init__(self, corpus: Path, folder: Path) -> None:
        self._corpus, self._folder = corpus, folder
        self._encoder = TextEncoder()
        settings = read_settings(**TEXT)
        readers = readers_of(settings)
        documents = [place for place in find_documents(Root.at(corpus), readers) if isinstance(place, Document)]
        segments = [segment for document in documents for segment in reader_of(document, readers).read(document)]
        windows = [window for segment in segments for window in self._encoder.windows(segment)]
        self._texts = {window.id: for_encoder(window) for window in windows}
        self.documents, self.passages = len(documents), len(windows)
        self._model: Any = self._encoder._model()
        self._tokens = [self._model.tokenize([text]) for text in self._texts.values()]
        self._plain: Embeddings = np.zeros((0, 0), np.float32)

    def all(self) -> Mapping[str, Side]:
        return {"ours": self.ours, "plain": self.plain, "alone": self.alone}

    def ours(self) -> None:
        """Files to a library that can be searched by words and by meaning."""
        library = self._folder / "library"
        shutil.rmtree(library, ignore_errors=True)
        with Client(library, **TEXT) as client:
            assert client.index(self._corpus).indexed == self.documents

    def plain(self) -> None:
        """sentence-transformers with its defaults, then one insert by pymilvus."""
        from pymilvus import MilvusClient

        file = self._folder / "plain.db"
        file.unlink(missing_ok=True)
        lite = Lite(file)
        client: Any = MilvusClient(lite.uri)
        client.create_collection("plain", dimension=self._encoder.space.dim, id_type="string", max_length=64)
        texts = list(self._texts.values())
        self._plain = self._model.encode(texts, normalize_embeddings=True)
        rows = [
            {"id": id, "vector": row, "text": text}
            for (id, text), row in zip(self._texts.items(), self._plain, strict=True)
        ]
        client.insert("plain", rows)
        client.close()
        lite.stop()

    def alone(self) -> None:
        """The model on batches that were tokenised before."""
        import torch

        sizes = [tokens["input_ids"].shape[1] for tokens in self._tokens]
        with torch.inference_mode():
            for batch in batches_by_size(sizes, range(len(sizes)), 4096):
                longest = sizes[batch[0]]
                padded = {
                    name: torch.cat(
                        [torch.nn.functional.pad(self._tokens[i][name], (0, longest - sizes[i])) for i in batch]
                    )
                    for name in ("input_ids", "attention_mask")
                }
                self._model(padded)

    def least_cosine(self) -> float:
        """Between what the library holds of the last run and what the plain way made."""
        with Client(self._folder / "library", create=False, **TEXT) as client:
            app = client.app
            held = app.store.vectors(app.searcher.spaces["text"].collection, list(self._texts))
        ours = np.stack([held[id] for id in self._texts])
        return float(np.min(np.sum(ours * self._plain, axis=1)))


class PictureSides:
    """The same pictures on two ways: files to library, and tensors through the model."""

    def __init__(self, pictures: Path, folder: Path) -> None:
        self._pictures, self._folder = pictures, folder
        checkpoint = save_vit(folder / "vit.safetensors")
        image = {"part": "mmsearch_encoders.image:ImageEncoder", "model": "ViT-B-32", "pretrained": str(checkpoint)}
        self._settings: Mapping[str, Any] = {
            "spaces": {"text": OFF, "table": OFF, "image": image},
            "recognizer": OFF,
            "ocr": OFF,
        }
        self._encoder = ImageEncoder("ViT-B-32", str(checkpoint))
        files = sorted(pictures.iterdir())
        self._tensors = [self._encoder._prepared(file.read_bytes(), file.name) for file in files]

    def all(self) -> Mapping[str, Side]:
        return {"ours": self.ours, "alone": self.alone}

    def ours(self) -> None:
        """Files to a library; the model is in memory before, as it is in that of the other side."""
        library = self._folder / "library"
        shutil.rmtree(library, ignore_errors=True)
        with Client(library, **self._settings) as client:
            client.app.encoders["image"] = self._encoder
            assert client.index(self._pictures).indexed == len(self._tensors)

    def alone(self) -> None:
        import torch

        model = self._encoder._loaded().model
        batches = iter(partial(self._batch, iter(self._tensors)), [])
        with torch.inference_mode():
            for batch in batches:
                model.encode_image(torch.stack(batch))

    @staticmethod
    def _batch(tensors: Any) -> list[Any]:
        return list(islice(tensors, PICTURE_BATCH))


def save_vit(file: Path) -> Path:
    """ViT-B-32 with random weights, as open_clip saves it."""
    import torch
    from open_clip import factory
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model: Any = factory.create_model("ViT-B-32")
    save_file(model.state_dict(), file)
    return file


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
