"""The image encoder on open_clip's formats, and the whole way from words to pictures on weights that were learned."""

import time
from pathlib import Path
from random import Random
from typing import Any

import checkpoints
import numpy as np
import pytest
from drawings import CLASSES, draw, png, train
from offline import no_network

from mmsearch.errors import ConfigError, CorruptMedia, ModelError, ModelUnavailable
from mmsearch.types import Query, Segment, Span
from mmsearch_encoders import clip_zoo
from mmsearch_encoders.image import ImageEncoder, encode_text

pytestmark = pytest.mark.encoders


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_clip_folder(tmp_path_factory.mktemp("clip") / "tiny", checkpoints.make_clip())


def picture(caption: str, seed: int) -> Segment:
    return Segment(f"{caption} {seed}", "d", "/d.png", "image", Span(), picture=png(draw(caption, Random(seed))))


@pytest.mark.slow
def test_words_find_held_out_pictures_by_a_model_that_was_trained_on_others(tmp_path: Path) -> None:
    """16 captions; 4 pictures of each that it has not seen. By chance the first hit is right for 1 in 16."""
    saved = checkpoints.save_clip_folder(tmp_path / "trained", train())
    encoder = ImageEncoder(str(saved))
    held_out = [picture(caption, seed) for caption in CLASSES for seed in range(1000, 1004)]
    rows = encoder.encode(held_out)
    best = [held_out[int((rows @ encoder.encode_query(Query(text=c))).argmax())].id for c in CLASSES]
    right = [found.startswith(caption) for found, caption in zip(best, CLASSES, strict=True)]
    assert np.mean(right) >= 0.7, dict(zip(CLASSES, best, strict=True))
    like = encoder.encode_query(Query(image=picture("a red cross", 5).picture))
    assert held_out[int((rows @ like).argmax())].id.startswith("a red")


def test_vectors_are_those_of_the_model(folder: Path) -> None:
    import torch
    from open_clip.tokenizer import SimpleTokenizer

    model = checkpoints.make_clip()
    with torch.inference_mode():
        tokens = SimpleTokenizer(context_length=24)(["a photo of a blue ship."])
        reference = model.encode_text(tokens, normalize=True)[0].numpy()
    encoder = ImageEncoder(str(folder), prompt="a photo of {}.")
    np.testing.assert_allclose(encoder.encode_query(Query(text="a blue ship")), reference, atol=1e-5)


@pytest.mark.parametrize("texts", [["a"], ["a blue ship", "x", "a very long sentence about nothing " * 20]])
def test_the_text_tower_without_padding_gives_the_same_numbers(texts: list[str]) -> None:
    import torch
    from open_clip.tokenizer import SimpleTokenizer

    model, tokens = checkpoints.make_clip(), SimpleTokenizer(context_length=24)(texts)
    with torch.inference_mode():
        np.testing.assert_allclose(encode_text(model, tokens), model.encode_text(tokens), atol=1e-5)


def test_a_text_tower_that_is_not_causal_is_left_whole() -> None:
    import torch
    from open_clip.tokenizer import SimpleTokenizer

    model = checkpoints.make_clip(no_causal_mask=True)
    tokens = SimpleTokenizer(context_length=24)(["a ship"])
    with torch.inference_mode():
        np.testing.assert_allclose(encode_text(model, tokens), model.encode_text(tokens), atol=1e-6)


def test_a_training_checkpoint_for_an_architecture_of_ones_own(folder: Path, tmp_path: Path) -> None:
    architecture, weights = checkpoints.save_clip_file(tmp_path, checkpoints.make_clip())
    encoder = ImageEncoder(str(architecture), str(weights))
    assert encoder.space.dim == 32
    same = ImageEncoder(str(folder)).encode_query(Query(text="a blue ship"))
    np.testing.assert_allclose(encoder.encode_query(Query(text="a blue ship")), same, atol=1e-6)


