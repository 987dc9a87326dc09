from collections.abc import Callable
from pathlib import Path

import pytest

from mmsearch.errors import CorruptMedia
from mmsearch.readers.charsets import decode, encoding_of

SAMPLES = {
    "cp1252": "Le phare éclaire la côte, à 3 m d'ici. Les bateaux rentrent très tôt. Façade, œuvre, “café”.",
    "cp1251": "Маяк стоит на мысе. Корабли возвращаются на рассвете.",
    "koi8-r": "Маяк стоит на мысе. Корабли ещё не вернулись домой.",
    "cp932": "灯台は岬にあります。船は夜明けに帰ってきます。",
    "euc-jp": "灯台は岬にあります。船は夜明けに帰ってきます。",
    "gb18030": "灯塔在海角上。船只在黎明时分返航。",
    "big5": "燈塔在海角上。船隻在黎明時分返航。",
    "cp949": "등대는 곶에 있습니다. 배는 새벽에 돌아옵니다.",
    "cp1250": "Maják stojí na ostrohu. Příliš žluťoučký kůň úpěl ďábelské ódy.",
    "cp1253": "Ο φάρος είναι στο ακρωτήριο.",
    "cp1256": "المنارة تقف على الرأس.",
    "cp874": "ประภาคารตั้งอยู่บนแหลม",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_text_in_an_older_encoding_reads_as_it_was_written(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(SAMPLES[encoding].encode(encoding))
    assert decode(path) == (SAMPLES[encoding], encoding_of(path))
    assert encoding_of(path) != "utf-8"


@pytest.mark.parametrize(
    "text",
    ["Café am Hafen.", "José", "El niño llegó ayer", "it’s – well – “quoted”", "25 °C ± 3 µm", "prix: 3 € à Nîmes"],
)
def test_a_few_accents_are_western(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode("cp1252"))
    assert decode(path)[0] == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_is_known_by_its_mark_or_by_being_valid(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Café 灯台\r\n".encode(encoding))
    assert decode(path) == ("Café 灯台\r\n", encoding)
    assert encoding_of(path) == encoding


def test_utf8_across_a_chunk_of_the_file_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * ((1 << 20) + 3) + "é".encode() * 4)
    assert encoding_of(path) == "utf-8"


@pytest.mark.parametrize("first", ["utf-8", "cp1252"])
@pytest.mark.parametrize("ask", [decode, encoding_of])
def test_two_encodings_in_one_file_are_refused_with_the_place(
    tmp_path: Path, first: str, ask: Callable[[Path], object]
) -> None:
    path = tmp_path / "mixed.csv"
    second = "cp1252" if first == "utf-8" else "utf-8"
    path.write_bytes("name\nMüller\nJosé\n".encode(first) + "Zoë\nÅsa\n".encode(second))
    place = len("name\nMüller\nJosé\nZo".encode()) if first == "utf-8" else len("name\nM")
    with pytest.raises(CorruptMedia, match=rf"mixed\.csv mixes encodings: UTF-8, and at byte {place} "):
        ask(path)


def test_nul_bytes_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc\0def")
    with pytest.raises(CorruptMedia, match="NUL at byte 3"):
        decode(path)


@pytest.mark.parametrize("content", [b"", b" \r\n\t\n"])
def test_nothing_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(CorruptMedia, match=r"a\.txt .*(empty|white space)"):
        decode(path)


def test_a_page_may_declare_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes("Plzeň".encode("iso-8859-2"))
    assert decode(path, "iso-8859-2") == ("Plzeň", "iso-8859-2")
