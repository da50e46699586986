"""What a Keras model takes: the picture that is explained, and whether it scales pixels itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, prod
from typing import Any

import keras

from camcore.classifier import OtherInput
from camcore.errors import InputError, ModelError
from camcore.models.keras.application_structure import application_of
from camcore.models.keras.built_in_scaling import built_in_scaling
from camcore.models.keras.traced_graph import TracedGraph
from camcore.pictures.bands import MAX_BANDS

FREE_SIZE = 224  # side of the input where a model accepts any
_LEAST_SIDE = 8  # of a picture whose pixels come in one row: fewer are a table's columns


@dataclass(frozen=True)
class Inputs:
    """What a model takes.

    Attributes
    ----------
    name : str
        Of the input that takes the picture that is explained; empty where it has no name.
    shape : tuple of int
        Height, width, channels of that picture.
    taken : tuple of int
        What the model wants one picture as: without a channel axis, in one row, or with the
        channels first.
    dtype : str
    others : tuple of OtherInput
    pictures : tuple of str
        Names of all inputs that could take the picture.
    notes : tuple of str
        What was decided where the model leaves a choice.
    """

    name: str
    shape: tuple[int, int, int]
    taken: tuple[int, ...]
    dtype: str
    others: tuple[OtherInput, ...]
    pictures: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ToldPreprocessing:
    """What a model tells of the numbers that it takes.

    Attributes
    ----------
    certain : str or None
        The preprocessing, where the model leaves no doubt.
    likely : str
        What to take otherwise.
    notes : tuple of str
        Why, where it is not read off the model's own operations.
    """

    certain: str | None
    likely: str = "0-1"
    notes: tuple[str, ...] = ()


def known_preprocessing(inputs: Inputs, graph: TracedGraph, scores: Any) -> ToldPreprocessing:
    """The preprocessing that the model itself tells.

    Whole numbers can only be 0 to 255: a model that takes them scales them itself.
    """
    if "int" in inputs.dtype:
        return ToldPreprocessing("none")
    built_in = built_in_scaling(graph)
    application = None if built_in else application_of(graph, scores)
    if application is None:
        return ToldPreprocessing(built_in)
    name, scaling = application.name, application.preprocessing
    if application.whole:
        note = f"its convolutions and classes are those of {name}, which takes pixels as {scaling}"
        return ToldPreprocessing(scaling, scaling, (note,))
    note = (
        f"its convolutions are those of {name}, which takes pixels as {scaling}; whoever trained "
        "its head may have scaled them otherwise"
    )
    return ToldPreprocessing(None, scaling, (note,))


def read_inputs(
    model: Any, name: str, size: tuple[int, int] | None = None, wanted: str | None = None
) -> Inputs:
    """Which input takes the picture, and what the others take.

    Parameters
    ----------
    name : str
        Of the model, for the words of an error.
    size : tuple of int, optional
        Height and width that a person asks for, where the model accepts any.
    wanted : str, optional
        The input that takes the picture, where several could.

    Raises
    ------
    ModelError
        If the model takes no picture, or does not say of what size.
    InputError
        If the model takes another size only, or has no such input.
    """
    tensors = list(getattr(model, "inputs", None) or ())
    if not tensors:
        return _undescribed(model, name, size, wanted)
    shapes = {_name(tensor): tuple(tensor.shape)[1:] for tensor in tensors}
    dtypes = {_name(tensor): keras.backend.standardize_dtype(tensor.dtype) for tensor in tensors}
    if "string" in dtypes.values():
        raise ModelError(f"{name} takes text, which CAM Audit cannot hold at a value.")
    pictures = _takers(shapes)
    if wanted is not None and wanted not in shapes:
        raise InputError(f"{name} has no input {wanted!r}; it has {_listed(shapes)}.")
    chosen = wanted if wanted is not None else next(iter(pictures), None)
    if chosen not in pictures:
        what = ", ".join(map(_shown_shape, shapes.values() if wanted is None else [shapes[wanted]]))
        raise ModelError(
            f"{name} takes inputs of shape {what}, not images (height x width x channels)."
        )
    shape = _sized(name, pictures[chosen], size)
    taken = shape if len(shapes[chosen]) == 3 else shape[: len(shapes[chosen])]
    if _channels_first(shapes[chosen]):
        taken = shape[2], shape[0], shape[1]
    if len(shapes[chosen]) == 1:
        taken = (prod(shape),)
    others = tuple(
        OtherInput(other, _known(other, shapes[other], shape, name), dtypes[other])
        for other in shapes
        if other != chosen
    )
    notes = []
    if wanted is None and len(pictures) > 1:
        rest = _listed(other for other in pictures if other != chosen)
        notes.append(f"the picture is input {chosen!r}; input={rest} could be chosen too")
    if len(taken) == 1:
        read = "gray" if shape[2] == 1 else "RGB"
        notes.append(f"the {taken[0]:,} values of a picture are read as {read}, row by row")
    return Inputs(chosen, shape, taken, dtypes[chosen], others, tuple(pictures), tuple(notes))


def _undescribed(model: Any, name: str, size: tuple[int, int] | None, wanted: str | None) -> Inputs:
    """The input of a subclassed model, which knows at most what it was called with last."""
    if wanted is not None:
        raise InputError(f"{name} names none of its inputs, so there is no input {wanted!r}.")
    build = model.get_build_config() if hasattr(model, "get_build_config") else None
    called = (build or {}).get("input_shape")
    shape: tuple[Any, ...] = (None, None, 3)
    if (
        isinstance(called, (list, tuple))
        and len(called) == 4
        and all(n is None or type(n) is int for n in called)
    ):
        shape = tuple(called)[1:]
    notes: tuple[str, ...] = ()
    if size is None:
        if None in shape:
            raise ModelError(
                f"{name} does not say what size of picture it takes; give "
                "input_size=(height, width)."
            )
        size = shape[0], shape[1]
        notes = (f"pictures are {size[0]} x {size[1]}, as the model was built; "
                 "input_size= gives another size",)  # fmt: skip
    full = *size, shape[2] or 3
    return Inputs("", full, full, "float32", (), (), notes)


def _takers(shapes: dict[str, tuple[int | None, ...]]) -> dict[str, tuple[int | None, ...]]:
    """Inputs that can take a picture, as height x width x channels, the likeliest first."""
    kinds: list[dict[str, tuple[int | None, ...]]] = [{}, {}, {}, {}]
    for name, shape in shapes.items():
        if _channels_first(shape):
            kinds[0][name] = *shape[1:], shape[0]
        elif len(shape) == 3 and shape[2] is not None:
            kinds[0 if shape[2] in (1, 3) else 1][name] = shape
        elif len(shape) == 2 and (
            None in shape or all((side or 0) >= _LEAST_SIDE for side in shape)
        ):
            kinds[2][name] = (*shape, 1)
        elif len(shape) == 1 and shape[0] and (picture := _unrolled(shape[0])):
            kinds[3][name] = picture
    return kinds[0] | kinds[1] | kinds[2] | kinds[3]


def _channels_first(shape: tuple[int | None, ...]) -> bool:
    """Whether an input takes gray or RGB pictures as channels x height x width."""
    return (
        len(shape) == 3
        and shape[0] in (1, 3)
        and all(side is None or side >= _LEAST_SIDE for side in shape[1:])
    )


def _unrolled(count: int) -> tuple[int, int, int] | None:
    """The square picture whose pixels make a row of so many numbers: gray, else RGB."""
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side >= _LEAST_SIDE and side * side * channels == count:
            return side, side, channels
    return None


def _sized(
    name: str, shape: tuple[int | None, ...], size: tuple[int, int] | None
) -> tuple[int, int, int]:
    height, width = size or (FREE_SIZE, FREE_SIZE)
    if size and any(side not in (None, want) for side, want in zip(shape, size, strict=False)):
        raise InputError(
            f"{name} takes {shape[0]} x {shape[1]} images only, not {height} x {width}."
        )
    channels = shape[2] or 1
    if channels > MAX_BANDS:
        raise ModelError(f"{name} takes images of {channels} channels; at most {MAX_BANDS} go.")
    return shape[0] or height, shape[1] or width, channels


def _known(
    input_name: str, shape: tuple[int | None, ...], picture: tuple[int, int, int], model: str
) -> tuple[int, ...]:
    """The shape of another input; where it takes pictures of any size, that of the picture."""
    if len(shape) == 3 and shape[2] is not None:
        return shape[0] or picture[0], shape[1] or picture[1], shape[2]
    if None in shape:
        raise ModelError(
            f"{model}: its input {input_name!r} takes {_shown_shape(shape)} numbers for one "
            "picture; CAM Audit holds other inputs of a known shape only."
        )
    return tuple(size for size in shape if size is not None)


def _name(tensor: Any) -> str:
    return str(tensor.name).split(":")[0]


def _listed(names: Any) -> str:
    return ", ".join(map(repr, names))


def _shown_shape(shape: Any) -> str:
    return " x ".join("?" if size is None else str(size) for size in shape) or "one number"
