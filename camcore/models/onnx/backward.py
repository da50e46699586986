"""The backward pass of an ONNX graph.

ONNX has none, so it is built: for each node behind a layer, in reverse, nodes that carry slopes
from what it gives to what it is given (the chain rule). One session then computes exact
gradients. A node without a derivative leaves the layers before it without gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onnx import helper

from camcore.models.onnx import derivatives, window_derivatives
from camcore.models.onnx.slope_nodes import NoDerivativeError, SlopeNodes

_DERIVATIVES = derivatives.DERIVATIVES | window_derivatives.DERIVATIVES


class Backward(SlopeNodes):
    """The way back from tensors of a graph to one that they are computed from.

    Attributes
    ----------
    slopes, gradient : str
        Names of the input that says what each value of the target counts, and of the gradient.
    """

    slopes = "camcore:slopes"
    gradient = "camcore:gradient"

    def differentiate(self, target: str) -> list[Any]:
        """Nodes that compute the gradient of a target with respect to the source.

        Raises
        ------
        NoDerivativeError
            It names the operation that no derivative is known of.
        """
        sums: dict[str, list[str]] = {target: [self.slopes]}
        for at in reversed(self.graph.between(self.source, target)):
            self._step(self.graph.nodes[at], sums)
        total = self.total(sums.get(self.source))
        if total is None:
            raise NoDerivativeError(self.graph.nodes[self.graph.maker[target]].op_type)
        return [*self.nodes, helper.make_node("Identity", [total], [self.gradient])]

    def slopes_at(self, target: str, tensors: Sequence[str], held: str | None) -> list[str | None]:
        """Names of the gradients of a target at tensors, None where it does not follow one.

        Parameters
        ----------
        target : str
        tensors : sequence of str
            That follow from the source, or the source.
        held : str, optional
            A tensor through which no slope goes.

        Raises
        ------
        NoDerivativeError
        """
        sums: dict[str, list[str]] = {target: [self.slopes]}
        for at in reversed(self.graph.between(self.source, target)):
            node = self.graph.nodes[at]
            if held not in node.output:
                self._step(node, sums)
        return [self.total(sums.get(tensor)) for tensor in tensors]

    def blocked(self, target: str) -> frozenset[str]:
        """Tensors behind the source that no slopes of the target can be carried to."""
        sums: dict[str, list[str]] = {target: [self.slopes]}
        blocked: set[str] = set()
        for at in reversed(self.graph.between(self.source, target)):
            node = self.graph.nodes[at]
            try:
                self._step(node, sums)
            except NoDerivativeError:
                for name in filter(self.follows, node.input):
                    blocked |= self.graph.ancestors(name)
                    if self.graph.is_floating(name):  # those before it are looked at all the same
                        sums.setdefault(name, []).append(self.slopes)
        return frozenset(blocked)

    def _step(self, node: Any, sums: dict[str, list[str]]) -> None:
        """Carry slopes from the outputs of a node to its inputs."""
        slopes = [self.total(sums.get(name)) for name in node.output]
        if not any(slopes):
            return
        parts = self._carried(node, slopes)
        for name, part in zip(node.input, parts, strict=False):
            if part is not None and self.follows(name):
                sums.setdefault(name, []).append(part)

    def _carried(self, node: Any, slopes: list[str | None]) -> Sequence[str | None]:
        """Slopes of the inputs of a node, from those of its outputs."""
        if node.op_type == "Split":
            return window_derivatives.split_slopes(self, node, slopes)
        rule, slope = _DERIVATIVES.get(node.op_type), slopes[0]
        if rule is None or slope is None:
            raise NoDerivativeError(node.op_type)
        return rule(self, node, slope)
