"""What can be said of an image without a model: light, colour, texture, and of its file.

A scan measures every image, so the work is kept small: one pass over the gray levels, colour on
a grid of area means, and every region as a weighted sum over the same 24 x 24 blocks, which
eighths, quarters and thirds of a side all fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from camcore.pictures.model_view import Decoded


@dataclass(frozen=True)
class Property:
    """One number about an image.

    Attributes
    ----------
    name : str
        Column in the store, such as ``"luminance@top"``.
    title : str
        Words for people, such as ``"brightness of the top band"``.
    unit : str
        Empty where the number has none.
    family : str
        The cue family that it is evidence for.
    region : str
        Empty for the whole image; ``ring`` is the outer eighth of each side, ``top`` and
        ``bottom`` a third, ``left`` and ``right`` a quarter, ``corners`` four squares of a
        quarter of each side, ``cell-r-c`` one cell of a 4 x 4 grid.
    """

    name: str
    title: str
    unit: str
    family: str
    region: str = ""


_BLOCKS = 24
_SIDE = np.arange(_BLOCKS)
_ALL = _SIDE >= 0
_INNER = (_SIDE >= 3) & (_SIDE < 21)
_OUTER = (_SIDE < 6) | (_SIDE >= 18)
_CORNER_CELLS = {(0, 0), (0, 3), (3, 0), (3, 3)}

# region -> blocks, the words that follow a measure's, cue family
_REGIONS: dict[str, tuple[np.ndarray, str, str]] = {
    "": (np.outer(_ALL, _ALL), "", ""),
    "ring": (~np.outer(_INNER, _INNER), " of the outer ring", "frame"),
    "top": (np.outer(_SIDE < 8, _ALL), " of the top band", "sky/top-band"),
    "bottom": (np.outer(_SIDE >= 16, _ALL), " of the bottom band", "bottom-band"),
    "left": (np.outer(_ALL, _SIDE < 6), " of the left band", "side-band"),
    "right": (np.outer(_ALL, _SIDE >= 18), " of the right band", "side-band"),
    "corners": (np.outer(_OUTER, _OUTER), " of the four corners", "tag"),
} | {
    f"cell-{row}-{column}": (
        np.outer(row == _SIDE // 6, column == _SIDE // 6),
        f" in row {row + 1}, column {column + 1} of 4 x 4",
        "tag" if (row, column) in _CORNER_CELLS else "region",
    )
    for row in range(4)
    for column in range(4)
}

_MASKS = np.stack([blocks.ravel() for blocks, _, _ in _REGIONS.values()])

# name, title, unit, family where it is about the whole image
_EVERYWHERE = (
    ("luminance", "brightness", "L*", "brightness"),
    ("contrast", "contrast", "L*", "brightness"),
    ("lab_a", "red against green", "a*", "colour"),
    ("lab_b", "yellow against blue", "b*", "colour"),
    ("sharpness", "sharpness", "log10", "blur"),
)
_WHOLE = (
    Property("saturation", "saturation", "C*", "colour"),
    Property("high_frequency", "share of the finest detail", "", "noise"),
    Property("noise", "noise", "gray levels", "noise"),
    Property("blockiness", "edges of 8 x 8 blocks", "", "compression"),
    Property("entropy", "entropy of the gray levels", "bits", "noise"),
)


def _in_region(region: str) -> tuple[Property, ...]:
    _, words, of = _REGIONS[region]
    return tuple(
        Property(f"{name}@{region}" if region else name, title + words, unit, of or family, region)
        for name, title, unit, family in _EVERYWHERE
    )


SEEN_PROPERTIES: tuple[Property, ...] = (
    *_in_region(""),
    *_WHOLE,
    *(image_property for region in _REGIONS if region for image_property in _in_region(region)),
)
FILE_PROPERTIES: tuple[Property, ...] = (
    Property("width", "width of the file's picture", "pixels", "dimensions"),
    Property("height", "height of the file's picture", "pixels", "dimensions"),
    Property("aspect", "width divided by height", "", "dimensions"),
    Property("bytes", "size of the file", "bytes", "dimensions"),
    Property("bits_per_pixel", "bits per pixel of the file", "bits", "compression"),
    Property("jpeg_quality", "JPEG quality", "1-100", "compression"),
)
PROPERTIES: tuple[Property, ...] = SEEN_PROPERTIES + FILE_PROPERTIES


def property_names() -> tuple[str, ...]:
    """Names of `PROPERTIES`: what `measure` gives, then what `measure_file` gives."""
    return tuple(image_property.name for image_property in PROPERTIES)


def measure(seen: np.ndarray) -> np.ndarray:
    r"""Everything in `SEEN_PROPERTIES` of one image.

    Parameters
    ----------
    seen : ndarray, shape (H, W, 1) or (H, W, 3), uint8
        sRGB or gray, what a model sees before preprocessing.

    Returns
    -------
    ndarray, shape (len(SEEN_PROPERTIES),), float32
        Always finite.

    Notes
    -----
    - luminance, contrast: mean and standard deviation of the pixels' CIE 1976 :math:`L^*`
      (D65), 0 to 100. lab_a, lab_b, saturation: means of :math:`a^*`, :math:`b^*` and
      :math:`\sqrt{a^{*2} + b^{*2}}` over the blocks' mean colours; 0 for a gray image.
    - The rest is of gray levels :math:`g` (ITU-R BT.601 luma, 0 to 255). sharpness:
      :math:`\log_{10}(1 + v)` where `v` is the mean square of the Laplacian
      :math:`[0\,1\,0;\,1\,{-4}\,1;\,0\,1\,0] * g`.
    - high_frequency: share of the variance that lies within 2 x 2 blocks, which is that of the
      finest band of the orthonormal Haar transform; 3/4 for white noise.
    - noise: standard deviation of white noise by Immerkaer, "Fast noise variance estimation",
      Computer Vision and Image Understanding 64(2), 1996; fine texture counts too.
    - blockiness: :math:`(e - i)/(e + i)`, `e` being the mean step between neighbours across
      the edges of the 8 x 8 grid of JPEG and `i` the mean step anywhere else; -1 to 1.
    - entropy: of the histogram of gray levels, 0 to 8 bits.

    Examples
    --------
    >>> white = dict(zip([p.name for p in SEEN_PROPERTIES],
    ...                  measure(np.full((32, 32, 3), 255, np.uint8)).tolist()))
    >>> round(white["luminance"], 2), round(white["lab_b@ring"], 2), white["noise"]
    (100.0, 0.0, 0.0)
    """
    height, width, channels = seen.shape
    image = Image.fromarray(seen if channels == 3 else seen[..., 0])
    gray = image.convert("L")
    levels = np.pad(np.asarray(gray).astype(np.int16), 1, mode="edge")
    down = _bends(levels, 0)
    inner = levels[1:-1, 1:-1]

    lightness = _lightness(seen)
    middle = lightness.mean()
    lightness -= middle  # small numbers, so that the squares keep their digits
    laplacian = (down[:, 1:-1] + _bends(levels[1:-1], 1)).astype(np.float32)
    blocks = np.zeros((6, _BLOCKS, _BLOCKS))
    for plane, values in enumerate((lightness, lightness**2, laplacian**2)):
        blocks[plane] = _block_means(values)
    if channels == 3:
        small = image.resize((_BLOCKS, _BLOCKS), Image.Resampling.BOX)
        a, b = _opponents(np.asarray(small))
        blocks[3:] = a, b, np.hypot(a, b)

    regions = _region_weights(height, width) @ blocks.reshape(6, -1).T
    light, square, edges, a, b, chroma = regions.T
    spread = np.sqrt(np.maximum(square - light**2, 0.0))
    everywhere = np.stack([light + middle, spread, a, b, np.log10(1.0 + edges)], axis=1)
    whole = (
        chroma[0],
        _finest_share(inner),
        _noise(_bends(down, 1)),
        _blockiness(inner),
        _entropy(gray),
    )
    return np.concatenate([everywhere[0], whole, everywhere[1:].ravel()]).astype(np.float32)


def measure_file(width: int, height: int, size: int, jpeg_quality: float) -> np.ndarray:
    """Everything in `FILE_PROPERTIES`, of a picture of width x height pixels in `size` bytes.

    Returns
    -------
    ndarray, shape (len(FILE_PROPERTIES),), float32
        The last is NaN where `jpeg_quality` is: the file is no JPEG.

    Examples
    --------
    >>> measure_file(200, 100, 5000, 90.0).tolist()
    [200.0, 100.0, 2.0, 5000.0, 2.0, 90.0]
    """
    bits_per_pixel = 8 * size / (width * height)
    return np.array([width, height, width / height, size, bits_per_pixel, jpeg_quality], np.float32)


def file_properties(decoded: Decoded) -> np.ndarray:
    """`measure_file` of a decoded file."""
    return measure_file(decoded.width, decoded.height, decoded.bytes, decoded.jpeg_quality)


# Light and colour


def _linear(levels: np.ndarray) -> np.ndarray:
    value = levels / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_LINEAR = _linear(np.arange(256)).astype(np.float32)
_XYZ = np.array(  # IEC 61966-2-1, D65
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
_TO_WHITE = (_XYZ / _XYZ.sum(axis=1, keepdims=True)).astype(np.float32)  # so that white is 1, 1, 1
_LUMINANCE = _LINEAR * _TO_WHITE[1][:, None]


def _cube_root(t: np.ndarray) -> np.ndarray:
    """CIE 1976: the cube root with a straight line near black."""
    root: np.ndarray = np.cbrt(t)
    dark = t < (6 / 29) ** 3
    np.copyto(root, t * ((29 / 6) ** 2 / 3) + 4 / 29, where=dark)
    return root


def _lightness(seen: np.ndarray) -> np.ndarray:
    """L* of every pixel, shape (H, W) float32, 0 to 100."""
    if seen.shape[2] == 1:
        return np.take(116 * _cube_root(_LINEAR) - 16, seen[..., 0])
    light = np.take(_LUMINANCE[0], seen[..., 0])
    light += np.take(_LUMINANCE[1], seen[..., 1])
    light += np.take(_LUMINANCE[2], seen[..., 2])
    return 116 * _cube_root(light) - 16


def _opponents(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a* and b* of sRGB colours, shape (..., 3) uint8."""
    x, y, z = np.moveaxis(_cube_root(_LINEAR[colours] @ _TO_WHITE.T), -1, 0)
    return 500 * (x - y), 200 * (y - z)


