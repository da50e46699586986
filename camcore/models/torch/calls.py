"""Hooks that live for one forward pass: the tensors that submodules hand on, seen or replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

Answer = Callable[[str, torch.nn.Module, torch.Tensor], torch.Tensor | None]
"""Name of a call, its module and what it hands on -> what is handed on instead, if not None."""


@contextmanager
def every_call(module: torch.nn.Module, answer: Answer) -> Iterator[None]:
    """Ask `answer` at each call of each submodule that hands on one tensor, in order.

    A submodule that is called more than once gets one name for each call: ``relu``, ``relu:2``.

    Examples
    --------
    >>> relu = torch.nn.ReLU()
    >>> with every_call(torch.nn.Sequential(relu), lambda name, part, tensor: 2 * tensor):
    ...     float(torch.nn.Sequential(relu)(torch.ones(1)))
    2.0
    """
    counted: Counter[str] = Counter()

    def hook_for(path: str) -> Callable[..., Any]:
        def hook(part: torch.nn.Module, _: Any, result: Any) -> torch.Tensor | None:
            counted[path] += 1
            name = path if counted[path] == 1 else f"{path}:{counted[path]}"
            return answer(name, part, result) if isinstance(result, torch.Tensor) else None

        return hook

    handles = [
        part.register_forward_hook(hook_for(path)) for path, part in module.named_modules() if path
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def at_call(
    module: torch.nn.Module, name: str, answer: Callable[[torch.Tensor], torch.Tensor]
) -> Iterator[None]:
    """Hand on what `answer` makes of one call's tensor, by the call's name."""
    path, _, number = name.partition(":")
    wanted, count = int(number or 1), 0

    def hook(_: torch.nn.Module, __: Any, result: torch.Tensor) -> torch.Tensor | None:
        nonlocal count
        count += 1
        return answer(result) if count == wanted else None

    handle = module.get_submodule(path).register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


class LastActivations(TorchFunctionMode):
    """Note what softmax and sigmoid are applied to, whether by modules or by functions.

    Attributes
    ----------
    calls : list of tuple
        Name of the function, its input and its output, in order.

    Examples
    --------
    >>> with LastActivations() as noted:
    ...     _ = torch.nn.Softmax(dim=1)(torch.zeros(1, 2))
    >>> [(name, given.tolist(), made.tolist()) for name, given, made in noted.calls]
    [('softmax', [[0.0, 0.0]], [[0.5, 0.5]])]
    """

    NAMES = ("softmax", "log_softmax", "sigmoid")

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, torch.Tensor, torch.Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call the function, and note it where it is one of `NAMES`."""
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in self.NAMES:
            given = args[0] if args else (kwargs or {})["input"]
            self.calls.append((name, given, result))
        return result
