"""The image space: pictures and words in one space by an open_clip model (Radford et al., ICML 2021)."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import ConfigError, CorruptMedia, ModelError, TooLarge
from mmsearch.once import Once
from mmsearch.types import Embeddings, Query, Segment, Space, Vector, digest
from mmsearch_encoders import clip_zoo
from mmsearch_encoders.batching import Budget, fill, mixed
from mmsearch_encoders.loading import best_device, existing, first_line, known_formats, loading, reporting
from mmsearch_encoders.together import KEPT, Together
from mmsearch_encoders.weights import Source, read_json, require, revision, weights_in

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

CLIP_WEIGHTS = (
    "open_clip_model*.safetensors",
    "open_clip_pytorch_model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "model.safetensors",
    "*.safetensors",
    "pytorch_model.bin",
    "*.bin",
    "*.pth",
    "*.pt",
)
"""The files that open_clip looks for in a folder, the preferred first."""
PREPARING_THREADS = min(8, os.cpu_count() or 1)
QUERY_PIXELS = 64_000_000
"""Of a picture that anybody may ask with, in memory at three bytes each; those of a library are small copies."""
CONFIG_FILE = "open_clip_config.json"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory with what goes before it."""

    model: Any
    """A torch module with open_clip's `encode_image` and `encode_text`."""
    prepare: Callable[["Image"], "Tensor"]
    tokenize: Callable[[list[str]], "Tensor"]
    device: str
    pixels: int
    """Of a picture as the model sees it."""


