"""The commands for the keys of a served library: add, list, revoke. They hold from then on, also while it is served."""

from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import Json, Library, errors, print_json, scope_of

if TYPE_CHECKING:
    from mmsearch.keys import Keys

Name = Annotated[str, typer.Argument(help="What the key is called: whose it is, or what for.")]


def add(
    name: Name,
    scope: Annotated[str, typer.Option(help="What it may do, each including the one before: read, write, admin.")] = (
        "read"
    ),
    principal: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A person or group as which it asks; may be repeated.")
    ] = None,
    library: Library = None,
    as_json: Json = False,
) -> None:
    """Make a key and print it, this once."""
    from mmsearch import terminal_keys
    from mmsearch.schemas import key_json

    with errors(as_json):
        key, secret = _keys(library).add(name, scope_of(scope), principal or ())
        if as_json:
            print_json({**key_json(key), "key": secret})
        else:
            terminal_keys.show_key(key, secret)


def list_keys(library: Library = None, as_json: Json = False) -> None:
    """The keys there are, without what opens anything."""
    from mmsearch import terminal_keys
    from mmsearch.schemas import key_json

    with errors(as_json):
        found = _keys(library).all()
        if as_json:
            print_json([key_json(key) for key in found])
        else:
            terminal_keys.show_keys(found)


def revoke(name: Name, library: Library = None) -> None:
    """Take a key back: it opens nothing any longer."""
    from rich.markup import escape

    from mmsearch import terminal

    with errors():
        key = _keys(library).revoke(name)
        terminal.out.print(f'the key "{escape(key.name)}" opens nothing any longer', soft_wrap=True)


def _keys(library: str | None) -> "Keys":
    """Raises NotFound, and ConfigError for a library that is only named by a server's address."""
    from mmsearch.errors import ConfigError
    from mmsearch.keys import Keys
    from mmsearch.opening import address_of
    from mmsearch.settings import existing_library, read_settings

    settings = read_settings(library=library)
    if address := address_of(settings):
        raise ConfigError(f"keys are made on the machine of {address}: name the library's folder there")
    return Keys(existing_library(settings))
