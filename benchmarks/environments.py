"""Environments of their own for what is measured beside mmsearch or measures it, each made on first use."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def python_of(name: str) -> Path:
    """The Python of an environment with what `requirements-NAME.txt` names."""
    requirements = HERE / f"requirements-{name}.txt"
    environment = HERE / ".cache" / name
    python, installed = environment / "bin" / "python", environment / requirements.name
    if not installed.is_file() or installed.read_text() != requirements.read_text():
        environment.parent.mkdir(exist_ok=True)
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)
        subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, "-r", requirements], check=True)
        installed.write_text(requirements.read_text())
    return python
