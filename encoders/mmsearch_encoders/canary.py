"""Known pairs that a model must rank right: weights that are whole files and yet broken do not, and are found before
they fill an index.

An export that went wrong (layers in another order, weights left as they were initialised, a tower of another model)
loads like any other. Each canary asks far less than a working model can do and far more than chance gives. The pairs
are English and about everyday things: a model for another language or purpose may fail here and be good.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from mmsearch.errors import ModelError
from mmsearch.types import Embeddings, Query, Segment, Span, Table
from mmsearch_encoders.image import ImageEncoder
from mmsearch_encoders.loading import loading, reporting
from mmsearch_encoders.rerank import CrossEncoderReranker
from mmsearch_encoders.table import TableEncoder
from mmsearch_encoders.tapas_reader import TapasReader
from mmsearch_encoders.text import LITTLE_CHARS, TextEncoder
from mmsearch_encoders.weights import require

PAIRS = (
    ("how do I bake bread", "Knead the dough, let it rise for an hour and put the loaf into a hot oven."),
    ("which planet is closest to the sun", "Mercury orbits nearer to our star than Venus or the Earth."),
    ("symptoms of the flu", "Patients suffer from a fever, a cough and aching muscles."),
    ("price of train tickets", "The fare for the railway journey is forty euros each way."),
    ("who painted the Mona Lisa", "Leonardo da Vinci finished the portrait of Lisa Gherardini in Florence."),
    ("how to repair a bicycle tyre", "Find the hole in the inner tube and glue a patch over the puncture."),
    ("the punishment for theft", "Whoever steals another person's property goes to prison."),
    ("growing tomatoes", "Plant the seedlings in sunny soil and water the vegetables every evening."),
    ("result of the football match", "The home team won by two goals to one in the last minute."),
    ("how volcanoes erupt", "Molten rock rises through the crust until lava flows out of the crater."),
    ("learning to play the violin", "Hold the bow loosely and practise scales on the four strings every day."),
    ("what do penguins eat", "The birds of the Antarctic dive for fish and krill."),
)
"""A question, and the passage among these that answers it."""
COLOURS = {
    "red": (220, 30, 30), "green": (30, 170, 60), "blue": (40, 70, 220), "yellow": (235, 210, 40),
    "black": (10, 10, 10), "orange": (245, 140, 20), "purple": (130, 40, 160), "pink": (250, 150, 190),
}  # fmt: skip
PEOPLE = Table(
    ("name", "age", "city"),
    (("Anna", "31", "Oslo"), ("Boris", "45", "Rome"), ("Clara", "27", "Paris"), ("David", "62", "Cairo")),
)
CELLS = (
    ("what is the age of Boris", (1, 1)),
    ("in which city does Clara live", (2, 2)),
    ("who is 62 years old", (3, 0)),
    ("who lives in Oslo", (0, 0)),
    ("how old is Clara", (2, 1)),
    ("what is the city of David", (3, 2)),
)
"""A question of the table of people, and the cell that answers it."""
PASSAGES_READ = 4
"""Of the passages that a reranker reads for each question, the right one is one."""


@dataclass(frozen=True, slots=True)
class Canary:
    """How many of the known pairs came out right, and how many must."""

    right: int
    of: int
    least: int

    @property
    def sings(self) -> bool:
        return self.right >= self.least

    def __str__(self) -> str:
        return f"{self.right} of {self.of} known pairs are ranked right, {self.least} must be"


def of_text(encoder: TextEncoder) -> Canary:
    """Each question nearest to its own passage. Passages by torch, as an indexing has them encoded."""
    questions = np.stack([encoder.encode_query(Query(question)) for question, _ in PAIRS])
    passages = [passage for _, passage in PAIRS]
    copies = 1 + LITTLE_CHARS // sum(map(len, passages))
    return Canary(_nearest(questions, encoder.encode_texts(passages * copies)[: len(PAIRS)]), len(PAIRS), 9)


def of_image(encoder: ImageEncoder) -> Canary:
    """Each colour's name nearest to a circle of that colour."""
    shown = [_segment(number, picture=_circle(colour)) for number, colour in enumerate(COLOURS.values())]
    names = np.stack([encoder.encode_query(Query(f"a {name} circle")) for name in COLOURS])
    return Canary(_nearest(names, encoder.encode(shown)), len(COLOURS), 4)


