"""Tiny models with random weights, saved in the formats in which their projects publish real ones."""

import json
from pathlib import Path
from typing import Any

CLIP_CONFIG: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
CLIP_PREPROCESS: dict[str, Any] = {
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
    "interpolation": "bicubic",
    "resize_mode": "squash",
}


def make_clip(seed: int = 0, **changes: Any) -> Any:
    """A tiny open_clip model in memory; `changes` are laid over its text configuration."""
    import torch
    from open_clip.model import CLIP

    torch.manual_seed(seed)
    config = {**CLIP_CONFIG, "text_cfg": {**CLIP_CONFIG["text_cfg"], **changes}}
    return CLIP(**config).eval()


def save_clip_folder(folder: Path, model: Any) -> Path:
    """The folder that open_clip pushes to the hub: open_clip_config.json and open_clip_model.safetensors."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": CLIP_CONFIG, "preprocess_cfg": CLIP_PREPROCESS}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "open_clip_model.safetensors")
    return folder


def save_clip_file(folder: Path, model: Any) -> tuple[Path, Path]:
    """(architecture, weights): a JSON configuration, and a training checkpoint as open_clip's trainer writes it."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.json").write_text(json.dumps(CLIP_CONFIG))
    torch.save({"epoch": 1, "name": "tiny", "state_dict": model.state_dict()}, folder / "epoch_1.pt")
    return folder / "tiny.json", folder / "epoch_1.pt"


WORDS = """
who what where when how many is the a of in and harbour lighthouse town storm ship year name height people
festival museum wind rain sun north south east west old new red blue green keeper built population
"""


def save_vocabulary(folder: Path) -> Path:
    """A WordPiece vocabulary of a few words, all letters and digits, as BERT's and TAPAS' tokenizers read it."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)] + [str(d) for d in range(10)] + list(".,|?!;:-'")
    pieces = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        "[EMPTY]",
        *WORDS.split(),
        *letters,
        *(f"##{c}" for c in letters),
    ]
    file = folder / "vocab.txt"
    file.write_text("\n".join(dict.fromkeys(pieces)) + "\n")
    return file


def save_tapas(folder: Path, seed: int = 0) -> Path:
    """A tiny TAPAS for question answering with its tokenizer, as transformers saves them."""
    import torch
    from transformers import TapasConfig, TapasForQuestionAnswering, TapasTokenizer

    torch.manual_seed(seed)
    tokenizer = TapasTokenizer(str(save_vocabulary(folder)), cell_trim_length=-1)
    config = TapasConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        num_aggregation_labels=4,
        reset_position_index_per_cell=True,
    )
    TapasForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_sentence_encoder(
    folder: Path, prompts: dict[str, str] | None = None, out_features: int = 24, pooling: Any = "mean"
) -> Path:
    """A tiny sentence-transformers model: BERT, pooling, a Dense layer unless 0 wide, normalisation, and prompts."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    inner = folder.with_name(f"{folder.name}-bert")
    tokenizer = BertTokenizer(str(save_vocabulary(inner)), model_max_length=64)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(inner)
    tokenizer.save_pretrained(inner)
    transformer = modules.Transformer(str(inner), max_seq_length=48)
    dense = [modules.Dense(32, out_features)] if out_features else []
    layers = [transformer, modules.Pooling(32, pooling), *dense, modules.Normalize()]
    SentenceTransformer(modules=layers, prompts=prompts, device="cpu").save(str(folder))
    return folder


def make_cross_encoder(folder: Path, seed: int = 0, labels: int = 1) -> tuple[Any, Any]:
    """(model, tokenizer) of a tiny BERT that sorts pairs into so many labels; one label is a score.

    Its weights are large for random ones: no two pairs score alike, and it learns in seconds.
    """
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(seed)
    tokenizer = BertTokenizer(str(save_vocabulary(folder)), model_max_length=64)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    config.num_labels = labels
    model: Any = BertForSequenceClassification(config)
    return model.eval(), tokenizer


