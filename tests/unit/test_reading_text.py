"""What is read of a document: its segments in order, and each as words."""

from mmsearch.serialisation import for_reading
from mmsearch.types import Segment, Span, Table


def _segment(text: str = "", table: Table | None = None) -> Segment:
    return Segment("s", "d", "/d", "table" if table else "text", Span(), text=text, table=table)


def test_a_table_is_markdown_below_its_text() -> None:
    table = Table(("boat", "built | by"), (("Silver\nDawn", "1917"), ("", "a|b")))
    assert for_reading(_segment(" Our boats. ", table)) == (
        "Our boats.\n\n| boat | built \\| by |\n| --- | --- |\n| Silver Dawn | 1917 |\n|  | a\\|b |"
    )
    assert for_reading(_segment("Alone.")) == "Alone."
    assert for_reading(_segment()) == ""


def test_spans_stand_in_the_order_of_reading() -> None:
    page = (0.1, 0.2, 0.5, 0.4)
    lower = (0.1, 0.6, 0.5, 0.8)
    for ordered in (
        [Span(start_s=0.0, end_s=9.0), Span(start_s=9.5, end_s=20.0), Span(start_s=100.0, end_s=110.0)],
        [Span(start_char=5), Span(start_char=40, part="table 1"), Span(start_char=300), Span(start_char=1_000)],
        [Span(page=2, start_char=900), Span(page=2, box=page), Span(page=2, box=lower), Span(page=10, start_char=5)],
        [Span(part="Sheet", start_row=0), Span(part="Sheet", start_row=100), Span(part="Tides", start_row=0)],
    ):
        assert sorted([ordered[-1], *ordered[:-1]], key=lambda span: span.order) == ordered
