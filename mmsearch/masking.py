"""What is secret in settings and addresses, made unreadable wherever they are shown."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"
SECRET = re.compile(r"(?i)(^|_)(token|secret|passw(or)?d|passphrase|credential|authorization|(api_?|access_?)?key)s?$")
"""Names of settings, ours and those of parts of others, whose values are nobody's business."""
_USER = re.compile(r"(?<=://)[^/?#\s@]*@")
_TOLD = re.compile(r"(?i)([?&](?:[^=&\s]*(?:token|secret|passw|signature|key|credential)[^=&\s]*|sig)=)[^&#\s]+")


def without_secrets(text: str) -> str:
    """The text with who is named in its addresses, and what their queries say to be let in, made unreadable."""
    return _TOLD.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))


def masked(value: Any, name: str = "") -> Any:
    """The value with all words that are secret by their name or in an address made unreadable."""
    if isinstance(value, Mapping):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    return MASK if value and SECRET.search(name) else without_secrets(value)
