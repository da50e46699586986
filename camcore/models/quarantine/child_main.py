"""What runs inside the child process: set the limits, then look at a file or load it once.

Started by `admission` with one JSON argument; answers with one line of JSON.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

from camcore.errors import ModelError

_FREE_SIDE = 224  # for inputs of any size: what most networks of Keras were made for
_FREE_OTHER = 16


def set_limits(cpu_seconds: int, memory_bytes: int, file_bytes: int) -> None:
    """Limit this process for good; where the platform has no such limits, do nothing."""
    try:
        import resource
    except ImportError:
        return
    # Where memory runs out all the same, this process is to go first, not its parent.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    for what, amount in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        if hard != resource.RLIM_INFINITY:
            amount = min(amount, hard)
        try:
            resource.setrlimit(what, (amount, amount))
        except (OSError, ValueError):  # macOS knows some limits by name only
            continue


def inspect(path: str, name: str) -> dict[str, Any]:
    """Look at a file without loading it."""
    from camcore.models.quarantine.inspection import inspect_file

    return dataclasses.asdict(inspect_file(path, name=name))


def load(path: str, name: str, saved_by: str | None) -> dict[str, Any]:
    """Load an inspected file and run it once on zeros."""
    import keras

    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        _raise_if_out_of_memory(error)
        raise ModelError(
            load_failure(str(error) or type(error).__name__, name, saved_by, keras.__version__)
        ) from error
    inputs = list(getattr(model, "inputs", None) or ())
    if not inputs:
        raise ModelError(
            f"{name} was saved before its input shape was known; "
            "call the model on a picture in Python once, then save it again."
        )
    if len(inputs) == 1:
        try:
            _run_on_zeros(keras, model, inputs[0])
        except Exception as error:
            _raise_if_out_of_memory(error)
            raise ModelError(
                f"{name} loads, but fails on its first picture ({_first_line(str(error))}); "
                "check that it predicts in Python, then save it again."
            ) from error
    return {"parameters": int(model.count_params())}


def _raise_if_out_of_memory(error: Exception) -> None:
    # TensorFlow has an exception of its own for it, and C++ another.
    text = f"{type(error).__name__} {error}"
    signs = ("ResourceExhausted", "OOM when allocating", "bad_alloc", "Unable to allocate")
    if isinstance(error, MemoryError) or any(sign in text for sign in signs):
        raise MemoryError from error


def _run_on_zeros(keras: Any, model: Any, tensor: Any) -> None:
    shape = [1, *tensor.shape[1:]]
    for axis, size in enumerate(shape):
        if size is None:
            image = len(shape) == 4
            last = axis == len(shape) - 1
            shape[axis] = (3 if last else _FREE_SIDE) if image else _FREE_OTHER
    model(keras.ops.zeros(shape, dtype=tensor.dtype), training=False)


def load_failure(text: str, name: str, saved_by: str | None, keras_version: str) -> str:
    """Say in one sentence why Keras cannot load a file.

    Parameters
    ----------
    text : str
        What Keras said.
    name : str
        The model file.
    saved_by : str or None
        The Keras version that saved it, where known.
    keras_version : str
        The Keras version at work.

    Examples
    --------
    >>> load_failure("Unrecognized keyword arguments passed to DepthwiseConv2D: {'groups': 1}",
    ...              "old.h5", "2.4.0", "3.15.1")  # doctest: +ELLIPSIS
    "old.h5 was saved by Keras 2.4.0; Keras 3.15.1 cannot read it because its DepthwiseConv2D..."
    """
    reason = f"of this: {_first_line(text)}"
    unknown = re.search(r"[Uu]nrecognized keyword arguments? passed to (\w+): \{?'?(\w+)", text)
    absent = re.search(r"(?:Could not locate \w+|Unknown \w+):? '([^']{1,60})'", text)
    if unknown:
        reason = f"its {unknown[1]} has a setting {unknown[2]!r} that it does not know"
    elif absent:
        reason = f"it has no {absent[1]} where the file looks for it"
    elif "mismatch" in text or ("expected" in text and "shape" in text):
        reason = f"weights and layers do not fit together: {_first_line(text)}"
    elif "batch_shape" in text or "batch_input_shape" in text:
        reason = "it describes its input in an old way"
    elif "keywords must be strings" in text or "list indices" in text or "'list' object" in text:
        reason = "it describes its layers in an old way"
    old = saved_by is not None and saved_by.split(".")[0] in ("0", "1", "2")
    if old:
        advice = (
            "load it with that Keras, save the weights, rebuild the model in Keras 3 and re-save "
            "it as .keras."
        )
    elif saved_by == keras_version:
        advice = "re-save the model as .keras, which holds more than .h5."
    else:
        advice = "load it with the Keras that saved it and re-save it as .keras."
    origin = f"was saved by Keras {saved_by}" if saved_by else "does not say which Keras saved it"
    return f"{name} {origin}; Keras {keras_version} cannot read it because {reason}; {advice}"


def _first_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    shown = "".join(c if c.isprintable() else " " for c in (lines or ["no reason given"])[0])
    return (shown if len(shown) <= 160 else shown[:157] + "...").rstrip(".")


def main(argument: str) -> int:
    """Do what one JSON object says and print the outcome as one line of JSON."""
    # Libraries may print; only the answer may reach the parent's pipe.
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    order = json.loads(argument)
    set_limits(**order["limits"])
    stages: dict[str, Callable[..., dict[str, Any]]] = {"inspect": inspect, "load": load}
    stage = stages[order["stage"]]
    answer: dict[str, Any]
    try:
        answer = {"found": stage(**order["arguments"])}
    except ModelError as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    except MemoryError:
        answer = {"error": "MemoryError"}
    answer_to.write(json.dumps(answer) + "\n")
    answer_to.flush()
    # No clean-up: whatever the file has left in memory shall not run any more code.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
