"""`python -m mmsearch.cli`."""

from mmsearch.cli import app

app()