# Blocks and regions


@lru_cache(maxsize=64)
def _starts(length: int) -> np.ndarray:
    """First pixel of each block; pixels belong by their centres, as in Pillow's BOX filter."""
    if length < _BLOCKS:  # too few pixels for disjoint blocks: each takes the one at its centre
        return ((_SIDE + 0.5) * length / _BLOCKS).astype(np.intp)
    return np.floor(_SIDE * length / _BLOCKS + 0.5).astype(np.intp)


@lru_cache(maxsize=64)
def _counts(length: int) -> np.ndarray:
    return np.maximum(np.diff(_starts(length), append=length), 1)


def _block_means(values: np.ndarray) -> np.ndarray:
    height, width = values.shape
    rows = np.add.reduceat(values, _starts(height), axis=0)
    sums = np.add.reduceat(rows, _starts(width), axis=1)
    return sums / np.outer(_counts(height), _counts(width))


@lru_cache(maxsize=64)
def _region_weights(height: int, width: int) -> np.ndarray:
    """Share of each block in each region, (regions, blocks), so that every pixel counts alike."""
    weights = _MASKS * np.outer(_counts(height), _counts(width)).ravel()
    normalised: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return normalised


# Texture


def _bends(levels: np.ndarray, axis: int) -> np.ndarray:
    """Second differences; two shorter along `axis`."""
    bends: np.ndarray
    if axis == 0:
        bends = levels[:-2] - 2 * levels[1:-1] + levels[2:]
    else:
        bends = levels[:, :-2] - 2 * levels[:, 1:-1] + levels[:, 2:]
    return bends


