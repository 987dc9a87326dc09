"""What one file may hold and cost: a file of a few bytes may ask for far more memory, time and disk than there is."""

from pydantic import BaseModel, ConfigDict, Field

from mmsearch.errors import TooLarge

PICTURE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "DIB", "HEIF", "AVIF")
"""What a picture is taken for by Pillow, whatever it is called: of its others EPS would start a program.

`PIL.Image.init()` comes before it is given to Pillow, which knows only some of them by itself.
"""


class FileLimits(BaseModel):
    """The limits of one document, its embedded pictures and what lies beside it; one over them fails by itself.

    How large a file may be is `indexing.max_file_bytes`, how long its reader may be silent and how much memory it may
    hold `indexing.read_timeout_s` and `indexing.worker_memory_bytes`: these hold where the limits here do not know
    what a file costs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pixels: int = Field(default=178_956_970, ge=1)
    """Of one picture: three bytes each once it is decoded."""
    pages: int = Field(default=20_000, ge=1)
    """Of a PDF, a presentation, a TIFF."""
    rows: int = Field(default=5_000_000, ge=1)
    """Of one table."""
    columns: int = Field(default=16_384, ge=1)
    """Of one table: as many as Excel has."""
    line_chars: int = Field(default=10_000_000, ge=1)
    """Of one row of CSV or one line of JSON Lines, which are read whole."""
    nesting: int = Field(default=200, ge=1, le=400)
    """Of one thing inside another, in HTML and JSON; what calls itself for each is out of stack beyond."""
    unpacked_bytes: int = Field(default=1 << 30, ge=1)
    """Of the parts of an office file together."""
    unpacked_ratio: int = Field(default=200, ge=1)
    """Of those parts to the file itself, where they have more than 64 MiB."""
    recording_s: float = Field(default=43_200.0, gt=0)
    """Of a recording, which is in memory whole while what is said is written down."""
    read_s: float = Field(default=86_400.0, gt=0)
    """To read one document; looked at between its segments."""
    spooled_bytes: int = Field(default=2 << 30, ge=1)
    """Of what was read of one document, on disk until it is written into the library; pictures are in it."""

    def hold(self, limit: str, found: float, said: str) -> None:
        """Raises TooLarge when there is more than the limit of that name; `said` names the file and what it has."""
        most = getattr(self, limit)
        if found > most:
            raise TooLarge(f"{said}; limits.{limit} is {most:,}")


USUAL = FileLimits()
