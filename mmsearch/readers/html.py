"""HTML: the main text under its headings, tables."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.errors import CorruptMedia
from mmsearch.readers.captions import iso_date
from mmsearch.readers.charsets import decode
from mmsearch.readers.decoding import DAMAGED, decoding, read_bytes
from mmsearch.readers.passages import PassageSplitter
from mmsearch.readers.segments import Origin, title_from_name
from mmsearch.readers.tables import sheet_segments
from mmsearch.types import Document, Segment, Span, digest
