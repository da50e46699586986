"""The pictures that cues are planted in: crops of rendered scenes, and digits."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.truth.cues import Picture
from camcore.making.digits import render_digit
from camcore.making.mnist import load_mnist
from camcore.making.scenes import render_scene

ALIKE = (3, 5, 8, 9)
"""The digits that are most easily taken for each other: a cue is worth learning."""

_SCENES = 3600
_DIGITS = 800  # drawn, of each digit
_SIDE = 48  # of a crop of a scene
_AROUND = 1.5  # sides of the tank's box
_SEEN = 0.04  # of a crop: what the tank must cover to be no riddle
_INK = 64  # a digit's object is where there is this much ink


@dataclass(frozen=True, eq=False)
class Base:
    """A stock of pictures without any cue.

    Attributes
    ----------
    name : str
    classes : tuple of str
    pixels : ndarray, shape (N, S, S, 3), uint8, or list of ndarray, shape (H, W, 3)
        Photographs differ in size.
    masks : ndarray, shape (N, S, S), bool, or list of ndarray, shape (H, W)
        The object; all False where there is none, or none is known.
    labels : ndarray, shape (N,), int
    """

    name: str
    classes: tuple[str, ...]
    pixels: Sequence[np.ndarray] | np.ndarray
    masks: Sequence[np.ndarray] | np.ndarray
    labels: np.ndarray

    def parts(self, sizes: dict[str, np.ndarray], seed: int) -> dict[str, list[Picture]]:
        """Disjoint random parts.

        Parameters
        ----------
        sizes : dict
            Name of a part -> pictures of each class in it, shape (classes,).
        seed : int
        """
        rng = np.random.default_rng([seed, 7])
        stock = [rng.permutation(np.flatnonzero(self.labels == k)) for k in range(self._count)]
        used = np.zeros(self._count, int)
        parts: dict[str, list[Picture]] = {}
        for name, counts in sizes.items():
            chosen = np.concatenate(
                [
                    indices[start : start + n]
                    for indices, start, n in zip(stock, used, counts, strict=True)
                ]
            )
            used = used + counts
            assert (used <= [len(indices) for indices in stock]).all(), (
                f"{self.name} has too few pictures"
            )
            parts[name] = [
                Picture(self.pixels[i], self.masks[i], int(self.labels[i]))
                for i in rng.permutation(chosen)
            ]
        return parts

    @property
    def _count(self) -> int:
        return len(self.classes)


@lru_cache(maxsize=2)
def load_base(name: str, stock: Path, mnist: Path | None) -> Base:
    """The stock of pictures of one name, rendered once and then kept in the folder `stock`.

    Parameters
    ----------
    name : {"scenes", "digits", "mnist", "mnist-10"}
    stock : Path
    mnist : Path, optional
        An ``mnist.npz``, for the bases of that name.
    """
    if name == "mnist":
        return _of_mnist(name, ALIKE, mnist)
    if name == "mnist-10":
        return _of_mnist(name, tuple(range(10)), mnist)
    file = stock / f"{name}.npz"
    if not file.exists():
        stock.mkdir(parents=True, exist_ok=True)
        pixels, masks, labels = _RENDERED[name]()
        partial = file.with_suffix(f".{os.getpid()}.npz")
        np.savez(partial, pixels=pixels, masks=masks, labels=labels)
        os.replace(partial, file)
    with np.load(file) as held:
        classes = ("forest", "tank") if name == "scenes" else tuple(map(str, ALIKE))
        return Base(name, classes, held["pixels"], held["masks"], held["labels"])


def _of_mnist(name: str, digits: tuple[int, ...], mnist: Path | None) -> Base:
    data = load_mnist(mnist)
    ink = np.concatenate([data.train_pixels, data.test_pixels])
    labels = np.concatenate([data.train_labels, data.test_labels])
    kept = np.isin(labels, digits)
    ink, labels = ink[kept], labels[kept]
    return Base(
        name,
        tuple(map(str, digits)),
        np.repeat(ink[..., None], 3, axis=-1),
        ink > _INK,
        np.searchsorted(digits, labels),
    )


def _rendered_digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels = np.repeat(np.arange(len(ALIKE)), _DIGITS)
    ink = np.stack([render_digit(ALIKE[label], seed) for seed, label in enumerate(labels)])
    return np.repeat(ink[..., None], 3, axis=-1), ink > _INK, labels


def _rendered_scenes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seeds = np.random.default_rng(2026).choice(2**40, 2 * _SCENES, replace=False)
    tanks = np.arange(len(seeds)) % 2
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as workers:
        crops = workers.map(_crop, seeds.tolist(), tanks.tolist(), chunksize=50)
        kept = list(islice((crop for crop in crops if crop is not None), _SCENES))
        workers.shutdown(cancel_futures=True)
    pixels, masks, labels = zip(*kept, strict=True)
    return np.stack(pixels), np.stack(masks), np.array(labels)


def _crop(seed: int, tank: int) -> tuple[np.ndarray, np.ndarray, int] | None:
    """A square of a scene around the tank that stands, or could stand, in it, and its class.

    None where the tank is hardly to be seen.
    """
    rng = np.random.default_rng([seed, 3])
    sunny = bool(rng.random() < 0.5)
    scene = place = render_scene(tank=True, sunny=sunny, seed=seed)
    down, across = np.nonzero(place.mask)
    if len(down) == 0:
        return None
    extent = max(np.ptp(down), np.ptp(across)) + 1
    limit = place.mask.shape[0]
    side = int(np.clip(_AROUND * extent, _SIDE // 2, limit))
    if len(down) < _SEEN * side**2:
        return None
    if not tank:
        scene = render_scene(tank=False, sunny=sunny, seed=seed)
    middle = np.array([down.mean(), across.mean()]) + rng.uniform(-0.2, 0.2, 2) * extent
    top, left = np.clip(middle - side / 2, 0, limit - side).astype(int)
    box = (left, top, left + side, top + side)
    size = (_SIDE, _SIDE)
    pixels = Image.fromarray(scene.pixels).resize(size, Image.Resampling.BICUBIC, box)
    cover = Image.fromarray(np.uint8(255 * scene.mask)).resize(size, Image.Resampling.BOX, box)
    return np.asarray(pixels), np.asarray(cover) >= 128, tank


_RENDERED: dict[str, Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray]]] = {
    "scenes": _rendered_scenes,
    "digits": _rendered_digits,
}