def save_cross_encoder(folder: Path, model: Any, tokenizer: Any, activation: str = "linear.Identity") -> Path:
    """The folder as cross-encoder/ms-marco-MiniLM-L6-v2 is published: transformers' files, the activation in one."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    config["sentence_transformers"] = {"activation_fn": f"torch.nn.modules.{activation}", "version": "4.0.1"}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def make_question_answerer(folder: Path, seed: int = 0) -> tuple[Any, Any]:
    """(model, tokenizer) of a tiny BERT that points at answers; it learns in seconds."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering, BertTokenizer

    torch.manual_seed(seed)
    tokenizer: Any = BertTokenizer(str(save_vocabulary(folder)), model_max_length=64)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.3,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    model: Any = BertForQuestionAnswering(config)
    return model.eval(), tokenizer


def save_question_answerer(folder: Path, model: Any, tokenizer: Any) -> Path:
    """The folder as deepset/tinyroberta-squad2 is published: transformers' files."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_clap(seed: int = 0) -> tuple[Any, Any]:
    """(model, processor) of a tiny CLAP: HTSAT over a spectrogram of ten seconds, RoBERTa, letters as tokens."""
    import torch
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapProcessor,
        ClapTextConfig,
        RobertaTokenizer,
    )

    torch.manual_seed(seed)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    tokenizer = RobertaTokenizer({piece: number for number, piece in enumerate(pieces)}, [], model_max_length=64)
    text = ClapTextConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=80,
        projection_dim=24,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    audio = ClapAudioConfig(
        patch_embeds_hidden_size=8,
        hidden_size=32,
        depths=[1, 1, 1],
        num_hidden_layers=3,
        num_attention_heads=[2, 2, 2],
        projection_dim=24,
    )
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=24)
    extractor = ClapFeatureExtractor(truncation="rand_trunc", frequency_min=50)
    model: Any = ClapModel(config)
    processor: Any = ClapProcessor
    return model.eval(), processor(extractor, tokenizer)


def save_clap(folder: Path, model: Any, processor: Any) -> Path:
    """The folder as laion/larger_clap_general is published: transformers' files of the model and its processor."""
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    processor.feature_extractor.save_pretrained(folder)
    processor.tokenizer.save_pretrained(folder)
    return folder


WHISPER_DIMENSIONS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 32,
    "n_audio_head": 2,
    "n_audio_layer": 1,
    "n_vocab": 51865,
    "n_text_ctx": 448,
    "n_text_state": 32,
    "n_text_head": 2,
    "n_text_layer": 1,
}


def save_whisper(file: Path, seed: int = 0) -> Path:
    """A tiny multilingual Whisper as openai-whisper publishes its checkpoints."""
    import torch
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(seed)
    model = Whisper(ModelDimensions(**WHISPER_DIMENSIONS))
    with torch.no_grad():
        model.decoder.positional_embedding.normal_()  # whisper leaves it as memory was
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"dims": WHISPER_DIMENSIONS, "model_state_dict": model.state_dict()}, file)
    return file


def as_hub_cache(cache: Path, repo: str, folder: Path, commit: str = "0" * 39 + "1") -> Path:
    """Lay the folder into the cache of the model hub as a download would: blobs, links to them, refs/main.

    Returns the snapshot's folder. A blob is named by the hash of its content, as the hub names it.
    """
    from hashlib import sha1, sha256

    home = cache / f"models--{repo.replace('/', '--')}"
    snapshot = home / "snapshots" / commit
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text(commit)
    (home / "blobs").mkdir()
    for file in sorted(f for f in folder.rglob("*") if f.is_file()):
        content = file.read_bytes()
        large = file.suffix in (".safetensors", ".bin", ".pt")
        name = sha256(content) if large else sha1(b"blob %d\0" % len(content) + content)
        (home / "blobs" / name.hexdigest()).write_bytes(content)
        link = snapshot / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(home / "blobs" / name.hexdigest())
    return snapshot
