"""Gets weights from where they are published, and checks those that are here; only `pull` asks the network."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from hashlib import sha1, sha256
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import BadZipFile, ZipFile

from mmsearch.errors import ModelUnavailable
from mmsearch_encoders.loading import first_line
from mmsearch_encoders.weights import COMMITS, Source, absence, find, hub_cache, require, user_cache, weights_in

PROBE_S = 5.0
SMALL_FILES = ("*.json", "*.txt", "*.model", "*.spm", "*.jinja")
"""Configurations and tokenizers."""
OTHER_FORMATS = ("onnx/*", "openvino/*", "coreml/*", "*/.*", ".*", "training_args*", "README*", "LICENSE*")
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found: the model's place and a sentence for each file that is broken."""

    path: Path
    broken: tuple[str, ...]


def pull(source: Source) -> Path:
    """Get the model unless it is here, with progress on stderr, and return its folder or file.

    What was interrupted goes on from there. Raises ModelUnavailable when it cannot be had, within seconds when the
    network cannot be reached.
    """
    if (found := find(source)) is not None:
        return found
    if source.path is not None:
        raise ModelUnavailable(absence(source))
    if source.url:
        _pull_url(source)
    else:
        _pull_repository(source)
    return require(source)


def _pull_url(source: Source) -> None:
    folder = user_cache() / source.cache
    folder.mkdir(parents=True, exist_ok=True)
    _probe(source, source.url)
    with _unreachable(source, source.url), TemporaryDirectory(dir=folder, prefix=".pull-") as partial:
        import whisper

        file = Path(str(whisper._download(source.url, partial, in_memory=False)))
        file.replace(folder / file.name)


def _pull_repository(source: Source) -> None:
    """The small files first and the weights last, so that weights that are here mean a model that is whole."""
    from huggingface_hub import HfApi, constants, hf_hub_download

    place = constants.ENDPOINT
    _probe(source, f"{place}/api/models/{source.repo}")
    with _unreachable(source, place):
        hub = HfApi(endpoint=place)
        for repo in (*source.also, source.repo):
            commit = COMMITS.get(repo, "main")
            listed = hub.model_info(repo, revision=commit, timeout=2 * PROBE_S)
            names = [sibling.rfilename for sibling in listed.siblings or ()]
            weights = source.weights if repo == source.repo else ()
            files = wanted(names, weights)
            if weights and not any(fnmatch(PurePosixPath(name).name, pattern) for name in files for pattern in weights):
                raise OSError(f"{repo} publishes no {' and no '.join(weights)}")
            for name in files:
                hf_hub_download(repo, name, cache_dir=hub_cache(), endpoint=place, revision=commit)


def wanted(names: Sequence[str], weights: Sequence[str]) -> list[str]:
    """The files of a repository that loading needs: the small ones, then of each folder the preferred weights.

    The repository's own folder comes last.
    """
    kept = [name for name in names if not any(fnmatch(name, pattern) for pattern in OTHER_FORMATS)]
    small = [name for name in kept if any(fnmatch(name, pattern) for pattern in SMALL_FILES)]
    large = [name for name in kept if name not in small]
    chosen = []
    for folder in sorted({PurePosixPath(name).parent for name in large}, reverse=True):
        here = [name for name in large if PurePosixPath(name).parent == folder]
        matches = ([n for n in here if fnmatch(PurePosixPath(n).name, pattern)] for pattern in weights)
        chosen += next(filter(None, matches), [])
    return small + chosen


def _probe(source: Source, url: str) -> None:
    """Ask once, briefly: the hub's client retries for half a minute before it says that there is no network."""
    import httpx

    with _unreachable(source, url):
        response = httpx.head(url, timeout=PROBE_S, follow_redirects=True)
        if response.status_code in (401, 403, 404):
            raise OSError(f"it answers {response.status_code} for {source.repo or source.model}")


@contextmanager
def _unreachable(source: Source, place: str) -> Iterator[None]:
    import httpx
    from huggingface_hub.errors import HfHubHTTPError

    try:
        yield
    except (OSError, RuntimeError, httpx.HTTPError, HfHubHTTPError) as error:
        raise ModelUnavailable(
            f"{source.library} {source.model} could not be got from {place}: {first_line(error)}; "
            "try again where there is a network, or lay the files into the cache by hand (README, Weights)"
        ) from error


def verify(source: Source) -> Verdict:
    """Whether each file of the model is whole: by the hash that the cache or the URL names, else by its own format.

    Reads every byte and loads nothing. Raises ModelUnavailable when the model is not here.
    """
    place = require(source)
    if source.url:
        expected = source.url.split("/")[-2]
        whole = _hash(place, sha256()) == expected
        return Verdict(place, () if whole else (f"{place} is cut off or changed; delete it and pull again",))
    files = [place] if place.is_file() else sorted(f for f in place.rglob("*") if f.is_file())
    broken = [f"{file} {problem}" for file in files if (problem := _problem(file))]
    if place.is_dir() and weights_in(place, source.weights) is None:
        broken.append(f"{place} holds no weights")
    return Verdict(place, tuple(broken))


def _problem(file: Path) -> str:
    """What is wrong with the file, empty for nothing."""
    blob = file.resolve()
    if blob.parent.name == "blobs":
        large = len(blob.name) == 64
        state = sha256() if large else sha1(b"blob %d\0" % blob.stat().st_size)
        return "" if _hash(blob, state) == blob.name else f"is cut off or changed; delete {blob} and pull again"
    check = CHECKS.get(file.suffix)
    return check(file) if check else ""


def _hash(file: Path, state: Any) -> str:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            state.update(chunk)
    return str(state.hexdigest())


def _safetensors_problem(file: Path) -> str:
    """Opening compares the header's offsets with the length of the file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"):
            return ""
    except (OSError, SafetensorError) as error:
        return f"is cut off or no safetensors file: {first_line(error)}"


def _zip_problem(file: Path) -> str:
    """torch.save writes a zip archive with checksums; files of before 2020 are bare pickles that cannot be checked."""
    with file.open("rb") as opened:
        if opened.read(2) == b"\x80\x02":
            return ""
    try:
        with ZipFile(file) as archive:
            damaged = archive.testzip()
    except (OSError, BadZipFile) as error:
        return f"is cut off or no checkpoint: {first_line(error)}"
    return f"is damaged at {damaged}" if damaged else ""


def _json_problem(file: Path) -> str:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return f"is no JSON: {first_line(error)}"
    return ""


CHECKS: dict[str, Callable[[Path], str]] = {
    ".safetensors": _safetensors_problem,
    ".bin": _zip_problem,
    ".pt": _zip_problem,
    ".pth": _zip_problem,
    ".json": _json_problem,
}
