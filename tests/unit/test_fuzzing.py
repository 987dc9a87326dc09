"""Words and files as nobody would write them: nothing but our own errors comes out. `make fuzz` looks for longer."""

import pytest
from fuzzing import PIECES, TARGETS, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ODD = "ſıİK١²½\u2028\ufeff\0\x1b\ud800é漢\U0001f6a2\u202e\u00a0"
"""Characters that become others in lower case, digits that are none, ends of lines, halves."""


def words(target: str) -> st.SearchStrategy[str]:
    pieces = [piece for piece in PIECES[target].split(" ") if piece]
    piece = st.sampled_from(pieces) | st.text(st.sampled_from(ODD) | st.characters(), max_size=3)
    blank = st.sampled_from(["", "", " ", "\n"])
    return st.lists(st.tuples(piece, blank).map("".join), max_size=24).map("".join)


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_but_our_own_errors_comes_out(target: str) -> None:
    @settings(max_examples=150, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(words(target))
    def tried(text: str) -> None:
        run(target, text)

    tried()


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("filter", f"a = {'9' * 5_000}"),
        ("filter", f"a = {'9' * 400}"),
        ("filter", f"a in [1, {'9' * 400}]"),
        ("filter", "(" * 5_000),
        ("filter", "not " * 5_000 + "a = 1"),
        ("value", "10 auguſt 1978"),
        ("json", "[" * 100_000),
        ("json", '[{"a": [' + "9" * 5_000 + "]}]"),
        ("json", '{"a": "\\ud800"}'),
        ("md", "---\ndate: 2024-13-45\n---\nwords"),
        ("md", "---\ntitle: " + "[" * 5_000 + "\n---\nwords"),
    ],
)
def test_what_came_out_once(target: str, text: str) -> None:
    run(target, text)
