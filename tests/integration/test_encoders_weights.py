"""Weights: looked up, pulled from a hub, checked; and what is said when they are missing, partial or broken."""

import json
import shutil
import time
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from hub import COMMIT, serving
from offline import no_network

from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch_encoders import catalogue, fetching, weights
from mmsearch_encoders.fetching import wanted
from mmsearch_encoders.image import CLIP_WEIGHTS, ImageEncoder
from mmsearch_encoders.rerank import CrossEncoderReranker
from mmsearch_encoders.sound import SoundEncoder
from mmsearch_encoders.speech import WhisperRecognizer
from mmsearch_encoders.table import TableEncoder
from mmsearch_encoders.text import TextEncoder
from mmsearch_encoders.weights import TRANSFORMERS_WEIGHTS, Source, find, revision, weights_in

pytestmark = pytest.mark.encoders
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_sentence_encoder(tmp_path_factory.mktemp("weights") / "model")


def set_hub(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """As HF_ENDPOINT does when the client is imported."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)
    template = url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the hub, and a client that may use the network."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_PROGRESS_BARS", True)
    set_hub(monkeypatch, NOWHERE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "hub"


def test_pulled_from_a_hub_a_model_works_without_it(
    saved: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = shutil.copytree(saved, tmp_path / "published")
    for unneeded in ("pytorch_model.bin", "onnx/model.onnx", "training_args.bin", "tf_model.h5", ".gitattributes"):
        (published / unneeded).parent.mkdir(exist_ok=True)
        (published / unneeded).write_bytes(b"not needed")
    encoder = TextEncoder("town/sentences")
    with pytest.raises(ModelUnavailable):
        _ = encoder.space
    with serving("town/sentences", published) as (url, downloaded):
        set_hub(monkeypatch, url)
        folder = fetching.pull(encoder.source)
        assert folder.name == COMMIT
        assert downloaded[-2:] == ["2_Dense/model.safetensors", "model.safetensors"], "the weights come last"
        assert not {"pytorch_model.bin", "onnx/model.onnx", "training_args.bin", "tf_model.h5"} & set(downloaded)
        before = len(downloaded)
        assert fetching.pull(encoder.source) == folder
        assert len(downloaded) == before, "what is here is not asked for again"
    with no_network():
        assert encoder.space.dim == 24
        vectors = encoder.encode_texts(["old harbour"])
    np.testing.assert_allclose(vectors, TextEncoder(str(saved)).encode_texts(["old harbour"]), atol=1e-6)
    assert fetching.verify(encoder.source).broken == ()


def test_a_fixed_revision_is_got_and_found(
    saved: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(weights.COMMITS, "town/sentences", COMMIT)
    source = TextEncoder("town/sentences").source
    with serving("town/sentences", saved) as (url, _):
        set_hub(monkeypatch, url)
        folder = fetching.pull(source)
    assert (folder.name, find(source)) == (COMMIT, folder)
    assert not (folder.parents[1] / "refs" / "main").exists(), "no other was asked for"
    elsewhere = checkpoints.as_hub_cache(tmp_path / "elsewhere", "town/sentences", saved)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "elsewhere"))
    assert find(source) == elsewhere, "what another machine's cache has for its main one does"


def test_a_repository_without_weights_that_are_read_says_so(
    saved: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = shutil.copytree(saved, tmp_path / "published")
    (published / "model.safetensors").rename(published / "pytorch_model.bin")
    shutil.rmtree(published / "2_Dense")
    with serving("town/reranker", published) as (url, downloaded):
        set_hub(monkeypatch, url)
        with pytest.raises(ModelUnavailable, match=r"town/reranker publishes no model\*\.safetensors"):
            fetching.pull(CrossEncoderReranker("town/reranker").source)
    assert downloaded == []


@pytest.mark.parametrize("role", ["image", "table", "speech", "sound", "reranker"])
def test_without_a_network_pulling_fails_at_once_and_says_from_where(
    role: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {
        part.source.role: part.source
        for part in (ImageEncoder(), TableEncoder(), SoundEncoder(), CrossEncoderReranker())
    }
    start = time.monotonic()
    monkeypatch.setattr("mmsearch_encoders.speech.official", lambda: {"base": f"{NOWHERE}/{'0' * 64}/base.pt"})
    source = WhisperRecognizer().source if role == "speech" else sources[role]
    with pytest.raises(ModelUnavailable, match=r"could not be got from http://127\.0\.0\.1:9.*network"):
        fetching.pull(source)
    assert time.monotonic() - start < 10, "importing httpx included"


def test_a_repository_that_is_not_there_is_named(saved: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving("town/sentences", saved) as (url, _):
        set_hub(monkeypatch, url)
        with pytest.raises(ModelUnavailable, match="it answers 404 for town/other"):
            fetching.pull(TextEncoder("town/other").source)


def test_an_interrupted_pull_is_not_taken_for_a_model(saved: Path, cache: Path) -> None:
    snapshot = checkpoints.as_hub_cache(cache, "town/sentences", saved)
    source = TextEncoder("town/sentences").source
    assert find(source) == snapshot
    (snapshot / "model.safetensors").unlink()
    assert find(source) is None
    (snapshot / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}})
    )
    (snapshot / "model-1-of-2.safetensors").write_bytes(b"")
    assert find(source) is None
    (snapshot / "model-2-of-2.safetensors").write_bytes(b"")
    assert find(source) == snapshot


def test_a_tokenizer_from_another_repository_is_needed_too(saved: Path, cache: Path) -> None:
    checkpoints.as_hub_cache(cache, "town/sentences", saved)
    source = Source("image", "x", "open_clip", repo="town/sentences", also=("town/tokenizer",))
    assert find(source) is None
    checkpoints.as_hub_cache(cache, "town/tokenizer", saved)
    assert find(source) is not None


def test_one_changed_byte_in_the_cache_is_found_and_the_file_named(saved: Path, cache: Path) -> None:
    snapshot = checkpoints.as_hub_cache(cache, "town/sentences", saved)
    source = TextEncoder("town/sentences").source
    assert fetching.verify(source).broken == ()
    for name in ("model.safetensors", "config.json"):
        blob = (snapshot / name).resolve()
        content = bytearray(blob.read_bytes())
        content[len(content) // 2] ^= 1
        blob.write_bytes(content)
        (problem,) = fetching.verify(source).broken
        assert name in problem
        assert f"delete {blob} and pull again" in problem
        content[len(content) // 2] ^= 1
        blob.write_bytes(content)


def test_files_that_are_cut_off_in_a_folder_are_found(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "model")
    assert fetching.verify(TextEncoder(str(folder)).source).broken == ()
    (folder / "config.json").write_text("{")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    broken = fetching.verify(TextEncoder(str(folder)).source).broken
    assert [problem.split(" ")[0] for problem in broken] == [str(folder / "config.json"), str(weights)]


def test_a_checkpoint_of_torch_is_checked_by_its_checksums(tmp_path: Path) -> None:
    file = checkpoints.save_whisper(tmp_path / "tiny.pt")
    source = WhisperRecognizer(str(file)).source
    assert fetching.verify(source).broken == ()
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert "is damaged at" in fetching.verify(source).broken[0]
    file.write_bytes(content[:1000])
    assert "is cut off" in fetching.verify(source).broken[0]


def test_a_download_of_whisper_is_checked_by_the_hash_in_its_address(cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "whisper" / "base.pt"
    checkpoints.save_whisper(file)
    (problem,) = fetching.verify(WhisperRecognizer("base").source).broken
    assert problem == f"{file} is cut off or changed; delete it and pull again"


def test_what_is_packaged_is_whole_and_listed_first_with_the_rest_of_what_is_set(cache: Path) -> None:
    parts = (TextEncoder(), ImageEncoder(), TableEncoder(), SoundEncoder(), WhisperRecognizer(), CrossEncoderReranker())
    configured, roles = [part.source for part in parts], ("text", "image", "table", "sound", "speech", "reranker")
    listed = catalogue.list_models(configured)
    assert [(m.role, m.set) for m in listed[:6]] == [(role, True) for role in roles]
    assert [m.path is not None for m in listed[:6]] == [True, False, False, False, False, False]
    assert all(m.fact and m.fact.default for m in listed[:6])
    assert not any(m.set for m in listed[6:])
    assert len(listed) == len(catalogue.CATALOGUE)
    assert catalogue.verify("text", configured).broken == ()
    with pytest.raises(
        ConfigError,
        match='no model is called "nothing"; there are text, image, table, table-reader, speech, sound, reranker',
    ):
        catalogue.pull("nothing", configured)


def test_dimensions_of_the_catalogue_are_those_of_the_architectures() -> None:
    from mmsearch_encoders.clip_zoo import model_config

    for fact in catalogue.CATALOGUE:
        if fact.role == "image":
            assert fact.dim == model_config(fact.options["model"])["embed_dim"]
    assert TextEncoder().space.dim == catalogue.CATALOGUE[0].dim


@pytest.mark.parametrize(
    ("names", "weights", "chosen"),
    [
        ("config.json model.safetensors pytorch_model.bin", TRANSFORMERS_WEIGHTS, "model.safetensors"),
        ("config.json vocab.txt pytorch_model.bin tf_model.h5", TRANSFORMERS_WEIGHTS, "pytorch_model.bin"),
        (
            "model-1-of-2.safetensors model-2-of-2.safetensors model.safetensors.index.json",
            TRANSFORMERS_WEIGHTS,
            "model-1-of-2.safetensors model-2-of-2.safetensors",
        ),
        (
            "open_clip_pytorch_model.bin open_clip_model.safetensors model.safetensors pytorch_model.bin",
            CLIP_WEIGHTS,
            "open_clip_model.safetensors",
        ),
        (
            "2_Dense/pytorch_model.bin model.safetensors",
            TRANSFORMERS_WEIGHTS,
            "2_Dense/pytorch_model.bin model.safetensors",
        ),
        ("0_StaticEmbedding/model.safetensors", TRANSFORMERS_WEIGHTS, "0_StaticEmbedding/model.safetensors"),
    ],
)
def test_of_a_repository_one_set_of_weights_is_chosen(names: str, weights: tuple[str, ...], chosen: str) -> None:
    large = [name for name in wanted(names.split(), weights) if not name.endswith((".json", ".txt"))]
    assert large == chosen.split()


def test_weights_of_a_module_do_not_stand_for_those_of_the_model(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved, tmp_path / "model")
    assert weights_in(folder) == folder / "model.safetensors"
    (folder / "model.safetensors").unlink()
    assert weights_in(folder) is None


def test_a_revision_is_the_hubs_commit_or_a_digest_of_the_files(saved: Path, cache: Path, tmp_path: Path) -> None:
    snapshot = checkpoints.as_hub_cache(cache, "town/sentences", saved, commit="c0ffee" + "0" * 34)
    assert revision(snapshot) == "c0ffee0000000000"
    copy = shutil.copytree(saved, tmp_path / "copy")
    assert revision(copy) == revision(saved)
    (copy / "README.md").write_text("what a person reads does not change the numbers")
    assert revision(copy) == revision(saved)
    (copy / "2_Dense" / "config.json").write_text("{}")
    assert revision(copy) != revision(saved)
