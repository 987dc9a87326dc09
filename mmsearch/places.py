"""Where a span lies, in words for a person."""

from mmsearch.types import Span


def place(span: Span) -> str:
    """Where a span lies: "0:42–0:58", "page 3", "rows 1–20"; empty for a whole document."""
    parts = [span.part] if span.part else []
    if span.page is not None:
        parts.append(f"page {span.page}")
    if span.start_s is not None and span.end_s is not None:
        parts.append(f"{clock(span.start_s)}–{clock(span.end_s)}")
    if span.start_row is not None and span.end_row is not None:
        parts.append(f"rows {span.start_row + 1}–{span.end_row}")
    return ", ".join(parts)


def clock(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
