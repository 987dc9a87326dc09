"""The models behind the spaces, and the recognisers of speech and lettering: everything that imports torch."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
"""Threads that wait spin by default: where another process wants the processor, or in a sandbox, each of a model's
many small barriers then costs a time slice (measured: 500 ms a query instead of 12). Read when torch is imported."""

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
