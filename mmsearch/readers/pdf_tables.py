"""The ruled tables of a PDF, by pdfplumber."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

from mmsearch.readers.decoding import DAMAGED, decoding

if TYPE_CHECKING:
    from pdfplumber.page import Page
    from pdfplumber.pdf import PDF

Box = tuple[float, float, float, float]

_LOG = logging.getLogger(__name__)


class TableFinder:
    """Finds tables page by page; the document is parsed when the first page is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._pdf: PDF | None = None

    def on_page(self, number: int) -> list[tuple[Box, Sequence[Sequence[str]]]]:
        """(box, rows) of the tables with at least two rows and two columns.

        A page that PDFium shows and pdfminer cannot parse has none, and the log says so: its text is there.
        """
        with decoding(self._path):
            import pdfplumber
            from pdfminer.psexceptions import PSException
            from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException
        logging.getLogger("pdfminer").setLevel(logging.ERROR)
        failures: tuple[type[Exception], ...] = (PdfminerException, MalformedPDFException, PSException, *DAMAGED)
        try:
            if self._pdf is None:
                self._file = self._path.open("rb")
                self._pdf = pdfplumber.open(self._file)
            page = self._pdf.pages[number - 1]
            found = list(_tables(page))
            page.close()
        except failures as error:
            _LOG.warning("%s, page %d: no tables, pdfminer stumbles (%s)", self._path, number, type(error).__name__)
            return []
        return found

    def close(self) -> None:
        """Release the file."""
        if self._file is not None:
            self._file.close()


def _tables(page: "Page") -> Iterator[tuple[Box, Sequence[Sequence[str]]]]:
    left, top, right, bottom = page.bbox
    for table in page.find_tables():
        rows = [[" ".join((cell or "").split()) for cell in row] for row in table.extract()]
        cells = [cell for row in rows for cell in row]
        if len(rows) > 1 and len(rows[0]) > 1 and 2 * sum(map(bool, cells)) >= len(cells):
            x0, y0, x1, y1 = table.bbox
            width, height = right - left, bottom - top
            yield (
                (
                    round((x0 - left) / width, 4),
                    round((y0 - top) / height, 4),
                    round((x1 - left) / width, 4),
                    round((y1 - top) / height, 4),
                ),
                rows,
            )
