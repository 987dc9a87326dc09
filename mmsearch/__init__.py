"""mmsearch: texts, tables, pictures and recordings in one honest ranking."""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmsearch.async_client import AsyncClient as AsyncClient
    from mmsearch.client import Client as Client

__version__ = version("mmsearch")
__all__ = ["AsyncClient", "Client", "__version__"]


def __getattr__(name: str) -> object:
    """The clients on first use: `import mmsearch` alone loads nothing heavy."""
    if name == "AsyncClient":
        from mmsearch.async_client import AsyncClient

        return AsyncClient
    if name == "Client":
        from mmsearch.client import Client

        return Client
    raise AttributeError(name)
