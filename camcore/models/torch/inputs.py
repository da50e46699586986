"""The shape of the pictures that a module takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from camcore.errors import InputError, ModelError
from camcore.models.torch.passes import as_pictures
from camcore.models.torch.undisturbed import undisturbed

_SIZE = (224, 224)


def plain_module(module: Any) -> nn.Module:
    """The module itself, out of what compiles it or spreads it over devices.

    Raises
    ------
    InputError
        If it is no module.
    ModelError
        If it is a TorchScript module.
    """
    if not isinstance(module, nn.Module):
        raise InputError(
            f"TorchClassifier takes a torch.nn.Module, not {type(module).__name__}; of a "
            "checkpoint, build the module and load its state into it."
        )
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(
            "TorchScript hides its layers from hooks; give the module that it was made from."
        )
    if isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        return plain_module(module.module)
    compiled = getattr(module, "_orig_mod", None)  # hooks need the module that was compiled
    return module if compiled is None else plain_module(compiled)


def input_shape(module: nn.Module, name: str, size: tuple[int, int] | None) -> tuple[int, int, int]:
    """Height, width and channels of one picture.

    Channels are those of the first convolution that a picture can be run through; 3 or 1 where
    there is none.

    Parameters
    ----------
    module : torch.nn.Module
    name : str
        Of the model, for the words of an error.
    size : tuple of int, optional
        Height and width; 224 x 224 by default.

    Raises
    ------
    ModelError
        If the module does not run on a picture of that size; the message holds its own words.

    Examples
    --------
    >>> input_shape(nn.Conv2d(4, 2, 3), "bands", (8, 6))
    (8, 6, 4)
    """
    height, width = size or _SIZE
    convolutions = (part for part in module.modules() if isinstance(part, nn.Conv2d))
    channels = dict.fromkeys([*(part.in_channels for part in convolutions), 3, 1])
    first: Exception | None = None
    for count in list(channels)[:3]:
        picture = np.zeros((1, height, width, count), np.float32)
        try:
            with undisturbed(module):
                module(as_pictures(module, picture))
        except Exception as error:  # whatever the code of a stranger raises
            first = first or error
            continue
        return height, width, count
    given = "" if size else "; give input_size=(height, width) where it takes another size"
    message = " ".join(str(first).split())[:200]
    raise ModelError(
        f"{name} does not run on one picture of {height} x {width} pixels as its only argument "
        f"({type(first).__name__}: {message}){given}."
    )


def check_answers(first: torch.Tensor, alone: torch.Tensor, name: str) -> None:
    """Refuse a module that answers a picture of a batch otherwise than the picture alone.

    Parameters
    ----------
    first, alone : Tensor, shape (C,)
        Scores of one picture, among others and by itself.

    Raises
    ------
    ModelError
        Also where answers are drawn at random, which shows in the same way.
    """
    spread = max(float(first.abs().max()), 1e-3)
    if not float((first - alone).abs().max()) <= 1e-2 * spread:
        raise ModelError(
            f"{name} answers one picture otherwise in a batch than alone, or otherwise each time, "
            "so that nothing can be told of a single picture; look for batch normalisation "
            "without running statistics, and for dropout that is on in evaluation mode."
        )
