"""How a picture looks in 272 bits: copies in other sizes, formats and qualities differ in few of them.

The bits are pHash (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010): the picture as
64 x 64 grey values, the 16 x 16 lowest frequencies of their two-dimensional DCT-II, and of each whether it is above the
median. The usual 8 x 8 take a page of text for every other page. Brightness alone does not tell a red shirt from a blue
one, so the mean of both colour differences (Cb and Cr of ITU-R BT.601, a byte each) stands behind the bits.
"""

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.calibration import Floats

if TYPE_CHECKING:
    from PIL import Image

SIDE, FREQUENCIES = 64, 16
FLAT = 2.0
"""Grey values (of 255) with a smaller standard deviation show nothing that could be told from something else."""
SAME_BITS, SAME_COLOUR = 24, 4
"""What copies differ in at most: bits of the 256, and levels of each colour difference.

Measured on 125 pictures (the demo's and photographs of COCO): half and quarter size, 160 pixels, JPEG of quality 25,
WebP and GIF differ in 12 bits and 1.5 levels at most, and 6,196 pairs of different pictures in 98 bits at least; of
19,900 pairs of typed pages the nearest differ in 30.
"""

_DIGITS = FREQUENCIES * FREQUENCIES // 4


def perceptual_hash(picture: "Image.Image") -> str:
    """68 hexadecimal digits for an upright picture; empty for one that is all of one brightness."""
    from PIL import Image

    small = picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    grey, *colour = np.moveaxis(np.asarray(small.convert("YCbCr"), dtype=np.float64), -1, 0)
    if grey.std() < FLAT:
        return ""
    low = frequencies(grey)
    bits = np.packbits(low > np.median(low)).tobytes()
    return (bits + bytes(round(difference.mean()) for difference in colour)).hex()


def look_alike(one: str, other: str) -> bool:
    """Whether two hashes are of copies of one picture; two without a hash are not told apart."""
    if not (one and other):
        return one == other
    bits = (int(one[:_DIGITS], 16) ^ int(other[:_DIGITS], 16)).bit_count()
    colours = zip(bytes.fromhex(one[_DIGITS:]), bytes.fromhex(other[_DIGITS:]), strict=True)
    return bits <= SAME_BITS and all(abs(a - b) <= SAME_COLOUR for a, b in colours)


def frequencies(grey: Floats) -> Floats:
    """The 16 x 16 lowest frequencies of a 64 x 64 picture: X[u, v] is the sum over x, y of

    grey[x, y] cos(pi (2x + 1) u / 128) cos(pi (2y + 1) v / 128).
    """
    waves = np.cos(np.pi * np.outer(np.arange(FREQUENCIES), 2 * np.arange(SIDE) + 1) / (2 * SIDE))
    found: Floats = waves @ grey @ waves.T
    return found