def _noise(bends: np.ndarray) -> float:
    """Immerkaer's sigma, from the bends of bends; the outermost pixels have padded neighbours."""
    inside = bends[1:-1, 1:-1]
    if inside.size == 0:
        return 0.0
    return float(np.sqrt(np.pi / 2) / 6 * np.abs(inside).mean(dtype=np.float64))


def _finest_share(levels: np.ndarray) -> float:
    height, width = (side // 2 * 2 for side in levels.shape)
    if height * width == 0:
        return 0.0
    even = levels[:height, :width].astype(np.float32)
    even -= even.mean()
    total = float((even**2).sum())
    pairs = even[0::2] + even[1::2]
    coarse = float(((pairs[:, 0::2] + pairs[:, 1::2]) ** 2).sum()) / 4
    return min(1.0, max(0.0, 1.0 - coarse / total)) if total > 0 else 0.0


def _blockiness(levels: np.ndarray) -> float:
    steps = (
        np.abs(levels[:, 1:] - levels[:, :-1]).mean(axis=0, dtype=np.float32),
        np.abs(levels[1:] - levels[:-1]).mean(axis=1, dtype=np.float32),
    )
    edges = np.concatenate([means[7::8] for means in steps])
    if edges.size == 0:
        return 0.0
    others = sum(float(means.sum()) for means in steps) - float(edges.sum())
    edge = float(edges.mean())
    inside = others / (sum(means.size for means in steps) - edges.size)
    return (edge - inside) / (edge + inside) if edge + inside > 0 else 0.0


def _entropy(gray: Image.Image) -> float:
    shares = np.array([count for count in gray.histogram() if count], np.float64)
    shares /= shares.sum()
    return max(0.0, float(-(shares * np.log2(shares)).sum()))