def of_reranker(reranker: CrossEncoderReranker) -> Canary:
    """Each question's own passage more probable than three others."""
    right = 0
    for number, (question, _) in enumerate(PAIRS):
        read = [PAIRS[(number + step) % len(PAIRS)][1] for step in range(PASSAGES_READ)]
        own, *others = reranker.rerank(question, [_segment(place, text=text) for place, text in enumerate(read)])
        right += own > max(others)
    return Canary(right, len(PAIRS), 8)


def of_table(encoder: TableEncoder | TapasReader) -> Canary:
    """Each question's own cell the likeliest, by the head for cells that published TAPAS models have.

    It stands on the body that the space is made by. Raises ModelError for weights without that head.
    """
    import pandas as pd
    import torch

    folder = require(encoder.source)
    with loading(encoder.source.model, folder):
        from transformers import TapasForQuestionAnswering, TapasTokenizer

        read: Any = TapasForQuestionAnswering.from_pretrained
        model, said = read(folder, local_files_only=True, output_loading_info=True)
        tokenizer: Any = TapasTokenizer.from_pretrained(folder, local_files_only=True)
    if missing := sorted(said["missing_keys"]):
        raise ModelError(f"{encoder.source.model} cannot be asked about cells: its weights lack {missing[0]}")
    frame = pd.DataFrame(PEOPLE.rows, columns=pd.Index(PEOPLE.header, dtype=str), dtype=str)
    right = 0
    with reporting(f"asking {encoder.source.model} about cells"), torch.inference_mode():
        for question, cell in CELLS:
            tokens = tokenizer(table=frame, queries=question, return_tensors="pt")
            logits, kinds = model.eval()(**tokens).logits[0], tokens["token_type_ids"][0]
            likeliest = max(_cells(), key=lambda place: float(logits[_tokens_of(kinds, place)].mean()))
            right += likeliest == cell
    return Canary(right, len(CELLS), 3)


CANARIES: Mapping[str, Callable[[Any], Canary]] = {
    "text": of_text,
    "image": of_image,
    "table": of_table,
    "table-reader": of_table,
    "reranker": of_reranker,
}
"""By role. Whisper's own weights are known by their hash, and what it hears would have to be a recording."""


def _nearest(questions: Embeddings, answers: Embeddings) -> int:
    """How many rows are nearest to the row of their own number; none where a number is none, or all answers alike."""
    near = questions @ answers.T
    if not np.isfinite(near).all():
        return 0
    others = np.where(np.eye(len(near), dtype=bool), -np.inf, near).max(axis=1)
    return int((np.diagonal(near) > others).sum())


def _segment(number: int, text: str = "", picture: bytes | None = None) -> Segment:
    kind: Any = "image" if picture else "text"
    return Segment(f"{number}", "canary", f"canary {number}", kind, Span(), text=text, picture=picture)


def _circle(colour: tuple[int, int, int]) -> bytes:
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (224, 224), "white")
    ImageDraw.Draw(picture).ellipse((40, 40, 184, 184), fill=colour)
    target = BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()


def _cells() -> Sequence[tuple[int, int]]:
    return [(row, column) for row in range(len(PEOPLE.rows)) for column in range(len(PEOPLE.header))]


def _tokens_of(kinds: Any, cell: tuple[int, int]) -> Any:
    """Which tokens stand in the cell: TAPAS' second and third kinds of token are column and row, from 1."""
    row, column = cell
    return (kinds[:, 0] == 1) & (kinds[:, 1] == column + 1) & (kinds[:, 2] == row + 1)
