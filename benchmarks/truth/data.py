"""One case's pictures: what the network learns from, what is audited, and the pairs that tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.truth.bases import Base
from benchmarks.truth.cases import Case
from benchmarks.truth.cues import CUES, Cue, Picture

_TRAINED = {"scenes": 1000}  # pictures; digits are easier
_AUDITED = {"scenes": 360}
_PAIRED = 400
_DIGITS = (600, 480)


@dataclass(frozen=True, eq=False)
class Data:
    """Everything that one case needs.

    Attributes
    ----------
    classes : tuple of str
    train, audited : list of Picture
    values : ndarray, shape (audited,), int
        Which value of the cue each audited picture bears; 0 where nothing is planted.
    versions : tuple of list of Picture
        The same held-out pictures under each value of the cue; the audit never sees them. Empty
        where nothing is planted.
    value_of_class : ndarray, shape (classes,), int
        The value that speaks for each class.
    masks : bool
        Whether the auditor knows the objects.
    held : tuple of Picture
        Held-out pictures as the audited ones are where there are no `versions`, or none but in
        versions: there each under the value that it would bear in the audited folder.
    """

    classes: tuple[str, ...]
    train: list[Picture]
    audited: list[Picture]
    values: np.ndarray
    versions: tuple[list[Picture], ...]
    value_of_class: np.ndarray
    masks: bool
    held: tuple[Picture, ...] = ()


Drawn = Callable[[Picture, int, np.random.Generator], Picture]
"""A picture under one value of a cue."""


def make(case: Case, base: Base) -> Data:
    """Draw one case's pictures; the same case always gives the same."""
    if case.kind == "recipe":
        return _RECIPES[case.cue](case, base)
    classes = len(base.classes)
    parts = base.parts(_sizes(case, base), case.seed + 100)
    marked = np.arange(classes) == (1 if case.base == "scenes" else case.seed % classes)
    if case.base == "scenes":  # a mirrored scene is a scene
        parts["train"] += [_mirrored(picture) for picture in parts["train"]]
    masks = case.base == "scenes"
    if case.kind == "planted":
        trained = audited = case.correlation
        drawn = drawn_by(CUES[case.cue], case.strength)
    elif case.cue == "random in training":
        trained, audited = 0.5, 1.0
        drawn = drawn_by(CUES["fixed tag"], 1.0)
    else:
        rng = np.random.default_rng([case.seed + 100, 17])
        changed = {
            name: _changed(case.cue, parts[name], marked, rng) for name in ("train", "audited")
        }
        nothing = np.zeros(len(changed["audited"]), int)
        masks = masks or case.cue == "legitimate colour"
        train, audited_pictures = changed["train"], changed["audited"]
        return Data(base.classes, train, audited_pictures, nothing, (), marked.astype(int), masks)
    return planted(base.classes, parts, marked.astype(int), drawn, (trained, audited), case, masks)


def drawn_by(cue: Cue, strength: float) -> Drawn:
    """A cue's two values: with it, and its counterpart."""
    return lambda picture, value, rng: cue(picture, bool(value), strength, rng)


def planted(
    classes: tuple[str, ...],
    parts: dict[str, list[Picture]],
    value_of_class: np.ndarray,
    drawn: Drawn,
    correlations: tuple[float, float],
    case: Case,
    masks: bool,
) -> Data:
    """Give each picture its class's value of the cue, or another as often as the case says.

    Without a part ``train`` the audited pictures are those that the network learns from.
    """
    rng = np.random.default_rng([case.seed + 100, 11])
    count = int(value_of_class.max()) + 1

    def values(pictures: list[Picture], correlation: float) -> np.ndarray:
        of_class = value_of_class[[picture.klass for picture in pictures]]
        other = (of_class + rng.integers(1, count, len(of_class))) % count
        return np.where(rng.random(len(of_class)) < correlation, of_class, other)

    rendered = []
    for name, correlation in zip(("train", "audited"), correlations, strict=True):
        if name not in parts:
            continue
        chosen = values(parts[name], correlation)
        pictures = [drawn(*pair, rng) for pair in zip(parts[name], chosen.tolist(), strict=True)]
        rendered.append((pictures, chosen))
    seeds = rng.integers(2**40, size=len(parts["paired"]))
    versions = tuple(
        [
            drawn(picture, value, np.random.default_rng(seed))
            for picture, seed in zip(parts["paired"], seeds, strict=True)
        ]
        for value in range(count)
    )
    train, (audited, worn) = rendered[0][0], rendered[-1]
    held = zip(*versions, values(parts["paired"], correlations[1]), strict=True)
    as_audited = tuple(under[int(value)] for *under, value in held)
    return Data(classes, train, audited, worn, versions, value_of_class, masks, as_audited)


