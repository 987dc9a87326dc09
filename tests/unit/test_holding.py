"""Who has a library: told while that process lives, and never of one that is gone."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from mmsearch.errors import LibraryLocked
from mmsearch.holding import HOLDER_FILE, Hold, Holder, holder_of


def _write(folder: Path, holder: Holder) -> None:
    (folder / HOLDER_FILE).write_text(json.dumps(asdict(holder)))


@pytest.fixture
def holder() -> Holder:
    return Holder(os.getpid(), "mmsearch index photos", datetime.now(UTC).isoformat())


def test_the_second_is_told_who_has_it_and_since_when(tmp_path: Path) -> None:
    hold = Hold(tmp_path)
    holder = holder_of(tmp_path)
    assert holder
    assert holder.pid == os.getpid()
    assert abs(datetime.fromisoformat(holder.since) - datetime.now(UTC)) < timedelta(minutes=1)
    with pytest.raises(LibraryLocked) as caught:
        Hold(tmp_path)
    since = datetime.fromisoformat(holder.since).astimezone()
    expected = f"{tmp_path} is open in process {os.getpid()} ({holder.command}), since {since:%Y-%m-%d %H:%M:%S}: "
    assert str(caught.value).startswith(expected)
    hold.announce("http://127.0.0.1:7860", "secret")
    with pytest.raises(LibraryLocked, match=r"is served at http://127\.0\.0\.1:7860 by process") as caught:
        Hold(tmp_path)
    assert "secret" not in str(caught.value)
    hold.release()
    assert holder_of(tmp_path) is None
    Hold(tmp_path).release()


def test_a_process_that_is_gone_is_nobody(tmp_path: Path, holder: Holder) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _write(tmp_path, holder)
    assert holder_of(tmp_path) == holder
    _write(tmp_path, replace(holder, pid=gone.pid))
    assert holder_of(tmp_path) is None
    Hold(tmp_path).release()


@pytest.mark.parametrize("days", [-400, 400])
def test_a_clock_that_was_set_meanwhile_makes_nobody_of_who_lives(tmp_path: Path, days: int) -> None:
    hold = Hold(tmp_path)
    holder = holder_of(tmp_path)
    assert holder
    set_back = datetime.fromisoformat(holder.since) + timedelta(days=days)
    _write(tmp_path, replace(holder, since=set_back.isoformat()))
    assert holder_of(tmp_path)
    assert holder.started_s is not None
    _write(tmp_path, replace(holder, started_s=holder.started_s - 60))
    assert holder_of(tmp_path) is None, "a later process of its number"
    hold.release()


def test_a_later_process_of_the_same_number_is_not_the_holder(tmp_path: Path, holder: Holder) -> None:
    before = datetime.fromtimestamp(psutil.Process().create_time(), UTC) - timedelta(minutes=5)
    _write(tmp_path, replace(holder, since=before.isoformat()))
    assert holder_of(tmp_path) is None


@pytest.mark.parametrize(
    "said", ["", "{", "[]", "{}", '{"pid": "x"}', '{"pid": 1, "command": 2}', '{"pid": 1, "more": 3}']
)
def test_a_file_that_says_nothing_names_nobody(tmp_path: Path, said: str) -> None:
    (tmp_path / HOLDER_FILE).write_text(said)
    assert holder_of(tmp_path) is None


def test_a_holder_that_wrote_nothing_is_another_process(tmp_path: Path) -> None:
    hold = Hold(tmp_path)
    (tmp_path / HOLDER_FILE).unlink()
    with pytest.raises(LibraryLocked, match="is open in another process: wait for it or stop it"):
        Hold(tmp_path)
    hold.release()


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_the_file_is_this_users_alone(tmp_path: Path) -> None:
    hold = Hold(tmp_path)
    assert (tmp_path / HOLDER_FILE).stat().st_mode & 0o777 == 0o600
    hold.release()
