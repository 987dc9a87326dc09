"""faster-whisper behind the recogniser's protocol, on a tiny Whisper in CTranslate2's format, converted here."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmsearch.errors import ModelUnavailable
from mmsearch_encoders.faster_speech import FasterWhisperRecognizer, source_of
from mmsearch_encoders.speech import SAMPLE_RATE

pytestmark = pytest.mark.encoders


def _saved(folder: Path) -> Path:
    """A tiny Whisper with random weights as transformers saves it, with whisper's own vocabulary."""
    import torch
    import whisper
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration
    from transformers.convert_slow_tokenizer import TikTokenConverter
    from whisper.tokenizer import get_tokenizer

    torch.manual_seed(0)
    ranks = Path(whisper.__file__).parent / "assets" / "multilingual.tiktoken"
    converter: Any = TikTokenConverter
    tokenizer = converter(vocab_file=str(ranks), pattern=PATTERN).converted()
    special = get_tokenizer(True, num_languages=99).special_tokens
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name, _ in sorted(special.items(), key=lambda kv: kv[1])]
    )
    config = WhisperConfig(
        d_model=32,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
    )
    model: Any = WhisperForConditionalGeneration(config)
    model.generation_config._from_model_config = False
    model.generation_config.alignment_heads = [[0, 0], [0, 1]]
    codes = get_tokenizer(True, num_languages=99).all_language_codes
    model.generation_config.lang_to_id = {f"<|{code}|>": special[f"<|{code}|>"] for code in codes}
    model.save_pretrained(folder)
    fast: Any = PreTrainedTokenizerFast
    fast(tokenizer_object=tokenizer, unk_token="<|endoftext|>").save_pretrained(folder)
    return folder


PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("faster_whisper", reason="the extra faster-whisper is not installed")
    from ctranslate2.converters.transformers import TransformersConverter

    home = tmp_path_factory.mktemp("faster")
    saved = _saved(home / "saved")
    converter: Any = TransformersConverter(str(saved), copy_files=["tokenizer.json"])
    converter.convert(str(home / "converted"), quantization="int8")
    return home / "converted"


def recording(*stretches: tuple[float, float], length_s: float) -> Any:
    samples = np.zeros(round(length_s * SAMPLE_RATE), np.float32)
    for start_s, end_s in stretches:
        part = slice(round(start_s * SAMPLE_RATE), round(end_s * SAMPLE_RATE))
        samples[part] = np.random.default_rng(0).normal(0, 0.1, part.stop - part.start)
    return samples


def test_utterances_lie_where_something_is_heard_and_in_order(converted: Path) -> None:
    recognizer = FasterWhisperRecognizer(str(converted), device="cpu", sample_len=6)
    language, utterances = recognizer.transcribe(recording((5, 9), (50, 54), length_s=80))
    assert 2 <= len(language) <= 3
    assert utterances
    assert [u.start_s for u in utterances] == sorted(u.start_s for u in utterances)
    for utterance in utterances:
        assert 4.7 <= utterance.start_s < utterance.end_s <= 54.31
        assert utterance.end_s <= 9.31 or utterance.start_s >= 49.69, "in the pause"
        assert utterance.text
        assert "".join(word.text for word in utterance.words) in ("", utterance.text)


def test_silence_is_not_decoded_and_a_language_that_is_given_not_detected(converted: Path) -> None:
    assert FasterWhisperRecognizer("/no/such/folder", language="de").transcribe(recording(length_s=5)) == ("de", [])
    recognizer = FasterWhisperRecognizer(str(converted), language="de", device="cpu", sample_len=4)
    assert recognizer.transcribe(recording((0, 2), length_s=2))[0] == "de"


def test_the_fingerprint_changes_with_the_decoding_and_says_what_is_missing(converted: Path) -> None:
    prints = {FasterWhisperRecognizer(str(converted), beam_size=beams).fingerprint for beams in (1, 5)}
    assert len(prints) == 2
    with pytest.raises(ModelUnavailable, match=r"faster-whisper .*is not there"):
        _ = FasterWhisperRecognizer("/no/such/folder").fingerprint


def test_official_names_are_systrans_repositories() -> None:
    assert source_of("base").repo == "Systran/faster-whisper-base"
    assert source_of("town/own-whisper").repo == "town/own-whisper"
