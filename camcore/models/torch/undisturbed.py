"""Borrow a module for one call: what it was set to before, it is set to afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# One for all modules of the process: two classifiers may hold the same module, or a part of it.
_LOCK = threading.RLock()


@contextmanager
def undisturbed(module: torch.nn.Module, *, bfloat16: bool = False) -> Iterator[None]:
    """A module in evaluation mode, without gradients, alone in this process.

    Afterwards every submodule is in the mode that it was in. Random numbers that the module draws
    are taken from a copy of the generators' state.

    Parameters
    ----------
    module : torch.nn.Module
    bfloat16 : bool
        Whether convolutions and matrix products calculate in bfloat16; a caller's own autocast is
        switched off either way.

    Examples
    --------
    >>> dropout = torch.nn.Dropout(0.5)
    >>> with undisturbed(dropout):
    ...     float(dropout(torch.ones(1)))
    1.0
    >>> dropout.training
    True
    """
    device = device_of(module)
    cuda = [device] if device.type == "cuda" else []
    with (
        _LOCK,
        torch.random.fork_rng(devices=cuda),
        torch.inference_mode(False),
        torch.no_grad(),
        torch.autocast(device.type, torch.bfloat16, enabled=bfloat16),
    ):
        modes = [(part, part.training) for part in module.modules()]
        try:
            for part, _ in modes:
                part.training = False
            yield
        finally:
            for part, training in modes:
                part.training = training


def device_of(module: torch.nn.Module) -> torch.device:
    """Where the weights of a module lie."""
    for tensor in (*module.parameters(), *module.buffers()):
        return tensor.device
    return torch.device("cpu")


def dtype_of(module: torch.nn.Module) -> torch.dtype:
    """The kind of number that a module calculates with, by its first weights."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            return tensor.dtype
    return torch.float32
