"""What hostile files are made as, and of."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

from media import photo
from PIL import Image

Made = bytes | dict[str, bytes]
"""A file's bytes, or those of files that belong together by their names."""
Bombs = Mapping[str, Callable[[], Made]]
"""By the name of the document: what makes it, in some seconds at most."""

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPE = f'<!DOCTYPE x [<!ENTITY l0 "laugh">{_LAUGHS}<!ENTITY own SYSTEM "file:///etc/passwd">]>'
"""Makes `&l9;` a billion laughs, and `&own;` a file of this machine."""


def saved(picture: Image.Image, kind: str) -> bytes:
    """The picture as a file."""
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def beside(document: bytes, suffix: str, sidecar: str, content: str) -> dict[str, bytes]:
    """A good document with a side-car of the same stem beside it."""
    name = Path(sidecar).with_suffix(suffix).name
    return {name: document, sidecar: content.encode("utf-8", "surrogatepass")}


def captioned(sidecar: str, content: str) -> dict[str, bytes]:
    """A good picture with this beside it."""
    return beside(saved(photo(), "PNG"), ".png", sidecar, content)
