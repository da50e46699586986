"""One forward pass of a module, kept as what computes what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from camcore.models.geometry.grids import Place
from camcore.models.torch.calls import LastActivations, every_call
from camcore.models.torch.places import Given, of_pixels, place_behind
from camcore.models.torch.undisturbed import undisturbed

# Modules that repeat or thin out a map rather than make one; the module that feeds them is shown.
_PASSIVE = (
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.LPPool2d,
    nn.FractionalMaxPool2d, nn.Dropout, nn.Dropout2d, nn.AlphaDropout, nn.FeatureAlphaDropout,
    nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ConstantPad2d, nn.CircularPad2d,
    nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d, nn.PixelShuffle,
    nn.PixelUnshuffle, nn.ChannelShuffle, nn.Identity, nn.Flatten, nn.Unflatten,
)  # fmt: skip
# What the graph of gradients calls an operation that changes no number.
_RESHAPING = (
    "Clone", "View", "UnsafeView", "Alias", "Reshape", "Squeeze", "Unsqueeze", "ToCopy", "Select",
)  # fmt: skip
# Operations that are linear in what follows from the pictures.
_LINEAR = frozenset((
    "Convolution", "MkldnnConvolution", "Mm", "Bmm", "Addmm", "Add", "Sub",
    "Mul", "Div", "Neg", "NativeBatchNorm", "AvgPool2D", "ConstantPadNd", "Cat", "View",
    "UnsafeView", "ReshapeAlias", "Clone", "Alias", "Permute", "Transpose", "T", "Expand",
    "Slice", "Select", "Squeeze", "Unsqueeze", "Flip", "PixelUnshuffle", "Im2Col", "Mean",
))  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of a submodule.

    Attributes
    ----------
    name : str
        Path of the submodule; ``path:2`` where it is called for the second time.
    kind : str
        Class of the submodule.
    shape : tuple of int
        Of what it hands on, with the batch.
    floating : bool
        Whether that holds numbers with a fraction.
    node : int or None
        Place in the trace of what computes it; None where nothing is differentiable.
    group : int
        Equal for calls that hand on the very same tensor, as a container and its last part do.
    passive : bool
        Whether the submodule repeats or thins out what it is given.
    parameters : int
        Of the submodule itself; 0 where it is called again.
    leaf : bool
        Whether it has no parts, or weights of its own.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    floating: bool
    node: int | None
    group: int
    passive: bool
    parameters: int
    leaf: bool


@dataclass(frozen=True, eq=False)
class Result:
    """One tensor that a module answers with.

    Attributes
    ----------
    value : Tensor
        What it is for the pictures of the trace.
    node : int or None
    activation : str
        The softmax, log_softmax or sigmoid that it comes from; empty without one.
    place : int
        Which of the activations of the pass that is, from 0.
    """

    value: torch.Tensor
    node: int | None
    activation: str = ""
    place: int = -1


class Trace:
    """What a module computed from pictures, and from which of its weights.

    Parameters
    ----------
    module : torch.nn.Module
    pictures : Tensor, shape (N, C, H, W)

    Attributes
    ----------
    calls : tuple of Call
        In order of computation.
    results : dict of str to Result
        By the names of the outputs.

    Examples
    --------
    >>> trace = Trace(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Softmax(1)), torch.zeros(2, 1, 4, 4))
    >>> [call.name for call in trace.calls], trace.results["output"].activation
    (['0', '1'], 'softmax')
    """

    def __init__(self, module: nn.Module, pictures: torch.Tensor) -> None:
        held = {
            name: tensor.detach().requires_grad_()
            for name, tensor in module.named_parameters()
            if tensor.is_floating_point()
        }
        start = pictures.detach().clone().requires_grad_()
        self._nodes: dict[Any, int] = {}
        self._sources: list[tuple[int, ...]] = []
        self._leaves: dict[int, int] = {}
        calls: list[tuple[str, nn.Module, torch.Tensor, int]] = []
        groups: dict[int, int] = {}
        kept: list[torch.Tensor] = []

        def answer(name: str, part: nn.Module, tensor: torch.Tensor) -> torch.Tensor:
            group = groups.get(id(tensor), len(calls))
            # A copy, so that what changes the tensor in place later leaves this one alone.
            copied = tensor.clone()
            calls.append((name, part, copied, group))
            groups[id(copied)] = group
            kept.extend((tensor, copied))  # an id is good only while its tensor lives
            return copied

        with (
            undisturbed(module),
            torch.enable_grad(),
            every_call(module, answer),
            LastActivations() as noted,
        ):
            answered = torch.func.functional_call(module, held, (start.clone(),))
        results = named_results(answered)
        tensors = [*(tensor for _, _, tensor, _ in calls), *results.values()]
        self._read_graph([t.grad_fn for t in tensors if t.grad_fn is not None])
        self._picture = self._leaves.get(id(start))
        self._places = self._followed(tuple(start.shape))
        self._not_linear = {
            place
            for node, place in self._nodes.items()
            if not hasattr(node, "variable")
            and node.name().rstrip("0123456789").removesuffix("Backward") not in _LINEAR
        }
        self._attentions = {
            place
            for node, place in self._nodes.items()
            if node.name().startswith("ScaledDotProduct")
            or (node.name().startswith("Softmax") and max(_shape_of(node)[-2:-1], default=1) > 1)
        }
        weights = {id(tensor): name for name, tensor in held.items()}
        self._weights = {
            node: weights[leaf] for leaf, node in self._leaves.items() if leaf in weights
        }
        passive = {
            place
            for place, (_, part, _, group) in enumerate(calls)
            if isinstance(part, _PASSIVE) and group == place
        }
        self.calls = tuple(
            Call(
                name,
                type(part).__name__,
                tuple(tensor.shape),
                tensor.is_floating_point(),
                self._node(tensor),
                group,
                isinstance(part, _PASSIVE) or group in passive,
                0 if ":" in name else sum(p.numel() for p in part.parameters(recurse=False)),
                not any(True for _ in part.children()) or any(True for _ in _weights_of(part)),
            )
            for name, part, tensor, group in calls
        )
        self.results = {name: self._result(value, noted) for name, value in results.items()}
        self._nodes.clear()  # they hold every tensor of the pass

    def ancestors(self, node: int | None, without: int | None = None) -> set[int]:
        """What a tensor is computed from, itself included, by ways that avoid another tensor."""
        stack, reached = [] if node is None else [node], set[int]()
        while stack:
            if (current := stack.pop()) not in reached and current != without:
                reached.add(current)
                stack.extend(self._sources[current])
        return reached

    def of_picture(self, node: int | None, without: int | None = None) -> bool:
        """Whether a tensor is computed from the pictures, by a way that avoids another tensor."""
        return self._picture is not None and self._picture in self.ancestors(node, without)

    def weights(self, node: int | None) -> set[str]:
        """Names of the weights that a tensor is computed from."""
        reached = self.ancestors(node)
        return {name for place, name in self._weights.items() if place in reached}

    def attentions(self, node: int | None) -> set[int]:
        """Where, among what a tensor is computed from, cells weigh one another by a softmax."""
        return self.ancestors(node) & self._attentions

    def is_linear(self, node: int | None) -> bool:
        """Whether a tensor is computed from the pictures by linear operations alone."""
        between = {place for place in self.ancestors(node) if self.of_picture(place)}
        return not between & self._not_linear

    def place(self, node: int | None) -> Place | None:
        """Where a tensor lies in the picture, or None where it has no one place there."""
        return None if node is None else self._places[node]

    def _followed(self, shape: tuple[int, ...]) -> list[Place | None]:
        """The places of all tensors, from the pixels on."""
        places: list[Place | None] = [None] * len(self._sources)
        nodes = list(self._nodes)
        waiting, done, of_picture = list(range(len(nodes))), set[int](), {self._picture}
        while waiting:
            place = waiting[-1]
            missing = [source for source in self._sources[place] if source not in done]
            if missing and place not in done:
                waiting.extend(missing)
                continue
            waiting.pop()
            if place in done:
                continue
            done.add(place)
            if place == self._picture:
                places[place] = of_pixels(shape)
            elif any(source in of_picture for source in self._sources[place]):
                of_picture.add(place)
                places[place] = place_behind(
                    nodes[place],
                    [
                        Given(None, (), depends=False)
                        if source is None
                        else Given(
                            places[self._nodes[source]],
                            _shape_of(source, number),
                            self._nodes[source] in of_picture,
                        )
                        for source, number in nodes[place].next_functions
                    ],
                )
        return places

    def _node(self, tensor: torch.Tensor) -> int | None:
        return None if tensor.grad_fn is None else self._nodes[tensor.grad_fn]

    def _read_graph(self, ends: Iterable[Any]) -> None:
        stack, sources = list(ends), dict[Any, list[Any]]()
        while stack:
            if (node := stack.pop()) not in sources:
                sources[node] = [source for source, _ in node.next_functions if source is not None]
                stack.extend(sources[node])
        self._nodes = {node: place for place, node in enumerate(sources)}
        self._sources = [
            tuple(self._nodes[source] for source in given) for given in sources.values()
        ]
        self._leaves = {
            id(node.variable): place
            for node, place in self._nodes.items()
            if hasattr(node, "variable")
        }

    def _result(self, value: torch.Tensor, noted: LastActivations) -> Result:
        node = value.grad_fn
        while node is not None and node.name().startswith(_RESHAPING):
            node = node.next_functions[0][0]
        for place, (name, given, made) in enumerate(noted.calls):
            if node is not None and made.grad_fn is node and given.numel() == value.numel():
                return Result(value.detach(), self._node(value), name, place)
        return Result(value.detach(), self._node(value))


def _shape_of(node: Any, number: int = 0) -> tuple[int, ...]:
    """Of one of the tensors that an operation makes."""
    if hasattr(node, "variable"):
        return tuple(node.variable.shape)
    return tuple(node._input_metadata[number].shape)


def _weights_of(part: nn.Module) -> Iterable[torch.Tensor]:
    return part.parameters(recurse=False)


def named_results(answered: Any) -> dict[str, torch.Tensor]:
    """The tensors that a module answers with, by names or by places."""
    if isinstance(answered, torch.Tensor):
        return {"output": answered}
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(answered, Mapping):
        pairs = answered.items()
    elif isinstance(answered, Sequence) and not isinstance(answered, str):
        names = getattr(answered, "_fields", None)  # of a named tuple
        pairs = zip(names or [f"output {i}" for i in range(len(answered))], answered, strict=True)
    results: dict[str, torch.Tensor] = {}
    for name, value in pairs:
        parts = named_results(value)
        for part, tensor in parts.items():
            results[str(name) if len(parts) == 1 else f"{name}/{part}"] = tensor
    return results
