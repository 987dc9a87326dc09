"""Workbooks of Excel and LibreOffice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.limits import USUAL, FileLimits
from mmsearch.readers.decoding import check_archive, decoding, open_file, version_of
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import cell_text, sheet_segments
from mmsearch.types import Document, Segment, Span, digest


@dataclass(frozen=True, slots=True)
class SpreadsheetReader:
    """The visible sheets in order, one table each, by calamine; the sheet's name is a heading and the span's part."""

    table_rows: int = 20
    limits: FileLimits = USUAL
    suffixes: ClassVar[frozenset[str]] = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"})
    sidecar_suffixes: ClassVar[tuple[str, ...]] = ()

    @property
    def fingerprint(self) -> str:
        return digest("spreadsheet 1", version_of("python-calamine"), self.table_rows)[:16]

    def read(self, document: Document) -> Iterator[Segment]:
        path = document.path
        with decoding(path):
            import python_calamine as calamine
        with open_file(path) as file:
            check_archive(path, file, self.limits)
            try:
                with decoding(path, calamine.CalamineError, ValueError):
                    book = calamine.load_workbook(file)
            except CorruptMedia as error:
                if isinstance(error.__cause__, calamine.PasswordError):
                    raise CorruptMedia(f"{path} is locked with a password") from error
                raise
            origin = Origin(document, "spreadsheet", title_from_name(path), limits=self.limits)
            empty = True
            for sheet in book.sheets_metadata:
                if sheet.visible != calamine.SheetVisibleEnum.Visible or sheet.typ != calamine.SheetTypeEnum.WorkSheet:
                    continue
                with decoding(path, calamine.CalamineError, ValueError):
                    values = book.get_sheet_by_name(sheet.name).to_python()
                for segment in sheet_segments(
                    origin, map(_cells, values), self.table_rows, headings=[sheet.name], place=Span(part=sheet.name)
                ):
                    empty = False
                    yield segment
        if empty:
            raise CorruptMedia(f"{path} holds no rows")


def _cells(row: Sequence[object]) -> list[str]:
    return [cell_text(value) for value in row]
