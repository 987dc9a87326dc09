"""The lock for releases is in step with pyproject.toml: `make lock` writes it anew."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()


def wanted(extra: str = "") -> list[Requirement]:
    """What the project asks for with the extra, and with those that this names."""
    named = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = []
    for requirement in map(Requirement, named):
        if requirement.name == PROJECT["name"]:
            found += [inner for name in requirement.extras for inner in wanted(name)]
        else:
            found.append(requirement)
    return found


def test_every_requirement_is_locked_at_a_version_that_it_allows() -> None:
    locked = {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK, re.M)}
    requirements = [*wanted(), *wanted("all")]
    assert len(requirements) > 40
    wrong = [str(r) for r in requirements if not r.specifier.contains(locked.get(canonicalize_name(r.name), "0"))]
    assert wrong == [], "run make lock"


def test_every_file_is_known_by_its_hash_and_none_by_its_place() -> None:
    entries = re.split(r"^(?=[\w.-]+==)", LOCK, flags=re.M)[1:]
    assert len(entries) > 100
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in LOCK
