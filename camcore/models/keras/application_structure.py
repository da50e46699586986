"""Networks of Keras Applications, known by their convolutions and not by their names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from camcore.models.catalogue import CATALOGUE
from camcore.models.keras.application_table import FINGERPRINTS
from camcore.models.keras.built_in_scaling import scales_pixels
from camcore.models.keras.traced_graph import TracedGraph

IMAGENET_CLASSES = 1000
_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative"}

Convolution = tuple[str, tuple[int, ...], tuple[int, ...]]
"""``Conv2D`` or ``DepthwiseConv2dNative``, shape of its kernel, strides of rows and columns."""


@dataclass(frozen=True)
class Application:
    """A network of Keras Applications that a model is, or begins with.

    Attributes
    ----------
    name : str
        As in ``keras.applications``.
    preprocessing : str
        What its ImageNet weights were trained with.
    whole : bool
        Whether it ends in the scores of ImageNet's classes, too. Under another head the scaling
        is that of whoever trained the head, who may have chosen another.
    """

    name: str
    preprocessing: str
    whole: bool


def fingerprint(convolutions: Iterable[Convolution]) -> str:
    """Hash of convolutions in any order, which branches may be built in.

    Examples
    --------
    >>> stem, point = ("Conv2D", (3, 3, 3, 8), (2, 2)), ("Conv2D", (1, 1, 8, 8), (1, 1))
    >>> fingerprint([stem, point]) == fingerprint([point, stem]) != fingerprint([stem, stem])
    True
    """
    return hashlib.sha256(repr(sorted(convolutions)).encode()).hexdigest()[:16]


def application_of(graph: TracedGraph, scores: Any) -> Application | None:
    """The network of Keras Applications whose convolutions come first in a model.

    Kinds, kernels, strides and numbers of filters of all of them are compared with what the
    builder of Keras gives. None also where something before them scales the pixels.

    Parameters
    ----------
    graph : TracedGraph
    scores : tensor, shape (N, C)
    """
    convolutions = [
        _described(operation)
        for operation in graph.graph.get_operations()
        if operation.type in _CONVOLUTIONS and operation in graph.dependent
    ]
    for name, (count, expected) in FINGERPRINTS.items():
        if count > len(convolutions) or fingerprint(convolutions[:count]) != expected:
            continue
        if scales_pixels(graph):
            return None
        entry = CATALOGUE[name.partition(" ")[0]]
        return Application(entry.name, entry.preprocessing, scores.shape[-1] == IMAGENET_CLASSES)
    return None


def _described(operation: Any) -> Convolution:
    kernel = tuple(-1 if size is None else int(size) for size in operation.inputs[1].shape)
    return operation.type, kernel, tuple(operation.get_attr("strides")[1:3])
