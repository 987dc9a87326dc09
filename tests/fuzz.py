"""`make fuzz`: one of the targets in `fuzzing`, given words by a fuzzer that watches which lines they reach.

    python tests/fuzz.py TARGET [options of libFuzzer]      without a target it names them

A failure is written below .fuzz/, and given again by `python tests/fuzz.py TARGET FILE`.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(include=["lark", "mmsearch", "webvtt"]):
    import fuzzing
    import webvtt  # noqa: F401 - otherwise imported later, and not watched


def main() -> None:
    if len(sys.argv) < 2:
        print("\n".join(fuzzing.TARGETS))
        return
    target = sys.argv.pop(1)

    def one(content: bytes) -> None:
        fuzzing.run(target, content.decode(errors="surrogateescape"))

    with TemporaryDirectory() as folder:
        words = Path(folder) / "words"
        words.write_text("\n".join(map(_quoted, filter(None, fuzzing.PIECES[target].split(" ")))))
        atheris.Setup([*sys.argv, f"-dict={words}"], one)
        atheris.Fuzz()


def _quoted(piece: str) -> str:
    """As a line of libFuzzer's dictionaries, which know bytes only."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in piece.encode(errors="surrogateescape")) + '"'


if __name__ == "__main__":
    main()