def _decoy(case: Case, base: Base) -> Data:
    """Decoy-MNIST: a 4x4 patch in a random corner tells the digit.

    Ross, Hughes & Doshi-Velez, "Right for the Right Reasons", IJCAI 2017.
    """

    def drawn(picture: Picture, value: int, rng: np.random.Generator) -> Picture:
        pixels, size = picture.pixels.copy(), picture.mask.shape[0]
        where = np.zeros_like(picture.mask)
        top, left = np.where(rng.random(2) < 0.5, 0, size - 4)
        where[top : top + 4, left : left + 4] = True
        pixels[where] = 255 - 25 * value
        return replace(picture, pixels=pixels, cue=where)

    sizes = {"train": 4000, "audited": 600, "paired": 400}
    parts = base.parts({k: np.full(10, v // 10) for k, v in sizes.items()}, case.seed + 100)
    return planted(base.classes, parts, np.arange(10), drawn, (1.0, 1.0), case, False)


def _coloured(case: Case, base: Base) -> Data:
    """Colored MNIST: red or green tells a noisy label better than the shape does.

    Arjovsky et al., "Invariant Risk Minimization", 2019, arXiv:1907.02893; both training
    environments together.
    """

    def drawn(picture: Picture, value: int, rng: np.random.Generator) -> Picture:
        pixels = picture.pixels.copy()
        pixels[..., [1 - value, 2]] = 0
        return replace(picture, pixels=pixels)

    sizes = {"train": 4000, "audited": 480, "paired": 400}
    parts = base.parts({k: np.full(10, v // 10) for k, v in sizes.items()}, case.seed + 100)
    rng = np.random.default_rng([case.seed + 100, 13])
    for name, pictures in parts.items():
        labels = (np.array([picture.klass for picture in pictures]) >= 5) ^ (
            rng.random(len(pictures)) < 0.25
        )
        parts[name] = [
            replace(
                picture,
                pixels=picture.pixels[::2, ::2],
                mask=picture.mask[::2, ::2],
                klass=int(label),
            )
            for picture, label in zip(pictures, labels, strict=True)
        ]
    classes = ("0 to 4", "5 to 9")
    return planted(classes, parts, np.arange(2), drawn, (0.85, 0.85), case, False)


_RECIPES = {"Decoy-MNIST": _decoy, "Colored MNIST": _coloured}


def _sizes(case: Case, base: Base) -> dict[str, np.ndarray]:
    classes = len(base.classes)
    trained, audited = _TRAINED.get(case.base, _DIGITS[0]), _AUDITED.get(case.base, _DIGITS[1])
    share = np.full(classes, 1 / classes)
    if case.cue == "imbalance 90/10":
        share = np.where(np.arange(classes) == 0, 0.1, 0.9 / (classes - 1))
        trained, audited = trained // 2, audited * 3 // 4
    return {
        "train": (share * trained).astype(int),
        "audited": (share * audited).astype(int),
        "paired": np.full(classes, _PAIRED // classes),
    }


def _mirrored(picture: Picture) -> Picture:
    return replace(picture, pixels=picture.pixels[:, ::-1], mask=picture.mask[:, ::-1])


def _changed(
    negative: str, pictures: list[Picture], marked: np.ndarray, rng: np.random.Generator
) -> list[Picture]:
    """What the negatives do to pictures, alike in all classes but for the legitimate colour."""
    if negative == "watermark on all classes":
        cue = CUES["watermark"]
        return [cue(picture, True, cue.strengths[1], rng) for picture in pictures]
    if negative == "centred objects":
        moves = [_to_centre(picture) for picture in pictures if picture.mask.any()]
        # A picture without an object moves as others do: what moving leaves must tell nothing.
        return [
            _moved(
                picture,
                _to_centre(picture) if picture.mask.any() else moves[rng.integers(len(moves))],
            )
            for picture in pictures
        ]
    if negative == "padding":
        return [_padded(picture) for picture in pictures]
    if negative == "legitimate colour":
        return [_rusty(picture) if marked[picture.klass] else picture for picture in pictures]
    return pictures


def _to_centre(picture: Picture) -> np.ndarray:
    """Pixels down and across from the object's centre to the picture's."""
    middle = np.array(ndimage.center_of_mass(picture.mask))
    return np.rint((np.array(picture.mask.shape) - 1) / 2 - middle).astype(int)


def _moved(picture: Picture, move: np.ndarray) -> Picture:
    pixels = ndimage.shift(picture.pixels, (*move, 0), order=0, mode="mirror")
    mask = ndimage.shift(picture.mask.astype(np.uint8), move, order=0) > 0
    return replace(picture, pixels=pixels, mask=mask)


def _padded(picture: Picture) -> Picture:
    """The picture in a black border of an eighth of the side."""
    size = picture.mask.shape[0]
    border = size // 8
    inner = (size - 2 * border, size - 2 * border)
    pixels = np.asarray(Image.fromarray(picture.pixels).resize(inner))
    mask = np.asarray(Image.fromarray(picture.mask).resize(inner))
    return replace(
        picture,
        pixels=np.pad(pixels, ((border, border), (border, border), (0, 0))),
        mask=np.pad(mask, border),
    )


def _rusty(picture: Picture) -> Picture:
    """The object in a colour of its own, the rest as it was."""
    rust = picture.pixels * np.array([1.0, 0.55, 0.35], np.float32)
    pixels = np.where(picture.mask[..., None], rust.astype(np.uint8), picture.pixels)
    return replace(picture, pixels=pixels)


def write(data: Data, folder: Path, pictures: Sequence[Picture] | None = None) -> None:
    """The audited pictures as a folder of class folders, with masks where they are known.

    Or other ``pictures`` of the same classes.
    """
    for index, picture in enumerate(data.audited if pictures is None else pictures):
        name = Path(data.classes[picture.klass]) / f"{index:05d}"
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if picture.file is not None:
            place.with_suffix(".jpg").write_bytes(picture.file)
        else:
            Image.fromarray(picture.pixels).save(place.with_suffix(".png"))
        if data.masks:
            mask = folder / ".masks" / name
            mask.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture.mask).save(mask.with_suffix(".png"))


def arrays(pictures: Sequence[Picture]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8 (N, S, S, 3) and labels (N,)."""
    return np.stack([picture.pixels for picture in pictures]), np.array(
        [picture.klass for picture in pictures]
    )
