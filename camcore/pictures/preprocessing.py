"""How a picture becomes a model's input, and which part of the picture the model saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from camcore.errors import InputError
from camcore.pictures.normalisation import Normalisation
from camcore.pictures.resizing import Resizing

FITS = {
    "stretch": "the whole picture, stretched to the input's shape",
    "crop": "the largest centred part with the input's proportions",
    "pad": "the whole picture with black bars",
}


@dataclass(frozen=True)
class Preprocessing:
    """One convention for the numbers that a network was trained on.

    Attributes
    ----------
    name, title : str
    apply : callable
        Maps (..., C) float32 pixels in 0..255, RGB or gray, to inputs of the same shape.
    """

    name: str
    title: str
    apply: Callable[[np.ndarray], np.ndarray]


def _caffe(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[-1] == 1:
        return pixels - np.float32(117.0)
    return pixels[..., ::-1] - np.array([103.939, 116.779, 123.68], np.float32)


def _torch(pixels: np.ndarray) -> np.ndarray:
    if pixels.shape[-1] == 1:
        return (pixels / np.float32(255) - np.float32(0.449)) / np.float32(0.226)
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    spread = np.array([0.229, 0.224, 0.225], np.float32)
    return (pixels / np.float32(255) - mean) / spread


def _symmetric(pixels: np.ndarray) -> np.ndarray:
    return pixels / np.float32(127.5) - np.float32(1)


# The three published conventions of keras.applications.imagenet_utils, and the plain ones.
PREPROCESSINGS = {
    p.name: p
    for p in (
        Preprocessing("none", "none (0 to 255, or built into the model)", lambda x: x),
        Preprocessing("0-1", "0 to 1 (divide by 255)", lambda x: x / np.float32(255)),
        Preprocessing("-1..1", "-1 to 1 (Inception, Xception, MobileNet)", _symmetric),
        Preprocessing("caffe", "caffe (BGR, ImageNet mean subtracted: VGG, ResNet)", _caffe),
        Preprocessing("torch", "torch (ImageNet mean and spread: DenseNet)", _torch),
    )
}  # fmt: skip


_OF_COLOURS = ("caffe", "torch")


@dataclass(frozen=True)
class Frame:
    """The rectangle of a picture that the model's input, or the grid of a map, covers.

    Attributes
    ----------
    x0, y0, x1, y1 : float
        Edges in source pixels; outside 0..width or 0..height where black bars were added.
    width, height : int
        Size of the source picture in pixels.
    reach : tuple of float (x0, y0, x1, y1), optional
        What the cells of a map speak for, where that is not all of the rectangle that lies on
        the picture, or more: less where the network pads, more where receptive fields go on
        beyond the edges of the outermost cells.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    width: int
    height: int
    reach: tuple[float, float, float, float] | None = None

    def within(self, outer: Frame) -> Frame:
        """The frame, of a model's input, in the picture that the input shows by `outer`.

        Examples
        --------
        >>> grid = Frame(0.0, 0.0, 24.0, 24.0, 28, 28, reach=(0.0, 0.0, 28.0, 28.0))
        >>> grid.within(Frame(0.0, 0.0, 56.0, 28.0, 56, 28))
        Frame(x0=0.0, y0=0.0, x1=48.0, y1=24.0, width=56, height=28, reach=(0.0, 0.0, 56.0, 28.0))
        """
        edges = self._carried(outer, self.x0, self.y0, self.x1, self.y1)
        reach = None if self.reach is None else self._carried(outer, *self.reach)
        return Frame(*edges, outer.width, outer.height, reach)

    def cell_edges(self, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
        """Where the cells of a map in this frame begin and end on the picture.

        The outermost cells go as far as `reach` does; a cell beside the picture is empty.

        Returns
        -------
        down : ndarray, shape (rows + 1,), float64
            In fractions of the height, 0 to 1, ascending.
        across : ndarray, shape (columns + 1,), float64
            In fractions of the width.

        Examples
        --------
        >>> grid = Frame(0.0, 0.0, 24.0, 24.0, 28, 28, reach=(0.0, 0.0, 28.0, 28.0))
        >>> (28 * grid.cell_edges(3, 3)[0]).round(9).tolist()
        [0.0, 8.0, 16.0, 28.0]
        """
        x0, y0, x1, y1 = self.reach or (self.x0, self.y0, self.x1, self.y1)
        sides = (
            (self.y0, self.y1, y0, y1, rows, self.height),
            (self.x0, self.x1, x0, x1, columns, self.width),
        )
        down, across = (
            _cell_edges(start, stop, max(0.0, low), min(float(size), high), cells) / size
            for start, stop, low, high, cells, size in sides
        )
        return down, across

    def _carried(
        self, outer: Frame, x0: float, y0: float, x1: float, y1: float
    ) -> tuple[float, float, float, float]:
        sx, sy = (outer.x1 - outer.x0) / self.width, (outer.y1 - outer.y0) / self.height
        return (
            outer.x0 + x0 * sx,
            outer.y0 + y0 * sy,
            outer.x0 + x1 * sx if x1 != self.width else outer.x1,
            outer.y0 + y1 * sy if y1 != self.height else outer.y1,
        )


def _cell_edges(start: float, stop: float, low: float, high: float, cells: int) -> np.ndarray:
    edges = np.linspace(start, stop, cells + 1)
    edges[0], edges[-1] = min(start, low), max(stop, high)
    return np.clip(edges, low, high)


def whole_frame(width: int, height: int) -> Frame:
    """The frame of all of a picture."""
    return Frame(0.0, 0.0, float(width), float(height), width, height)


def frame_of(width: int, height: int, input_width: int, input_height: int, fit: str) -> Frame:
    """Rectangle of a width x height picture that an input of the given size shows.

    Parameters
    ----------
    fit : str
        One of `FITS`, or a `Resizing` written out, such as ``resize=256 crop=224x224``.

    Raises
    ------
    InputError
        If `fit` is not known, or makes no input of that size.

    Examples
    --------
    >>> frame_of(400, 200, 100, 100, "crop")
    Frame(x0=100.0, y0=0.0, x1=300.0, y1=200.0, width=400, height=200, reach=None)
    >>> frame_of(400, 200, 80, 80, "resize=100 crop=80x80")
    Frame(x0=120.0, y0=20.0, x1=280.0, y1=180.0, width=400, height=200, reach=None)
    """
    if resizing := check_fit(fit):
        return _frame_of_resized(width, height, input_width, input_height, resizing)
    if fit == "stretch":
        return whole_frame(width, height)
    if fit == "pad":
        (across, down), (left, top) = _padded(width, height, input_width, input_height)
        sx, sy = width / across, height / down
        return Frame(
            -left * sx,
            -top * sy,
            (input_width - left) * sx,
            (input_height - top) * sy,
            width,
            height,
        )
    scale = min(width / input_width, height / input_height)
    # Rounding must not lead out of the picture: Pillow refuses an edge below zero.
    half_w = min(input_width * scale, width) / 2
    half_h = min(input_height * scale, height) / 2
    cx, cy = width / 2, height / 2
    return Frame(cx - half_w, cy - half_h, cx + half_w, cy + half_h, width, height)


def check_fit(fit: str) -> Resizing | None:
    """The `Resizing` that a fit writes out, or None for one of `FITS`.

    Raises
    ------
    InputError
        If it is neither.
    """
    resizing = None if fit in FITS else Resizing.parse(fit)
    if resizing is None and fit not in FITS:
        raise InputError(
            f"fit={fit!r} is not known; choose one of {', '.join(FITS)}, or write it out like "
            "'resize=256 filter=bicubic crop=224x224'."
        )
    return resizing


def enough_for(input_shape: tuple[int, int, int], fit: str) -> tuple[int, int] | None:
    """Height and width that are enough of a picture, or None where all of its pixels count.

    Examples
    --------
    >>> enough_for((224, 224, 3), "stretch"), enough_for((224, 224, 3), "resize=256 crop=224x224")
    ((224, 224), (256, 256))
    """
    resizing = check_fit(fit)
    return input_shape[:2] if resizing is None else resizing.enough


def _frame_of_resized(
    width: int, height: int, input_width: int, input_height: int, resizing: Resizing
) -> Frame:
    columns, rows = resizing.seen(width, height)
    if (columns, rows) != (input_width, input_height):
        raise InputError(
            f"fit '{resizing}' makes {rows} x {columns} pixels of a picture of {height} x {width}, "
            f"and the model takes {input_height} x {input_width}."
        )
    (left, top), (across, down) = resizing.corner(width, height), resizing.resized(width, height)
    return Frame(
        left * width / across,
        top * height / down,
        (left + columns) * width / across,
        (top + rows) * height / down,
        width,
        height,
    )


def _padded(
    width: int, height: int, input_width: int, input_height: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Size of the picture between the bars, and where it starts; whole pixels of the input."""
    scale = min(input_width / width, input_height / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    return (across, down), ((input_width - across) // 2, (input_height - down) // 2)


def fit_pixels(
    pixels: np.ndarray, input_shape: tuple[int, int, int], fit: str = "stretch"
) -> tuple[np.ndarray, Frame]:
    """Resize a picture to a model's input (antialiased), before preprocessing.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, C), uint8
        RGB, or as many bands as the model takes.
    input_shape : tuple of int
        Height, width, channels: 1 for gray, made of RGB; 3; or C.
    fit : str
        As for `frame_of`; the filter is bilinear where it names none.

    Returns
    -------
    seen : ndarray, shape input_shape, float32 in 0..255
    frame : Frame

    Raises
    ------
    InputError
        If `fit` is unknown, or the input has more channels than the picture.

    Examples
    --------
    >>> seen, frame = fit_pixels(np.full((20, 40, 3), 255, np.uint8), (10, 10, 1), "pad")
    >>> seen[:, 5, 0].tolist()
    [0.0, 0.0, 255.0, 255.0, 255.0, 255.0, 255.0, 0.0, 0.0, 0.0]
    """
    height, width, channels = input_shape
    if channels not in (1, 3, pixels.shape[2]):
        raise InputError(
            f"the model takes {channels} channels, and this picture has {pixels.shape[2]}; give an "
            f"array or a .npy file of shape (height, width, {channels}), or a TIFF of {channels} "
            "bands."
        )
    frame = frame_of(pixels.shape[1], pixels.shape[0], width, height, fit)
    if pixels.shape[2] == 3:
        images = [Image.fromarray(pixels)]
        if channels == 1:
            images = [images[0].convert("L")]
    else:
        images = [Image.fromarray(np.ascontiguousarray(band)) for band in pixels.transpose(2, 0, 1)]
    fitted = [_fitted(image, width, height, fit, frame) for image in images]
    return np.dstack(fitted).astype(np.float32).reshape(input_shape), frame


def _fitted(image: Image.Image, width: int, height: int, fit: str, frame: Frame) -> np.ndarray:
    if resizing := check_fit(fit):
        return np.asarray(resizing.apply(image))
    if fit == "pad":
        inner, corner = _padded(image.width, image.height, width, height)
        canvas = Image.new(image.mode, (width, height))
        canvas.paste(image.resize(inner, Image.Resampling.BILINEAR), corner)
        return np.asarray(canvas)
    box = (frame.x0, frame.y0, frame.x1, frame.y1)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, box=box))


def preprocess(seen: np.ndarray, name: str) -> np.ndarray:
    """Apply a preprocessing to 0..255 pixels, shape (..., C) float32.

    Parameters
    ----------
    seen : ndarray
    name : str
        As for `preprocessing_named`.

    Raises
    ------
    InputError
        If `name` is not known, or is not for so many channels.

    Examples
    --------
    >>> preprocess(np.array([[0.0, 127.5, 255.0]], np.float32), "-1..1").tolist()
    [[-1.0, 0.0, 1.0]]
    >>> preprocess(np.array([[0.0, 100.0]], np.float32), "scale=0.01 mean=0.5 std=0.25").tolist()
    [[-2.0, 2.0]]
    """
    preprocessing = preprocessing_named(name)
    if name in _OF_COLOURS and seen.shape[-1] not in (1, 3):
        raise InputError(
            f"preprocessing {name!r} is for 1 or 3 channels, and this model takes "
            f"{seen.shape[-1]}; choose none, 0-1 or -1..1."
        )
    return preprocessing.apply(seen)


def preprocessing_named(name: str) -> Preprocessing:
    """One of `PREPROCESSINGS`, or a `Normalisation` that is written out.

    Raises
    ------
    InputError
        If `name` is neither.

    Examples
    --------
    >>> preprocessing_named("scale=0.0039 mean=0.485,0.456,0.406 std=0.25,0.25,0.25").title
    'pixels × 0.0039, mean 0.485, 0.456, 0.406, spread 0.25, 0.25, 0.25'
    """
    if name in PREPROCESSINGS:
        return PREPROCESSINGS[name]
    if (normalisation := Normalisation.parse(name)) is not None:
        return Preprocessing(name, normalisation.title, normalisation.apply)
    choices = ", ".join(PREPROCESSINGS)
    raise InputError(
        f"preprocessing {name!r} is not known; choose one of {choices}, or write it out like "
        "'scale=0.00392 mean=0.5,0.5,0.5 std=0.5,0.5,0.5'."
    )
