"""What mmsearch says of libraries that move: to another place, or to another model."""

from rich.filesize import decimal
from rich.markup import escape

from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.terminal import err, out


def show_exported(exported: Exported) -> None:
    """What an export wrote, and where."""
    vectors = ", ".join(f"{name} {rows:,}" for name, rows in exported.rows.items())
    out.print(
        f"{exported.documents:,} documents, {exported.pictures:,} pictures, rows: {vectors}; "
        f"{decimal(exported.size_bytes)} in {exported.seconds:.1f} s"
    )
    if exported.left_out:
        err.print(f'{exported.left_out} half written documents were left out: run "mmsearch index", and export again')
    out.print(f"in {exported.folder}", style="dim", soft_wrap=True, markup=False)


def show_imported(imported: Imported) -> None:
    """What an import did, and what is missing with the way to fill it."""
    rows = ", ".join(f"{name} {count:,}" for name, count in imported.rows.items())
    out.print(
        f"{imported.documents:,} documents imported, {imported.unchanged:,} unchanged, rows: {rows}; "
        f"in {imported.seconds:.1f} s"
    )
    if imported.kept:
        err.print(f"{imported.kept:,} documents are in the library in another version, which stayed")
    for name in imported.kept_files:
        err.print(f"the library has another {name}, which stayed", soft_wrap=True, markup=False)
    for name, reason in imported.missing.items():
        err.print(f"[yellow]missing[/] {name}: {escape(reason)}", soft_wrap=True)
