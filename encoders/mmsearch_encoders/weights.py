"""Where the weights of a model come from and whether they are here: looked up on this machine alone, without torch."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmsearch.errors import ModelUnavailable
from mmsearch_encoders.loading import existing

TRANSFORMERS_WEIGHTS = ("model*.safetensors", "pytorch_model*.bin")
"""Names of the files that hold the weights, the preferred first; the star takes in the parts of a split file."""
SAFETENSORS = ("model*.safetensors",)
"""No pickles, which could run code."""

COMMITS: Mapping[str, str] = {
    "BAAI/bge-reranker-v2-m3": "953dc6f6f85a1b2dbfca4c34a2796e7dde08d41e",
    "BAAI/bge-small-en-v1.5": "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a",
    "cross-encoder/ms-marco-MiniLM-L6-v2": "c5ee24cb16019beea0893ab7796b1df96625c6b8",
    "intfloat/multilingual-e5-small": "614241f622f53c4eeff9890bdc4f31cfecc418b3",
    "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K": "f0e2ffa09cbadab3db6a261ec1ec56407ce42912",
}
"""The revision that is got of a repository, so that a later one under its name changes nothing.

Of the catalogue's others no revision could be confirmed from several places: what is their main one then is got.
"""

EDGE_BYTES = 64 * 1024
"""How much of each end of a file goes into its revision."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where one model comes from: a path of the user's or of a package, a repository of the model hub, or a URL.

    `role` is what `mmsearch models pull` calls it; `also` names repositories of which only the small files are
    needed, such as a tokenizer; `cache` is the folder below the user's cache that a download from `url` lies in.
    """

    role: str
    model: str
    library: str
    path: Path | None = None
    repo: str = ""
    weights: tuple[str, ...] = TRANSFORMERS_WEIGHTS
    also: tuple[str, ...] = ()
    url: str = ""
    cache: str = ""


def find(source: Source) -> Path | None:
    """The folder or file of the model on this machine, or None. Costs milliseconds and never asks the network."""
    if source.path is not None:
        return existing(source.path)
    if source.url:
        return existing(user_cache() / source.cache / source.url.rpartition("/")[2])
    folder = snapshot(source.repo)
    if folder is None or not all(snapshot(repo) for repo in source.also):
        return None
    return folder if weights_in(folder, source.weights) else None


def require(source: Source) -> Path:
    """What `find` finds. Raises ModelUnavailable with the way out."""
    found = find(source)
    if found is None:
        raise ModelUnavailable(absence(source))
    return found


def absence(source: Source) -> str:
    """Why the model cannot be had now, and the command that gets it, in one sentence."""
    if source.path is not None:
        return f"{source.library} {source.model}: {source.path} is not there; give a folder or a file that is"
    cache = user_cache() / source.cache if source.url else hub_cache()
    return (
        f"{source.library} {source.model} is not in the cache ({cache}); "
        f'run "mmsearch models pull {source.role}" where there is a network'
    )


def weights_in(folder: Path, patterns: tuple[str, ...] = TRANSFORMERS_WEIGHTS) -> Path | None:
    """The weights file that comes first in the patterns; None when there is none or a part of it is missing.

    A folder with a config.json of its own has its weights beside that; otherwise they lie in a module's folder.
    """
    files = folder.iterdir() if (folder / "config.json").is_file() else folder.rglob("*")
    names = sorted(file for file in files if file.is_file())
    for pattern in patterns:
        for file in names:
            if fnmatch(file.name, pattern) and _whole(file):
                return file
    return None


def _whole(part: Path) -> bool:
    """Whether all files that an index beside this one lists together with it are here."""
    for index in part.parent.glob("*.index.json"):
        parts = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if part.name in parts:
            return all((part.parent / name).is_file() for name in parts)
    return True


def revision(path: Path) -> str:
    """Changes with the model: the hub's commit, or a digest of names, sizes and both ends of each file.

    A digest of every byte would cost seconds at each start; weights that differ differ at their ends or in size,
    as their headers list the offsets and the last tensor is trained with the rest.
    """
    if path.parent.name == "snapshots":
        return path.name[:16]
    state = blake2b(digest_size=8)
    for file in _model_files(path) if path.is_dir() else [path]:
        name = file.relative_to(path).as_posix() if path.is_dir() else "weights"
        size = file.stat().st_size
        state.update(f"{name}\x1f{size}\x1f".encode())
        with file.open("rb") as opened:
            state.update(opened.read(EDGE_BYTES))
            opened.seek(max(EDGE_BYTES, size - EDGE_BYTES))
            state.update(opened.read(EDGE_BYTES))
    return state.hexdigest()


def _model_files(folder: Path) -> Iterator[Path]:
    """The files that decide on the numbers: what a person reads, and what version control keeps, is left out."""
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden and file.suffix not in (".md", ".py", ".pyc"):
            yield file


def snapshot(repo: str) -> Path | None:
    """The folder of the repository in the local cache of the model hub: its fixed revision, else the main one there."""
    home = hub_cache() / f"models--{repo.replace('/', '--')}"
    if (commit := COMMITS.get(repo)) and (fixed := existing(home / "snapshots" / commit)):
        return fixed
    main = home / "refs" / "main"
    return existing(home / "snapshots" / main.read_text().strip()) if main.is_file() else None


def hub_cache() -> Path:
    """The folder of huggingface_hub's cache, by its own rules (HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME).

    Raises ModelUnavailable when the extra that brings it is not installed.
    """
    try:
        from huggingface_hub import constants
    except ModuleNotFoundError as error:
        raise ModelUnavailable('models need more than is installed: pip install "mmsearch[encoders]"') from error
    return Path(constants.HF_HUB_CACHE)


def user_cache() -> Path:
    """The folder of caches, where whisper and others keep what they download."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()


def package_folder(name: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    spec = find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def read_json(file: Path, otherwise: Any) -> Any:
    """The value in the file, or `otherwise` where there is no file. Raises OSError, ValueError."""
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else otherwise
