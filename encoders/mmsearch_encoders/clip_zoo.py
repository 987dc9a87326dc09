"""What open_clip knows of its models, read from the package's files: importing it costs seconds of torch."""

import ast
from functools import cache
from pathlib import Path
from typing import Any

from mmsearch.errors import ConfigError, ModelUnavailable
from mmsearch_encoders.weights import package_folder, read_json

Tags = dict[str, dict[str, str]]
"""model -> tag -> "owner/name/" or "owner/name/file" on the hub."""


def model_config(model: str) -> dict[str, Any]:
    """The architecture of a model by its name, or by a JSON file of one's own. Raises ConfigError."""
    own = Path(model).expanduser()
    file = own if own.suffix == ".json" else _package() / "model_configs" / f"{model.replace('/', '-')}.json"
    try:
        config = read_json(file, None)
        if config is None:
            raise ConfigError(f'open_clip knows no model "{model}"; "mmsearch models list" names some')
        found: dict[str, Any] = config.get("model_cfg", config)
        int(found["embed_dim"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} is no model configuration of open_clip: {error}") from error
    return found


def known(model: str) -> bool:
    """Whether the name is one of the package's architectures."""
    return (_package() / "model_configs" / f"{model.replace('/', '-')}.json").is_file()


def place_of(model: str, tag: str) -> str:
    """Where the weights of a tag lie: "owner/name/" or "owner/name/file". Raises ConfigError naming the tags."""
    tags = pretrained().get(model.replace("/", "-"), {})
    place = tags.get(tag.lower().replace("-", "_"))
    if not place:
        known = f"known are {', '.join(tags)}" if tags else "it has none by name"
        raise ConfigError(f'open_clip {model} has no weights "{tag}", and no such file is there; {known}')
    return place


@cache
def pretrained() -> Tags:
    """Every model with its tags, as `open_clip.list_pretrained()` lists them."""
    source = (_package() / "pretrained.py").read_text(encoding="utf-8")
    named: dict[str, ast.expr] = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            named[statement.targets[0].id] = statement.value
    places: Tags = {}
    for model, tags in _entries(named["_PRETRAINED"], named):
        every = {tag: dict(_entries(config, named)) for tag, config in _entries(tags, named)}
        places[model] = {tag: _place(config) for tag, config in every.items()}
        quick = {tag: _place(config) for tag, config in every.items() if "quick_gelu" in config}
        if quick:
            places[f"{model}-quickgelu"] = {**places.get(f"{model}-quickgelu", {}), **quick}
    return places


def _entries(node: ast.expr, named: dict[str, ast.expr]) -> list[tuple[str, ast.expr]]:
    """The pairs of `{"k": v}`, of `dict(k=v)` and of `_pcfg(k=v)`, behind a name or not."""
    match node:
        case ast.Name(id=name):
            return _entries(named[name], named)
        case ast.Dict(keys=keys, values=values):
            return [(ast.literal_eval(key), value) for key, value in zip(keys, values, strict=True) if key]
        case ast.Call(keywords=keywords):
            return [(keyword.arg, keyword.value) for keyword in keywords if keyword.arg]
        case _:
            return []


def _place(config: dict[str, ast.expr]) -> str:
    return str(ast.literal_eval(config["hf_hub"])) if "hf_hub" in config else ""


def _package() -> Path:
    folder = package_folder("open_clip")
    if folder is None:
        raise ModelUnavailable('open_clip is not installed; install it with pip install "mmsearch[encoders]"')
    return folder
