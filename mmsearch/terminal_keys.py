"""What a person sees in the terminal of the keys of a served library."""

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from mmsearch.keys import Key
from mmsearch.terminal import err, out


def show_key(key: Key, secret: str) -> None:
    """A new key: its secret alone on stdout, as whoever uses it needs it."""
    err.print(f'the key "{escape(key.name)}" ({key.scope}); it is not shown again:', soft_wrap=True)
    out.print(secret, soft_wrap=True, markup=False)


def show_keys(keys: Sequence[Key]) -> None:
    """The keys as a table, without what opens anything."""
    if not keys:
        out.print('there are no keys yet: "mmsearch keys add NAME"', markup=False)
        return
    grid = Table("name", "scope", "as", "made", box=None, padding=(0, 1, 0, 0))
    for key in keys:
        grid.add_row(escape(key.name), key.scope, escape(", ".join(key.principals)), key.made[:10])
    out.print(grid)
