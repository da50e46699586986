"""Forward passes through a module, cut at a layer or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from camcore.classifier import Head
from camcore.errors import ModelError
from camcore.models.geometry.grids import Grid
from camcore.models.geometry.tokens import Tokens
from camcore.models.torch.calls import LastActivations, at_call
from camcore.models.torch.grids import restored, upright
from camcore.models.torch.outputs import Output
from camcore.models.torch.undisturbed import device_of, dtype_of, undisturbed

_CLOSE = 1e-4  # of the spread of the scores: what float32 may lose between two ways to one number


@dataclass(frozen=True)
class Tap:
    """A call of a submodule that hands on a map.

    Attributes
    ----------
    name, kind : str
    shape : tuple of int
        Rows, columns and channels of the map.
    grid : Grid or Tokens
        How the tensor holds it.
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    grid: Grid | Tokens


@dataclass(frozen=True, eq=False)
class Passes:
    """A module as functions of pictures; everything is done under one lock, and undone after.

    Attributes
    ----------
    module : torch.nn.Module
    output : Output
    weights : dict of str to Tensor
        What takes the place of weights of that name.
    bfloat16 : bool
        Whether convolutions and matrix products calculate in bfloat16.
    """

    module: nn.Module
    output: Output
    weights: Mapping[str, torch.Tensor] = field(default_factory=dict)
    bfloat16: bool = False
    _sizes: dict[str, int] = field(default_factory=dict)
    _widening: dict[str, bool] = field(default_factory=dict)

    def like(self, **changes: Any) -> Passes:
        """The same functions with other weights, or in another precision."""
        return replace(self, **changes, _sizes={}, _widening={})

    def scores(self, images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Class scores and probabilities of images (N, H, W, C), each (N, C)."""
        with undisturbed(self.module, bfloat16=self.bfloat16):
            return self.output.columns_of(self._numbers(self._fed(images)))

    def forward(
        self, images: np.ndarray, tap: Tap
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """A layer's own tensor, and scores and probabilities that remember how it made them."""
        leaves: list[torch.Tensor] = []

        def cut(tensor: torch.Tensor) -> torch.Tensor:
            leaves.append(tensor.detach().clone().requires_grad_())
            torch.set_grad_enabled(True)  # from here on; `undisturbed` takes it back
            return leaves[0].clone()  # what is changed in place later is not the layer's tensor

        with undisturbed(self.module, bfloat16=self.bfloat16), at_call(self.module, tap.name, cut):
            sizing = nullcontext() if tap.name in self._sizes else self._sizing(tap, len(images))
            with sizing:
                numbers = self._numbers(self._fed(images))
                scores, probabilities = self.output.columns_of(numbers)
        if not leaves:
            raise self._not_reached(tap)
        return leaves[0], scores, probabilities

    def state_bytes(self, tap: Tap) -> int:
        """What one image's way from a layer to the scores holds in memory, once it was run."""
        return self._sizes.get(tap.name, 0)

    def gradient(
        self, leaf: torch.Tensor, scores: torch.Tensor, counted: torch.Tensor
    ) -> torch.Tensor:
        """The slope of the scores, counted by (N, C), at a layer's own tensor."""
        with undisturbed(self.module):
            (slope,) = torch.autograd.grad(scores, leaf, counted.to(scores), retain_graph=True)
        return slope

    def head(self, image: np.ndarray, tap: Tap) -> Head:
        """The rest of the network behind a layer, for one image (1, H, W, C)."""

        def scores_of(maps: np.ndarray) -> np.ndarray:
            tensor = self._like_weights(torch.from_numpy(np.ascontiguousarray(maps, np.float32)))
            with undisturbed(self.module, bfloat16=self.bfloat16):
                scores = self._behind(self._fed(image), tap, tensor)
            answered: np.ndarray = scores.float().cpu().numpy()
            return answered

        return scores_of

    def _behind(self, picture: torch.Tensor, tap: Tap, given: torch.Tensor) -> torch.Tensor:
        """Scores for a batch of a layer's maps, with all else as one picture has it.

        The way to the layer is run for the picture alone where what joins the way behind it
        spreads over a batch, as addition does; whether it does is tried out once.
        """
        count = len(given)
        if count == 1:
            return self._replaced(picture, tap, given)
        if tap.name not in self._widening:
            self._widening[tap.name] = self._widens(picture, tap, given[:2])
        alone = self._widening[tap.name]
        return self._replaced(
            picture if alone else picture.expand(count, *picture.shape[1:]), tap, given
        )

    def _widens(self, picture: torch.Tensor, tap: Tap, two: torch.Tensor) -> bool:
        """Whether two maps are answered beside one picture as beside that picture twice."""
        wide = self._replaced(picture.expand(2, *picture.shape[1:]), tap, two)
        try:
            narrow = self._replaced(picture, tap, two)
        except (RuntimeError, ValueError, IndexError):  # shapes that do not fit
            return False
        allowed = _CLOSE * max(float(wide.max() - wide.min()), 1e-3)
        return narrow.shape == wide.shape and float((narrow - wide).abs().max()) <= allowed

    def reads(self, images: np.ndarray, tap: Tap, held: Tap | None) -> bool:
        """Whether the scores follow the cells of one map, with another held at what it is."""
        kept: list[torch.Tensor] = []

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            kept.append(tensor.clone())
            return kept[0]  # in a second pass what it was in the first

        def moved(tensor: torch.Tensor) -> torch.Tensor:
            mirrored = upright(tensor, tap.grid).flip(0, 1, 2, 3)
            return restored(mirrored + 1, tap.grid, tensor)

        def numbers(*hooks: AbstractContextManager[None]) -> torch.Tensor:
            with undisturbed(self.module), ExitStack() as entered:
                for hook in hooks:
                    entered.enter_context(hook)
                return self._numbers(self._fed(images))

        holding = [] if held is None else [held.name]
        before = numbers(*(at_call(self.module, name, keep) for name in holding))
        after = numbers(
            *(at_call(self.module, name, keep) for name in holding),
            at_call(self.module, tap.name, moved),
        )
        return not torch.equal(before, after)

    def _replaced(self, pictures: torch.Tensor, tap: Tap, given: torch.Tensor) -> torch.Tensor:
        reached: list[str] = []

        def replaced(tensor: torch.Tensor) -> torch.Tensor:
            reached.append(tap.name)
            return restored(given, tap.grid, tensor).clone()

        with at_call(self.module, tap.name, replaced):
            scores, _ = self.output.columns_of(self._numbers(pictures))
        if not reached:
            raise self._not_reached(tap)
        return scores

    def _numbers(self, pictures: torch.Tensor) -> torch.Tensor:
        noted = LastActivations() if self.output.place is not None else None
        with noted or nullcontext():
            if self.weights:
                answered = torch.func.functional_call(self.module, dict(self.weights), (pictures,))
            else:
                answered = self.module(pictures)
        return self.output.read(answered, noted)

    def _fed(self, images: np.ndarray) -> torch.Tensor:
        return as_pictures(self.module, images)

    def _like_weights(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(device_of(self.module), dtype_of(self.module))

    @contextmanager
    def _sizing(self, tap: Tap, images: int) -> Iterator[None]:
        """Note how much memory a pass keeps for the way back, weights apart."""
        weights = {
            tensor.untyped_storage().data_ptr()
            for tensor in (
                *self.module.parameters(),
                *self.module.buffers(),
                *self.weights.values(),
            )
        }
        kept: dict[int, int] = {}

        def keep(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in weights:
                kept[storage.data_ptr()] = storage.nbytes()
            return tensor.detach()

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            yield
        self._sizes[tap.name] = -(-sum(kept.values()) // images)

    def _not_reached(self, tap: Tap) -> ModelError:
        return ModelError(
            f"{type(self.module).__name__} did not run its layer {tap.name!r} for this picture; "
            "choose another layer."
        )


def as_pictures(module: nn.Module, images: np.ndarray) -> torch.Tensor:
    """Images (N, H, W, C) as a module takes them: (N, C, H, W), its kind of number, its device."""
    first = np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)
    return torch.from_numpy(first).to(device_of(module), dtype_of(module))
