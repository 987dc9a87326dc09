import datetime as dt
import json
import resource
from collections.abc import Sequence
from pathlib import Path

import pytest
from media import document, write_parquet, write_xlsx

from mmsearch.errors import CorruptMedia
from mmsearch.passages import PassageSplitter
from mmsearch.protocols import Reader
from mmsearch.readers.delimited import DelimitedReader
from mmsearch.readers.jsons import JsonLinesReader, JsonReader
from mmsearch.readers.parquet import ParquetReader
from mmsearch.readers.spreadsheet import SpreadsheetReader
from mmsearch.types import Segment, Table


def read(reader: Reader, path: Path) -> list[Segment]:
    return list(reader.read(document(path)))


def table(reader: Reader, path: Path) -> Table:
    (segment,) = read(reader, path)
    assert segment.table is not None
    return segment.table


def csv_table(tmp_path: Path, content: str, name: str = "a.csv") -> Table:
    path = tmp_path / name
    path.write_text(content)
    return table(DelimitedReader(), path)


@pytest.mark.parametrize(
    ("content", "first_row"),
    [
        ("name;price\nTea;1,50\nRice;2,25\n", ("Tea", "1,50")),
        ("id|note\n1|hello, world\n2|a; b\n", ("1", "hello, world")),
        ('id,note\n1,"line one\nline ""two"""\n2,"x, y"\n', ("1", 'line one\nline "two"')),
        ("time,url\n12:30,http://a.b/c?d=1;e=2\n12:31,http://a.b/f\n", ("12:30", "http://a.b/c?d=1;e=2")),
        ("name,motto\nO'Brien,don't stop\nD'Arcy,it's me\n", ("O'Brien", "don't stop")),
        ("a, b\n1, 2\n3, 4\n", ("1", "2")),
        ("code,amount\n007,1.10\n008,2.00\n", ("007", "1.10")),
        ("city\nOslo\nRome\n", ("Oslo",)),
    ],
)
def test_delimiters_and_quotes_are_told_and_cells_stay_as_they_are(
    tmp_path: Path, content: str, first_row: tuple[str, ...]
) -> None:
    assert csv_table(tmp_path, content).rows[0] == first_row


def test_a_tsv_keeps_its_commas(tmp_path: Path) -> None:
    assert csv_table(tmp_path, "a\tb\n1,5\t2,5\n", "a.tsv") == Table(("a", "b"), (("1,5", "2,5"),))


def test_a_table_without_header_has_numbered_columns(tmp_path: Path) -> None:
    assert csv_table(tmp_path, "Ann,30\nBob,25\n") == Table(("column 1", "column 2"), (("Ann", "30"), ("Bob", "25")))


def test_ragged_rows_lose_nothing(tmp_path: Path) -> None:
    found = csv_table(tmp_path, "a,b,c\n1,2\n3,4,5,6\n7,8,9\n")
    assert found.header == ("a", "b", "c", "column 4")
    assert found.rows == (("1", "2", "", ""), ("3", "4", "5", "6"), ("7", "8", "9", ""))


def test_a_row_that_is_too_long_far_below_keeps_its_surplus(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1,x\n" * 300 + "2,y,z,w\n")
    last = read(DelimitedReader(), path)[-1]
    assert last.table is not None
    assert last.table.rows[-1] == ("2", "y | z | w")


def test_windows_repeat_the_header_and_say_which_rows_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("n,square\n" + "".join(f"{n},{n * n}\n" for n in range(45)))
    segments = read(DelimitedReader(20), path)
    assert [(s.span.start_row, s.span.end_row) for s in segments] == [(0, 20), (20, 40), (40, 45)]
    assert [s.table.header for s in segments if s.table] == [("n", "square")] * 3
    assert [row for s in segments if s.table for row in s.table.rows] == [(str(n), str(n * n)) for n in range(45)]
    assert segments[0].metadata["columns"] == ["n", "square"]
    assert segments[0].metadata["column_types"] == ["integer", "integer"]


def test_an_older_encoding_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("prénom;ville\nJosé;Orléans\nZoë;Besançon\nÉlodie;Nîmes\n".encode("cp1252"))
    (segment,) = read(DelimitedReader(), path)
    assert segment.table == Table(("prénom", "ville"), (("José", "Orléans"), ("Zoë", "Besançon"), ("Élodie", "Nîmes")))
    assert segment.metadata["encoding"] == "cp1252"


@pytest.mark.parametrize("content", ["a,b,c\n", "\n\n", ",,\n,,\n"])
def test_a_csv_of_at_most_one_row_reads_or_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)
    if content.strip(",\n"):
        assert table(DelimitedReader(), path).rows == (("a", "b", "c"),)
    else:
        with pytest.raises(CorruptMedia, match=r"a\.csv"):
            read(DelimitedReader(), path)


