"""The report of the quality benchmark: new figures take the place of old ones, and nothing else changes."""

from pathlib import Path

import pytest

from benchmarks.quality_report import Measured, Target, check, write

PLACES = """# Report

<!-- measured: targets -->
<!-- end: targets -->

prose

<!-- measured: sea -->
<!-- end: sea -->
<!-- measured: sea floor -->
<!-- end: sea floor -->
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "QUALITY.md"
    file.write_text(PLACES, encoding="utf-8")
    return file


def measured(name: str, value: float) -> Measured:
    return Measured(f"table of {name}: {value}", [Target(name, "nDCG@10", value, 0.7)])


def test_measured_again_replaces_the_tables_and_targets_of_that_set_only(report: Path) -> None:
    write(report, "sea", measured("sea", 0.6))
    write(report, "sea floor", measured("sea floor", 0.8))
    write(report, "sea", measured("sea", 0.75))
    text = report.read_text(encoding="utf-8")
    assert text.index("| sea |") < text.index("| sea floor |")
    assert "table of sea: 0.75" in text
    assert "table of sea floor: 0.8" in text
    assert "0.6" not in text
    assert "| sea | nDCG@10 | 0.7500 | at least 0.70 | yes |" in text
    assert text.count("| sea floor | nDCG@10 |") == 1
    assert text.startswith("# Report\n")
    assert "\nprose\n" in text


@pytest.mark.parametrize(
    ("measured", "at_most", "reached"),
    [(0.6999, False, "**no**"), (0.7, False, "yes"), (0.7, True, "yes"), (0.70001, True, "**no**")],
)
def test_a_target_is_reached_by_the_unrounded_figure(measured: float, at_most: bool, reached: str) -> None:
    assert Target("sea", "it", measured, 0.7, at_most).row[-1] == reached


def test_a_report_without_the_place_is_refused_before_anything_is_measured(report: Path) -> None:
    check(report, ["sea"])
    with pytest.raises(SystemExit, match="no place for shore"):
        check(report, ["sea", "shore"])
