"""Which recordings a browser plays."""

from pathlib import PurePosixPath

from mmsearch.server.files import SHOWN


def is_playable(uri: str) -> bool:
    """Whether a browser plays the recording; of a record, whose place has no ending, we expect it."""
    suffix = PurePosixPath(uri).suffix.lower()
    return ".jsonl#" in uri or SHOWN.get(suffix, "").startswith(("audio/", "video/"))
