"""Tables about a few words each, with questions that name those words: sets whose right table is known."""

import json
from pathlib import Path
from random import Random
from typing import Any

import checkpoints

TOPICS = checkpoints.WORDS.split()[12:]
"""What the tables are of; the vocabulary of the tiny checkpoints has them whole."""


def make_set(folder: Path, tables: int, seed: int) -> Path:
    """A retrieval set in the BEIR layout: a table a line, two questions for each."""
    draw, qrels = Random(seed), ["query-id\tcorpus-id\tscore"]
    corpus, queries = list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(tables):
        one, two, three = draw.sample(TOPICS, 3)
        rows = [[three, str(draw.randint(0, 99))] for _ in range(3)]
        table = {"header": [one, two], "rows": rows}
        corpus.append({"_id": f"t{number}", "modality": "table", "title": f"{three} {one}", "table": table})
        for asked, text in enumerate((f"which {one} and {three} has the {two}?", f"the {two} of the {three}")):
            queries.append({"_id": f"q{number}-{asked}", "text": text})
            qrels.append(f"q{number}-{asked}\tt{number}\t1")
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(line) + "\n" for line in corpus))
    (folder / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in queries))
    (folder / "qrels" / "test.tsv").write_text("\n".join(qrels) + "\n")
    return folder