class ImageEncoder:
    """Pictures by their looks, asked in words or by a picture.

    `model` and `pretrained` are a pair of `open_clip.list_pretrained()`, or `pretrained` is a checkpoint file for
    the architecture `model` (a name, or a JSON file of one's own), or `model` alone is a folder or a hub
    repository with open_clip_config.json and weights. `prompt` is put around a text query where it says `{}`:
    "a photo of {}." suits single nouns, while whole sentences need none. `batch_pixels` bounds the pixels of one batch
    as the model sees them: unless given, sixteen pictures of 224 x 224 on a processor, and 256 on a GPU.
    """

    def __init__(
        self,
        model: str = "ViT-B-32",
        pretrained: str | None = "datacomp_xl_s13b_b90k",
        prompt: str = "{}",
        device: str | None = None,
        batch_pixels: int | None = None,
    ) -> None:
        if "{}" not in prompt:
            raise ConfigError(f'the image prompt "{prompt}" has no {{}} where the query goes')
        self.source, self._config = source_of(model, pretrained)
        self._model_name, self._pretrained = model, pretrained
        self._prompt, self._device = prompt, device
        self._budget = Budget(batch_pixels, processor=16 * 224**2, gpu=256 * 224**2)
        self._loaded = Once(self._load)
        self._words_together = Together(self._encode_words, keeps=KEPT)
        self._pictures_together = Together(self._encode_pictures)

    @cached_property
    def space(self) -> Space:
        place = require(self.source)
        try:
            config = self._config or read_json(place / CONFIG_FILE, {})["model_cfg"]
            dim = int(config["embed_dim"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{place} is no open_clip model: {CONFIG_FILE} is missing or broken") from error
        return Space(
            name="image",
            kind="dense",
            stores=frozenset({"image"}),
            answers=frozenset({"text", "image"}),
            model=self.source.model,
            revision=digest(revision(place), *sorted(map(str, config.items())))[:16],
            dim=dim,
        )

    def windows(self, segment: Segment) -> list[Segment]:
        """The segment if it is a picture."""
        return [segment] if segment.modality == "image" and segment.picture is not None else []

    def encode(self, segments: Sequence[Segment]) -> Embeddings:
        """Pictures are decoded and scaled in threads, a batch ahead of the model."""
        rows: Embeddings = np.zeros((len(segments), self.space.dim), np.float32)
        if not segments:
            return rows
        import torch

        loaded = self._loaded()
        coming: dict[int, Future[Tensor]] = {}
        with ThreadPoolExecutor(PREPARING_THREADS, "preparing") as threads:

            def prepare(batch: list[int]) -> None:
                for i in batch:
                    if i not in coming:
                        coming[i] = threads.submit(self._prepared, segments[i].picture or b"", segments[i].uri)

            def encode(batch: list[int]) -> Embeddings:
                prepare(batch)
                return self._unit(loaded.model.encode_image, torch.stack([coming[i].result() for i in batch]))

            def encode_once(batch: list[int]) -> Embeddings:
                made = mixed(encode, loaded.device)(batch)
                for i in batch:
                    del coming[i]
                return made

            with reporting(f"encoding by {self.source.model}"):
                fill(rows, [loaded.pixels] * len(segments), self._budget, loaded.device, encode_once, prepare)
        return rows

    @property
    def query_batches(self) -> Mapping[int, int]:
        return self._words_together.sizes + self._pictures_together.sizes

    def encode_query(self, query: Query) -> Vector:
        """Together with the queries that other threads ask at the same time."""
        if query.image is not None:
            return self._pictures_together(query.image)
        return self._words_together(query.text)

    def _encode_words(self, texts: Sequence[str]) -> Embeddings:
        loaded = self._loaded()
        tokens = loaded.tokenize([self._prompt.replace("{}", text) for text in texts])
        with reporting(f"encoding by {self.source.model}"):
            return self._unit(partial(encode_text, loaded.model), tokens)

    def _encode_pictures(self, pictures: Sequence[bytes]) -> Embeddings:
        import torch

        prepared = torch.stack([self._prepared(picture, "the picture of the query") for picture in pictures])
        with reporting(f"encoding by {self.source.model}"):
            return self._unit(self._loaded().model.encode_image, prepared)

    def _prepared(self, picture: bytes, name: str) -> "Tensor":
        from PIL import Image

        prepare = self._loaded().prepare
        try:
            with Image.open(BytesIO(picture), formats=known_formats()) as opened:
                if (pixels := opened.width * opened.height) > QUERY_PIXELS:
                    raise TooLarge(f"{name} has {pixels:,} pixels; {QUERY_PIXELS:,} are looked at, make it smaller")
                return prepare(opened.convert("RGB"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise CorruptMedia(f"{name} does not decode as a picture: {first_line(error)}") from error

    def _unit(self, tower: Callable[["Tensor"], "Tensor"], batch: "Tensor") -> Embeddings:
        import torch

        with torch.inference_mode():
            rows = tower(batch.to(self._loaded().device))
            unit: Embeddings = torch.nn.functional.normalize(rows.float(), dim=-1).cpu().numpy()
        return unit

    def _load(self) -> Loaded:
        place = require(self.source)
        with loading(self.source.model, place):
            from open_clip import factory, pretrained, transform

            from mmsearch_encoders.linear import speed_up

            device = best_device(self._device)
            name, options = self._model_name, dict[str, Any]()
            if self._config is None:
                name = f"local-dir:{place}"
            else:
                if name.endswith(".json"):
                    factory.add_model_config(Path(name).expanduser())  # type: ignore[no-untyped-call]  # theirs
                    name = Path(name).stem
                checkpoint = place if place.is_file() else weights_in(place, self.source.weights)
                tag = pretrained.get_pretrained_cfg(name, self._pretrained or "")
                options = {
                    "pretrained": str(checkpoint),
                    "force_preprocess_cfg": tag,
                    "force_quick_gelu": bool(tag.get("quick_gelu")),
                }
            model: Any = factory.create_model(name, device=device, require_pretrained=True, **options).eval()
            speed_up(model, device)
            config = transform.PreprocessCfg(**model.visual.preprocess_cfg)
            prepare = transform.image_transform_v2(config, is_train=False)
            height, width = config.size if isinstance(config.size, tuple | list) else (config.size, config.size)
            return Loaded(model, prepare, factory.get_tokenizer(name), device, height * width)


def encode_text(model: Any, tokens: "Tensor") -> "Tensor":
    """`model.encode_text`, without the padding where the text tower is causal: the same numbers in half the time.

    Nothing after the end-of-text token, the highest number, reaches it through a causal mask, so the columns after
    the last one of the batch are cut off, and the positions and the mask with them.
    """
    from open_clip.model import CLIP
    from open_clip.transformer import text_global_pool

    causal = type(model) is CLIP and model.text_pool_type == "argmax" and model.attn_mask is not None
    if not causal:
        whole: Tensor = model.encode_text(tokens)
        return whole
    length = int(tokens.argmax(dim=-1).max()) + 1
    tokens = tokens[:, :length]
    states: Any = model.token_embedding(tokens) + model.positional_embedding[:length]
    states = model.ln_final(model.transformer(states, attn_mask=model.attn_mask[:length, :length]))
    pooled: Tensor = text_global_pool(states, tokens, model.text_pool_type)
    projection: Any = model.text_projection
    if projection is None:
        return pooled
    projected: Tensor = projection(pooled) if callable(projection) else pooled @ projection
    return projected


def source_of(model: str, pretrained: str | None) -> tuple[Source, dict[str, Any] | None]:
    """Where the model comes from, and its architecture unless that lies beside the weights. Raises ConfigError."""
    folder = existing(model)
    looks_like_folder = model.startswith((".", "/", "~")) and not model.endswith(".json")
    if looks_like_folder or (folder and folder.is_dir()):
        return Source("image", Path(model).name, "open_clip", path=folder or Path(model), weights=CLIP_WEIGHTS), None
    if "/" in model and not model.endswith(".json") and not clip_zoo.known(model):
        return Source("image", model, "open_clip", repo=model.removeprefix("hf-hub:"), weights=CLIP_WEIGHTS), None
    config = clip_zoo.model_config(model)
    name = f"{Path(model).stem if model.endswith('.json') else model} ({Path(pretrained or '').name})"
    if not pretrained:
        raise ConfigError(f"open_clip {model} needs `pretrained`: the name of its weights, or a file")
    if (file := existing(pretrained)) or pretrained.startswith((".", "/", "~")):
        return Source("image", name, "open_clip", path=file or Path(pretrained)), config
    return _zoo_source(name, clip_zoo.place_of(model, pretrained), config), config


def _zoo_source(name: str, place: str, config: dict[str, Any]) -> Source:
    """The source of weights that open_clip knows by name, with the repositories of borrowed towers and tokenizers.

    All of them lie on the hub; the URLs of some are older mirrors.
    """
    repo, _, file = place.rpartition("/")
    borrowed = {config["text_cfg"].get("hf_model_name"), config["text_cfg"].get("hf_tokenizer_name")} - {None, repo}
    weights = (f"{Path(file).stem}.safetensors", file) if file else CLIP_WEIGHTS
    return Source("image", name, "open_clip", repo=repo, weights=weights, also=tuple(sorted(borrowed)))
