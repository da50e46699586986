"""What an ONNX model takes: the picture that is explained, its layout and size, and the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from onnx import TensorProto, helper

from camcore.classifier import OtherInput
from camcore.errors import InputError, ModelError
from camcore.models.onnx.graph import FLOATING
from camcore.pictures.bands import MAX_BANDS

FREE_SIZE = 224  # side of the input where a model accepts any
_USUAL = (3, 1)  # channels of a picture, the likeliest first
_WHOLE = {TensorProto.UINT8, TensorProto.INT8, TensorProto.INT32, TensorProto.INT64}

Sides = tuple[int | None, ...]


@dataclass(frozen=True)
class Inputs:
    """What a model takes.

    Attributes
    ----------
    name : str
        Of the input that takes the picture that is explained.
    shape : tuple of int
        Height, width, channels of that picture.
    channels_first : bool
        Whether the model wants its channels before its rows.
    batch : int or None
        How many pictures it takes at a time; any number if None.
    types : dict of str to type
        NumPy's type of each input.
    others : tuple of OtherInput
    pictures : tuple of str
        Names of all inputs that could take the picture.
    notes : tuple of str
        What was decided where the model leaves a choice.
    """

    name: str
    shape: tuple[int, int, int]
    channels_first: bool
    batch: int | None
    types: Mapping[str, Any]
    others: tuple[OtherInput, ...]
    pictures: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def axes(self) -> tuple[int, int]:
        """Axes of the input that are rows and columns."""
        return (2, 3) if self.channels_first else (1, 2)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The whole shape of each input, for the batch that the model takes, or one picture."""
        height, width, channels = self.shape
        batch = self.batch or 1
        last = (channels, height, width) if self.channels_first else self.shape
        shapes: dict[str, tuple[int, ...]] = {self.name: (batch, *last)}
        return shapes | {other.name: (batch, *other.shape) for other in self.others}


def read_inputs(
    model: Any, name: str, size: tuple[int, int] | None = None, wanted: str | None = None
) -> Inputs:
    """Which input takes the picture, in which layout, and what the others take.

    Parameters
    ----------
    model : onnx.ModelProto
    name : str
        Of the model, for the words of an error.
    size : tuple of int, optional
        Height and width that a person asks for, where the model accepts any.
    wanted : str, optional
        The input that takes the picture, where several could.

    Raises
    ------
    ModelError
        If the model takes no picture.
    InputError
        If the model takes another size only, or has no such input.
    """
    held = {tensor.name for tensor in model.graph.initializer}
    given = [entry for entry in model.graph.input if entry.name not in held]
    shapes = {entry.name: _sides(entry) for entry in given}
    kinds = {entry.name: entry.type.tensor_type.elem_type for entry in given}
    pictures = {
        entry: layout
        for entry, shape in shapes.items()
        if kinds[entry] in FLOATING | _WHOLE
        and (layout := _layout(model, entry, shape)) is not None
    }
    if wanted is not None and wanted not in shapes:
        raise InputError(f"{name} has no input {wanted!r}; it has {_listed(shapes)}.")
    chosen = wanted if wanted is not None else next(iter(pictures), None)
    if chosen not in pictures or chosen is None:
        what = ", ".join(map(_shown, shapes.values() if wanted is None else [shapes[wanted]]))
        raise ModelError(
            f"{name} takes inputs of shape {what}, not images (batch x channels x height x width, "
            "or batch x height x width x channels)."
        )
    first = pictures[chosen]
    rows, columns, channels = (shapes[chosen][axis] for axis in ((2, 3, 1) if first else (1, 2, 3)))
    shape = _sized(name, (rows, columns, channels), size)
    others = tuple(
        OtherInput(entry, _known(entry, shapes[entry], name), str(_numpy(kinds[entry])))
        for entry in shapes
        if entry != chosen
    )
    notes = []
    if wanted is None and len(pictures) > 1:
        rest = _listed(entry for entry in pictures if entry != chosen)
        notes.append(f"the picture is input {chosen!r}; input={rest} could be chosen too")
    if size is None and (rows is None or columns is None):
        notes.append(
            f"pictures are {shape[0]} x {shape[1]}, as the model takes any size; "
            "input_size= gives another"
        )
    types = {entry: _numpy(kind) for entry, kind in kinds.items()}
    return Inputs(
        chosen, shape, first, shapes[chosen][0], types, others, tuple(pictures), tuple(notes)
    )


def _layout(model: Any, name: str, shape: Sides) -> bool | None:
    """Whether the channels of an input come first, or last; None where it takes no picture."""
    if len(shape) != 4:
        return None
    first, last = shape[1], shape[3]
    possible = [c is not None and 0 < c <= MAX_BANDS for c in (first, last)]
    if not any(possible):
        return None
    if possible == [True, True] and (first in _USUAL) == (last in _USUAL):
        readers = [node for node in model.graph.node if name in node.input]
        turned = [
            list(helper.get_attribute_value(setting))
            for node in readers
            if node.op_type == "Transpose"
            for setting in node.attribute
            if setting.name == "perm"
        ]
        return [0, 3, 1, 2] not in turned
    if possible == [True, True]:
        return first in _USUAL
    return possible[0]


def _sized(
    name: str, sides: tuple[int | None, int | None, int | None], size: tuple[int, int] | None
) -> tuple[int, int, int]:
    if size and any(side not in (None, want) for side, want in zip(sides, size, strict=False)):
        raise InputError(
            f"{name} takes {sides[0]} x {sides[1]} images only, not {size[0]} x {size[1]}."
        )
    height, width = size or (FREE_SIZE, FREE_SIZE)
    return sides[0] or height, sides[1] or width, sides[2] or 1


def _known(input_name: str, shape: Sides, model: str) -> tuple[int, ...]:
    """The shape of another input, without the batch."""
    if not shape or None in shape[1:]:
        raise ModelError(
            f"{model}: its input {input_name!r} takes {_shown(shape)} numbers for one picture; CAM "
            "Audit holds other inputs of a known shape only."
        )
    return tuple(int(side or 1) for side in shape[1:])


def _sides(given: Any) -> Sides:
    return tuple(
        int(side.dim_value) if side.HasField("dim_value") and side.dim_value > 0 else None
        for side in given.type.tensor_type.shape.dim
    )


def _numpy(kind: int) -> Any:
    return helper.tensor_dtype_to_np_dtype(kind)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _shown(shape: Sides) -> str:
    return " x ".join("?" if side is None else str(side) for side in shape) or "one number"
