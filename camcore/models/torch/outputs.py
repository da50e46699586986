"""How a module's output is read: class scores before the last activation, probabilities after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from camcore.classifier import OutputKind
from camcore.errors import InputError, ModelError
from camcore.models.outputs import checked_kind, output_named
from camcore.models.torch.calls import LastActivations
from camcore.models.torch.trace import Result, Trace, named_results


@dataclass(frozen=True)
class Output:
    """One output of a module, in columns that can each be explained.

    Attributes
    ----------
    name : str
    kind : str
        One of `camcore.classifier.OutputKind`.
    units : int
        Numbers for one picture.
    place : int or None
        Which softmax or sigmoid of a pass it comes from, where scores are what that is given.
    """

    name: str
    kind: OutputKind
    units: int
    place: int | None = None

    @property
    def columns(self) -> int:
        """Of the scores."""
        doubled = self.kind == "regression" or self.kind == "sigmoid"
        return 2 * self.units if doubled else self.units

    def read(self, answered: Any, noted: LastActivations | None) -> torch.Tensor:
        """The numbers, (N, units) float32, that scores are made of, from one pass."""
        if self.place is not None and noted is not None:
            tensor = noted.calls[self.place][1]
        else:
            tensor = named_results(answered)[self.name]
        return tensor.reshape(len(tensor), self.units).float()

    def columns_of(self, numbers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Class scores and probabilities, each (N, C)."""
        if self.kind in ("softmax", "logits"):
            return numbers, functional.softmax(numbers, dim=1)
        if self.kind == "log-probability":
            return numbers.clamp(min=float(np.finfo(np.float32).tiny)).log(), numbers
        if self.kind == "multi-label":
            return numbers, torch.sigmoid(numbers)
        if self.kind == "sigmoid":
            scores = torch.cat([-numbers, numbers], dim=1)
            return scores, torch.sigmoid(scores)
        pairs = torch.stack([numbers, -numbers], dim=2).reshape(len(numbers), -1)
        return pairs, pairs


def choose_output(
    trace: Trace, model: str, wanted: str | int | None, kind: OutputKind | None
) -> tuple[Output, tuple[str, ...]]:
    """The output that is explained, and a note for each that was passed over.

    Parameters
    ----------
    trace : Trace
    model : str
        For the words of an error.
    wanted : str or int, optional
        Its name, or its position from 0; by default the first that is one row of numbers.
    kind : str, optional
        How a person says that it is to be read.

    Raises
    ------
    ModelError
        If the output, or each of them, cannot be explained.
    InputError
        If there is no such output, or it cannot be read as wanted.
    """
    results = trace.results
    if not results:
        raise ModelError(
            f"{model} answers with no tensor; give a module that answers with class scores."
        )
    if wanted is not None:
        name = output_named(tuple(results), model, wanted)
        return _read(name, results[name], model, kind), ()
    notes: list[str] = []
    refusals: list[ModelError] = []
    for name, result in results.items():
        try:
            return _read(name, result, model, kind), tuple(notes)
        except ModelError as error:
            refusals.append(error)
            shape = "×".join(map(str, result.value.shape[1:]))
            notes.append(f"output {name!r} ({shape}) is no row of classes and was passed over")
    raise refusals[0]


def _read(name: str, result: Result, model: str, wanted: OutputKind | None) -> Output:
    shape = tuple(result.value.shape[1:])
    units = int(np.prod(shape))
    if not result.value.dim() or not result.value.is_floating_point() or max((*shape, 1)) != units:
        raise ModelError(
            f"{model}: output {name!r} has shape {' x '.join(map(str, shape))} for one image; CAM "
            "Audit explains outputs that are one row of numbers (class scores or regression "
            "values)."
        )
    activation, place = result.activation, result.place
    if wanted:
        kind = checked_kind(wanted, units)
        passed = kind in ("sigmoid", "multi-label") and activation == "sigmoid"
        return Output(name, kind, units, place if passed else None)
    if activation in ("softmax", "log_softmax") and units > 1:
        return Output(name, "softmax", units, place)
    if activation == "sigmoid":
        return Output(name, "sigmoid" if units == 1 else "multi-label", units, place)
    if units == 1:
        return Output(name, "regression", units)
    rows = result.value.reshape(-1, units).float()
    sums_to_one = bool((rows >= 0).all()) and torch.allclose(rows.sum(1), torch.ones(1), atol=1e-3)
    return Output(name, "log-probability" if sums_to_one else "logits", units)


def require_fit(images: np.ndarray, shape: tuple[int, int, int], model: str) -> None:
    """Refuse images that are not (N, *shape).

    Raises
    ------
    InputError
    """
    if images.ndim != 4 or images.shape[1:] != shape:
        raise InputError(
            f"images of shape {images.shape} do not fit {model}, which takes "
            f"(N, {', '.join(map(str, shape))})."
        )
