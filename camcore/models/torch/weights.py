"""Weights of a module: of which parts, what they hash to, and in another order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from camcore.errors import ModelError
from camcore.models.torch.trace import Trace


def content_sha256(module: nn.Module) -> str:
    """Hash of what a module is printed as, and of its weights."""
    digest = hashlib.sha256(f"{type(module).__qualname__}\n{module!r}".encode())
    for name, tensor in (*module.named_parameters(), *module.named_buffers()):
        values = tensor.detach().cpu().contiguous()
        digest.update(f"{name}{values.dtype}{tuple(values.shape)}".encode())
        digest.update(values.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def check_weights(module: nn.Module, name: str) -> None:
    """Raise a ModelError for weights that are not there yet, or that are NaN or infinite.

    Parameters
    ----------
    module : torch.nn.Module
    name : str
        Of the model, for the words of an error.
    """
    for path, tensor in (*module.named_parameters(), *module.named_buffers()):
        if is_lazy(tensor):
            raise ModelError(
                f"{name} has no weights yet ({path} takes its shape from the first picture); run "
                "it once, and train or load it, before it is explained."
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            lost = int((~torch.isfinite(tensor)).sum())
            raise ModelError(
                f"{name} has diverged: {path} holds weights that are NaN or infinite ({lost:,} of "
                f"{tensor.numel():,}), so its answers mean nothing; load an earlier checkpoint, or "
                "train anew with a lower learning rate."
            )


def weights_of(module: nn.Module, trace: Trace, node: int | None) -> dict[str, tuple[str, ...]]:
    """Which weights of which submodules a tensor of a trace is computed from.

    Returns
    -------
    dict of str to tuple of str
        Path of the submodule, in order of computation -> full names of its weights, and of what
        it keeps beside them, such as the statistics of batch normalisation.
    """
    read = trace.weights(node)
    by_path: dict[str, tuple[str, ...]] = {}
    for path, part in module.named_modules():
        prefix = f"{path}." if path else ""
        names = [f"{prefix}{name}" for name, _ in part.named_parameters(recurse=False)]
        if read.intersection(names):
            kept = [
                f"{prefix}{name}"
                for name, tensor in part.named_buffers(recurse=False)
                if tensor.is_floating_point()
            ]
            by_path[path or type(module).__name__] = (*read.intersection(names), *kept)
    order = {call.name: place for place, call in enumerate(trace.calls)}
    return {
        path: tuple(sorted(by_path[path]))
        for path in sorted(by_path, key=lambda path: order.get(path, len(order)))
    }


def shuffled(
    module: nn.Module, weights: Mapping[str, Sequence[str]], layers: Sequence[str], seed: int
) -> dict[str, torch.Tensor]:
    """Weights with the same values in another order, so that each keeps its distribution.

    Parameters
    ----------
    weights : dict
        As from `weights_of`.
    layers : sequence of str
        Some of its keys.
    seed : int
        A layer's order depends on the seed and the layer alone.

    Returns
    -------
    dict of str to Tensor
        By the names of the weights whose place they take.
    """
    tensors = dict((*module.named_parameters(), *module.named_buffers()))
    places = {path: place for place, path in enumerate(weights)}
    mixed = {}
    for path in layers:
        rng = np.random.default_rng((seed, places[path]))
        for name in weights[path]:
            values = tensors[name].detach()
            order = torch.from_numpy(rng.permutation(values.numel())).to(values.device)
            mixed[name] = values.reshape(-1)[order].reshape(values.shape)
    return mixed
