"""What mmsearch says of libraries that move: to another place, or to another model."""

from rich.filesize import decimal
from rich.markup import escape

from mmsearch.portable.exporting import Exported
from mmsearch.portable.importing import Imported
from mmsearch.reembedding import ReembedEstimate
from mmsearch.reports import BackedUp, Reembedded
from mmsearch.restoring import Restored
from mmsearch.terminal import duration, err, out, show_failed


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


def show_backed_up(done: BackedUp) -> None:
    """What a backup holds, and how long changes waited for it."""
    out.print(
        f"{done.documents:,} documents, {done.files:,} files, {decimal(done.size_bytes)} in {done.seconds:.1f} s; "
        f"indexing waited {done.paused_s:.1f} s"
    )
    out.print(f"in {done.folder}", style="dim", soft_wrap=True, markup=False)


def show_restored(restored: Restored) -> None:
    """What the library that was made of a backup holds, and whether it is whole."""
    audit = restored.audit
    out.print(
        f"{audit.documents:,} documents as of {restored.made}, every row and picture is there"
        if audit.whole
        else f'{len(audit.differences):,} differences: "mmsearch doctor --deep" names them, --repair mends them'
    )
    if audit.unread:
        out.print(f'{len(audit.unread):,} more were being indexed then: the next "mmsearch index" reads them')
    if restored.was_at != restored.library:
        out.print(f"it was at {restored.was_at}: files that it keeps are known by their paths there", style="dim")
    out.print(f"in {restored.library}", style="dim", soft_wrap=True, markup=False)


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


def show_estimate(found: ReembedEstimate) -> None:
    """What taking a space to another model will cost; on stderr, as it is said before the work."""
    err.print(f"{found.space}: {found.before or 'nothing yet'} → {found.after}", soft_wrap=True, markup=False)
    there = f"; {found.held:,} are there already" if found.held else ""
    err.print(f"{found.documents:,} documents with {found.segments:,} segments to embed{there}")
    free = f" of {decimal(found.free_bytes)} free" if found.free_bytes is not None else " on the server"
    err.print(
        f"about {duration(found.seconds)} and {decimal(found.disk_bytes)}{free}, beside the old vectors, which are "
        f"kept; going by {found.sampled_segments:,} segments that were encoded",
        soft_wrap=True,
    )
    if found.closed:
        err.print(f"[yellow]closed meanwhile[/] {found.space}: {escape(found.closed)}", soft_wrap=True)


def show_reembedded(done: Reembedded) -> None:
    """What taking a space to another model did, and what is kept to go back to."""
    counts = f"{done.documents:,} documents, {done.rows:,} rows in {duration(done.seconds)}"
    if done.stopped:
        err.print(
            f"stopped; {done.space} is still by {done.before or 'no model'}; {counts}: the same command goes on from "
            f'here, "mmsearch reembed {done.space} --model {done.before}" gives it up',
            soft_wrap=True,
            markup=False,
        )
        return
    out.print(f"{done.space} is by {done.after} now: {counts}", soft_wrap=True, markup=False)
    show_failed(done.failed)
    if done.previous:
        out.print(
            f'the vectors by {done.previous} are kept: "mmsearch reembed {done.space} --rollback" goes back, '
            '"--forget-previous" drops them',
            style="dim",
            soft_wrap=True,
            markup=False,
        )