def test_a_repository_is_found_in_the_cache_of_the_hub(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    checkpoints.as_hub_cache(tmp_path, "town/clip", folder)
    with no_network():
        encoder = ImageEncoder("town/clip")
        rows = encoder.encode([picture("a red circle", 1)])
    np.testing.assert_allclose(rows, ImageEncoder(str(folder)).encode([picture("a red circle", 1)]), atol=1e-6)


@pytest.mark.slow
def test_a_pair_that_open_clip_lists_is_found_in_the_cache_of_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real architecture and names of the default; random weights, in half precision to write less."""
    import torch
    from open_clip import factory
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model: Any = factory.create_model("ViT-B-32").half()
    (tmp_path / "files").mkdir()
    save_file(model.state_dict(), tmp_path / "files" / "open_clip_model.safetensors")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    checkpoints.as_hub_cache(tmp_path / "hub", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", tmp_path / "files")
    with no_network():
        encoder = ImageEncoder("ViT-B-32", "datacomp_xl_s13b_b90k")
        assert encoder.space.dim == 512
        rows = encoder.encode([picture("a red circle", 1), picture("a blue cross", 2)])
    with torch.inference_mode():
        prepare = factory.create_model_and_transforms("ViT-B-32", load_weights=False)[2]  # OpenAI's mean and deviation
        shown = prepare(draw("a red circle", Random(1)))[None]
        reference = model.float().eval().encode_image(shown, normalize=True)[0].numpy()
    np.testing.assert_allclose(rows[0], reference, atol=1e-4)


def test_what_open_clip_lists_is_read_without_importing_it() -> None:
    from open_clip import pretrained

    listed = {
        model: {tag: pretrained.get_pretrained_cfg(model, tag)["hf_hub"] for tag in tags}
        for model, tags in pretrained._PRETRAINED.items()
    }
    assert clip_zoo.pretrained() == listed
    assert clip_zoo.place_of("ViT-B/32", "datacomp-XL-s13b-b90k") == "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K/"


def test_weights_that_are_not_here_are_refused_at_once_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    encoder, start = ImageEncoder(), time.monotonic()
    sentence = r'open_clip ViT-B-32 \(datacomp_xl_s13b_b90k\) is not in the cache .* "mmsearch models pull image"'
    with no_network():
        for use in (lambda: encoder.space, lambda: encoder.encode_query(Query(text="x"))):
            with pytest.raises(ModelUnavailable, match=sentence):
                use()
    assert time.monotonic() - start < 5


def test_names_that_open_clip_does_not_know_are_refused_with_those_it_does() -> None:
    with pytest.raises(ConfigError, match=r'no weights "nonsense".*datacomp_xl_s13b_b90k'):
        ImageEncoder("ViT-B-32", "nonsense")
    with pytest.raises(ConfigError, match='knows no model "ViT-Z"'):
        ImageEncoder("ViT-Z")
    with pytest.raises(ConfigError, match="where the query goes"):
        ImageEncoder(prompt="a photo")


def test_a_picture_that_does_not_decode_is_named(folder: Path) -> None:
    whole = picture("a red circle", 1)
    cut = Segment("1", "d", "/photos/cut.png", "image", Span(), picture=(whole.picture or b"")[:100])
    with pytest.raises(CorruptMedia, match=r"/photos/cut\.png does not decode"):
        ImageEncoder(str(folder)).encode([whole, cut])
    with pytest.raises(CorruptMedia, match="the picture of the query"):
        ImageEncoder(str(folder)).encode_query(Query(image=b"no picture"))


def test_weights_of_another_architecture_are_refused(folder: Path, tmp_path: Path) -> None:
    architecture, weights = checkpoints.save_clip_file(tmp_path, checkpoints.make_clip())
    architecture.write_text(architecture.read_text().replace('"embed_dim": 32', '"embed_dim": 48'))
    with pytest.raises(ModelError, match=r"loading tiny \(epoch_1.pt\)"):
        ImageEncoder(str(architecture), str(weights)).encode_query(Query(text="x"))