@pytest.mark.slow
def test_a_million_rows_are_streamed(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("w") as file:
        file.write("id,name,value\n")
        file.writelines(f"{n},name {n},{n}.5\n" for n in range(1_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = sum(len(s.table.rows) for s in DelimitedReader(20).read(document(path)) if s.table)
    assert rows == 1_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


SHEET: Sequence[Sequence[object]] = [
    ["Catches of the fleet", None, None],
    ["Year", "Catch", "Landed on"],
    [2001, 1500, dt.date(2001, 5, 1)],
    [2002, 1750.5, dt.date(2002, 5, 1)],
]


def test_workbooks_give_a_table_a_sheet(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "fleet.xlsx", {"Catch": SHEET, "Nothing": [], "Ships": [["Ship"], ["Aurora"]]})
    first, second = read(SpreadsheetReader(), path)
    assert first.table == Table(
        ("Year", "Catch", "Landed on"), (("2001", "1500", "2001-05-01"), ("2002", "1750.5", "2002-05-01"))
    )
    assert (first.title, first.span.part, first.headings) == ("fleet", "Catch", ("Catch", "Catches of the fleet"))
    assert first.metadata["column_types"] == ["integer", "number", "date"]
    assert second.table == Table(("Ship",), (("Aurora",),))


def test_parquet_knows_its_types(tmp_path: Path) -> None:
    on = [dt.date(2001, 5, 1), None]
    path = write_parquet(
        tmp_path / "a.parquet", {"Year": [2001, None], "On": on, "Share": [0.5, 2.0], "Ok": [True, False]}
    )
    (segment,) = read(ParquetReader(), path)
    assert segment.table is not None
    assert segment.table.rows == (("2001", "2001-05-01", "0.5", "true"), ("", "", "2", "false"))
    assert segment.metadata["column_types"] == ["integer", "date", "number", "boolean"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"a": 1.50, "b": "x"}, {"a": 2, "b": "y"}]',
        '{"a": [1.50, 2], "b": ["x", "y"]}',
        '{"header": ["a", "b"], "rows": [[1.50, "x"], [2, "y"]]}',
        '{"columns": ["a", "b"], "index": [0, 1], "data": [[1.50, "x"], [2, "y"]]}',
        '[["a", "b"], [1.50, "x"], [2, "y"]]',
        '{"a": {"0": 1.50, "1": 2}, "b": {"0": "x", "1": "y"}}',
        '{"count": 2, "items": [{"a": 1.50, "b": "x"}, {"a": 2, "b": "y"}]}',
    ],
)
def test_every_shape_of_a_json_table(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    assert table(JsonReader(PassageSplitter(64)), path) == Table(("a", "b"), (("1.50", "x"), ("2", "y")))


def test_objects_with_different_keys_and_values_inside_values(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": null, "b": {"c": [1.50, "é"]}}, {"a": true, "d": 7}]')
    assert table(JsonReader(PassageSplitter(64)), path) == Table(
        ("a", "b", "d"), (("", '{"c": [1.5, "é"]}', ""), ("true", "", "7"))
    )


@pytest.mark.parametrize("content", ['{"name": "Aurora", "built": 1901}', '["one", "two"]', '"words"', "[[[1, 2], 3]]"])
def test_a_json_that_is_no_table_is_text(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    (segment,) = read(JsonReader(PassageSplitter(64)), path)
    assert (segment.modality, segment.text) == ("text", content)


def test_json_lines_have_the_columns_of_all_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1.50}\n\n{"b": [1, 2], "a": "x"}\n')
    assert table(JsonLinesReader(), path) == Table(("a", "b"), (("1.50", ""), ("x", "[1, 2]")))


@pytest.mark.parametrize(("line", "reason"), [('{"a": 1,', "line 17 is not JSON"), ("[1]", "line 17 is not an object")])
def test_a_broken_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"a": n}) + "\n" for n in range(16)) + line + "\n")
    with pytest.raises(CorruptMedia, match=rf"a\.jsonl, {reason}"):
        next(JsonLinesReader().read(document(path)))
