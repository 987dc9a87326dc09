"""Long text into passages of whole sentences that an encoder takes in one piece."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import ConfigError
from mmsearch.types import digest
from mmsearch.well_formed import well_formed

if TYPE_CHECKING:
    from semantic_text_splitter import TextSplitter
    from tokenizers import Tokenizer

CHARS_PER_TOKEN = 4
"""English in word pieces; the estimate where there is no tokenizer."""

_ABBREVIATION = re.compile(
    r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|Rev|Gen|Col|Capt|Lt|Sgt|St|Sr|Jr|Mt|No|Nos|Fig|Figs|Eq|Sec|Vol|Ch|pp?|vs|cf|ca"
    r"|approx|e\.g|i\.e|al|bzw|z\.B|Nr|Hr|Abb|Mme|Mlle)\.(?=\s+\S)"
)
_WRAP = re.compile(r"(?<=[^\s.!?:;。!?])[ \t]*\r?\n(?=[ \t]*[^\s\-*•·–+>|#\d=~`])")
_ENDLESS = re.compile(r"[^\W_]{4000}")
"""No word: the splitter looks at all of it for each passage that it makes of it."""
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]")


@dataclass(frozen=True, slots=True)
class Passage:
    """`text` is what stands between the characters `start` and `end` of the whole."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class PassageSplitter:
    """Cuts text so that a passage with its title and headings has at most `max_tokens` tokens.

    Tokens are counted by `tokenizer_file` (a Hugging Face tokenizer.json, whose own truncation is switched off);
    without one they are estimated: four characters a token, one for a character of Chinese, Japanese or Korean.
    """

    max_tokens: int
    tokenizer_file: Path | None = None

    @property
    def fingerprint(self) -> str:
        """Changes when the same text would be cut elsewhere."""
        tokenizer = self.tokenizer_file and blake2b(self.tokenizer_file.read_bytes(), digest_size=8).hexdigest()
        with _installed():
            splitter = version("semantic-text-splitter")
        return digest("passages 1", splitter, self.max_tokens, tokenizer)[:16]

    def tokens(self, text: str) -> int:
        """How many tokens the text has, the encoder's own marks at both ends among them."""
        if self.tokenizer_file is None:
            return _estimate(text)
        return len(_tokenizer(self.tokenizer_file).encode(well_formed(text)).ids)

    def room(self, title: str = "", headings: Sequence[str] = ()) -> int:
        """How many tokens are left for the passage itself; at least half, should title and headings be very long."""
        head = " ".join(part for part in (title, *headings) if part)
        return max(self.max_tokens - (self.tokens(head) if head else 0), self.max_tokens // 2)

    def split(self, text: str, title: str = "", headings: Sequence[str] = ()) -> Iterator[Passage]:
        """The passages in order: whole paragraphs where they fit, else whole sentences, else whole words.

        A line end inside a sentence does not end it. White space at the ends of a passage is left out.
        """
        splitter = _splitter(self.tokenizer_file, self.room(title, headings))
        flat = one_line_paragraphs(text)
        for start, part in splitter.chunk_indices(flat):
            yield Passage(start, start + len(part), text[start : start + len(part)])


def one_line_paragraphs(text: str) -> str:
    """The text, character for character as long, without the line ends and full stops that end no sentence.

    A run of letters and digits without an end has a blank now and then.
    """
    flat = _ENDLESS.sub(lambda match: match[0][:-1] + " ", well_formed(text))
    flat = _WRAP.sub(lambda match: " " * len(match[0]), flat)
    return _ABBREVIATION.sub(lambda match: match[0].replace(".", ","), flat)


def _estimate(text: str) -> int:
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // CHARS_PER_TOKEN)


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(f'{error.name} is needed to cut texts: pip install "mmsearch[readers]"') from error


@lru_cache(maxsize=4)
def _tokenizer(file: Path) -> "Tokenizer":
    with _installed():
        from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@lru_cache(maxsize=4)
def _counter(file: Path) -> Callable[[str], int]:
    """How many tokens a text has, the encoder's marks not among them.

    BERT's tokenizers end every token at white space, so that words can be counted one by one, and most were before:
    in a tenth of the time.
    """
    tokenizer = _tokenizer(file)

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    by_words = type(tokenizer.pre_tokenizer).__name__ == "BertPreTokenizer"
    if not by_words or any(" " in token.content for token in tokenizer.get_added_tokens_decoder().values()):
        return count
    of_word = lru_cache(maxsize=1 << 16)(count)
    return lambda text: sum(map(of_word, text.split(" ")))


@lru_cache(maxsize=64)
def _splitter(tokenizer_file: Path | None, room: int) -> "TextSplitter":
    with _installed():
        from semantic_text_splitter import TextSplitter
    if tokenizer_file is None:
        return TextSplitter.from_callback(_estimate, room)
    # Counts as from_huggingface_tokenizer does, which copies the tokenizer for each room: 25 ms and 6 MiB.
    return TextSplitter.from_callback(_counter(tokenizer_file), room)
