"""What sentence encoders want to read before a query and before a passage, as data."""

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Prompts:
    """The words put before a query and before a passage; empty for none."""

    query: str = ""
    passage: str = ""


FAMILIES: tuple[tuple[str, Prompts], ...] = (
    (r"multilingual-e5-large-instruct", Prompts("Instruct: Given a query, retrieve passages that answer it\nQuery: ")),
    (r"(multilingual-)?e5-(small|base|large)(-v2)?", Prompts("query: ", "passage: ")),
    (r"bge-(small|base|large)-en(-v1\.5)?", Prompts("Represent this sentence for searching relevant passages: ")),
    (r"bge-(small|base|large)-zh(-v1\.5)?", Prompts("为这个句子生成表示以用于检索相关文章：")),
    (r"nomic-embed-text-v(1|1\.5|2-moe)", Prompts("search_query: ", "search_document: ")),
    (r"mxbai-embed-large-v1", Prompts("Represent this sentence for searching relevant passages: ")),
    (
        r"snowflake-arctic-embed-(xs|s|m|m-long|l)(-v1\.5)?",
        Prompts("Represent this sentence for searching relevant passages: "),
    ),
    (r"snowflake-arctic-embed-[ml]-v2\.0", Prompts("query: ")),
)
"""Model name without its owner -> prompts, from the models' cards; used only where the model's own files name none."""

QUERY_KEYS = ("query", "search_query", "s2p_query")
PASSAGE_KEYS = ("document", "passage", "corpus", "search_document")


def prompts_of(model: str, config: dict[str, Any]) -> Prompts:
    """The prompts by the model's own config_sentence_transformers.json, otherwise by its family's card."""
    own = {key: text for key, text in (config.get("prompts") or {}).items() if text}
    if own:
        usual = own.get(config.get("default_prompt_name") or "", "")
        return Prompts(_first(own, QUERY_KEYS, usual), _first(own, PASSAGE_KEYS, usual))
    name = model.rstrip("/").rpartition("/")[2].lower()
    return next((prompts for family, prompts in FAMILIES if re.fullmatch(family, name)), Prompts())


def _first(prompts: dict[str, str], keys: tuple[str, ...], otherwise: str) -> str:
    return next((prompts[key] for key in keys if key in prompts), otherwise)
