"""What a browser may show of the library's files."""

from collections.abc import Mapping
from pathlib import PurePosixPath

SHOWN: Mapping[str, str] = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".weba": "audio/webm",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".avif": "image/avif",
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".csv": "text/plain",
    ".json": "text/plain",
    ".jsonl": "text/plain",
    ".md": "text/plain",
    ".srt": "text/plain",
    ".tsv": "text/plain",
    ".txt": "text/plain",
    ".vtt": "text/plain",
}
"""Endings that a browser may show in our origin, and as what. All others are downloads: HTML and SVG carry scripts."""


def is_playable(uri: str) -> bool:
    """Whether a browser plays the recording; of a record, whose place has no ending, we expect it."""
    suffix = PurePosixPath(uri).suffix.lower()
    return ".jsonl#" in uri or SHOWN.get(suffix, "").startswith(("audio/", "video/"))
