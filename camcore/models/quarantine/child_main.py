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
import time
from collections.abc import Callable
from typing import Any

from camcore.errors import ModelError, UnsafeModelError

_FREE_SIDE = 224  # for inputs of any size: what most networks of Keras were made for
_FREE_OTHER = 16
_RAISE = "CAMCORE_PASS_GB and CAMCORE_PASS_SECONDS raise the limits where the machine has the room."


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
    """Look at a file without loading it; a config of Keras 2 is rewritten in place."""
    from camcore.models.quarantine.inspection import inspect_file, write_upgraded

    inspection = inspect_file(path, name=name)
    if inspection.upgraded:
        write_upgraded(path, name=name)
    return dataclasses.asdict(inspection)


def load(
    path: str,
    name: str,
    saved_by: str | None,
    input_size: tuple[int, int] | None,
    memory_gb: float,
    pass_seconds: float,
) -> dict[str, Any]:
    """Load an inspected file, and run it once on zeros forward and backward, within limits."""
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
        shape = _picture_shape(inputs[0].shape, input_size)
        try:
            cost = _cost_of_passes(keras, model, shape, inputs[0].dtype)
        except Exception as error:
            _refuse_if_out_of_memory(error, name, shape, memory_gb)
            raise _failed_at_first(error, name) from error
        if refusal := refused_cost(name, shape, *cost, memory_gb, pass_seconds):
            raise UnsafeModelError(refusal)
    return {"parameters": int(model.count_params())}


def run(
    path: str,
    name: str,
    input_size: tuple[int, int] | None,
    memory_gb: float,
    pass_seconds: float,
) -> dict[str, Any]:
    """Run an inspected ONNX file once on zeros, within limits."""
    from camcore.models.onnx.trial import Trial
    from camcore.models.quarantine.keras_config import MAX_ELEMENTS

    size = (input_size[0], input_size[1]) if input_size else None
    before, began = _start_measuring(), time.process_time()
    try:
        trial = Trial(path, name, size, MAX_ELEMENTS)
        trial.run()
    except ModelError:
        raise
    except Exception as error:  # onnxruntime has several kinds
        _raise_if_out_of_memory(error)
        raise ModelError(
            f"{name} cannot be run by onnxruntime ({_first_line(str(error))}); export it again, "
            "and check that onnxruntime runs it in Python."
        ) from error
    seconds = time.process_time() - began
    gigabytes = max(0, _resident_bytes("VmHWM") - before) / 1024**3
    cost = gigabytes, seconds, memory_gb, pass_seconds
    if refusal := refused_cost(name, trial.shape, *cost, passes="a forward pass"):
        raise UnsafeModelError(refusal)
    return {}


def load_folder(path: str, name: str, memory_gb: float, pass_seconds: float) -> dict[str, Any]:
    """Load an inspected Hugging Face folder, and run it once on zeros forward and backward."""
    import torch

    from camcore.models.huggingface.folder import read_folder
    from camcore.models.huggingface.preprocessor import read_preprocessor

    try:
        model = read_folder(path, name)
    except ModelError as error:
        _raise_if_out_of_memory(error.__cause__ or error)
        raise
    size = read_preprocessor(path, model.size, model.channels).size
    shape = [1, *size, model.channels]
    before, began = _start_measuring(), time.process_time()
    try:
        picture = torch.zeros(1, model.channels, *size).requires_grad_()
        model.module(picture).logits.sum().backward()
    except Exception as error:
        _refuse_if_out_of_memory(error, name, shape, memory_gb)
        raise _failed_at_first(error, name) from error
    gigabytes = max(0, _resident_bytes("VmHWM") - before) / 1024**3
    seconds = time.process_time() - began
    if refusal := refused_cost(name, shape, gigabytes, seconds, memory_gb, pass_seconds):
        raise UnsafeModelError(refusal)
    return {}


def _failed_at_first(error: Exception, name: str) -> ModelError:
    return ModelError(
        f"{name} loads, but fails on its first picture ({_first_line(str(error))}); "
        "check that it predicts in Python, then save it again."
    )


def _start_measuring() -> int:
    """Memory in use, in bytes; its highest is counted anew from now on."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _resident_bytes("VmRSS")


def _raise_if_out_of_memory(error: BaseException) -> None:
    if _is_out_of_memory(error):
        raise MemoryError from error


def _is_out_of_memory(error: BaseException) -> bool:
    # TensorFlow has an exception of its own for it, onnxruntime a text, and C++ another exception.
    text = f"{type(error).__name__} {error}"
    signs = ("ResourceExhausted", "OOM when allocating", "bad_alloc", "Unable to allocate",
             "Failed to allocate memory", "can't allocate memory")  # fmt: skip
    return isinstance(error, MemoryError) or any(sign in text for sign in signs)


def _refuse_if_out_of_memory(
    error: Exception, name: str, shape: list[int], memory_gb: float
) -> None:
    if _is_out_of_memory(error):
        raise UnsafeModelError(
            f"{name} needs more than {memory_gb:g} GB of memory for a forward and a gradient pass "
            f"of one picture ({_sides(shape)}); it is not loaded. {_RAISE}"
        ) from error


def _picture_shape(known: Any, input_size: tuple[int, int] | None) -> list[int]:
    """Shape of one picture of a model's input; free sides as they will be."""
    shape = [1, *known[1:]]
    for axis, size in enumerate(shape):
        if size is None:
            image = len(shape) == 4
            last = axis == len(shape) - 1
            shape[axis] = (3 if last else _FREE_SIDE) if image else _FREE_OTHER
            if image and not last and input_size is not None:
                shape[axis] = input_size[axis - 1]
    return shape


def _cost_of_passes(keras: Any, model: Any, shape: list[int], dtype: str) -> tuple[float, float]:
    """Gigabytes and seconds of computing of a forward and a gradient pass of zeros."""
    import tensorflow as tf

    from camcore.models.keras.channels_first import convolved_channels_last
    from camcore.models.keras.traced_graph import all_operations

    before, began = _start_measuring(), time.process_time()
    images = keras.ops.zeros(shape, dtype=dtype)
    with convolved_channels_last(all_operations(model)), tf.GradientTape() as tape:
        tape.watch(images)
        outputs = tf.nest.flatten(model(images, training=False))
        total = sum(tf.reduce_sum(output) for output in outputs if output.dtype.is_floating)
    # Not every operation has a gradient, and a picture of integers has none.
    with contextlib.suppress(LookupError, ValueError):
        tape.gradient(total, images)
    seconds = time.process_time() - began
    return max(0, _resident_bytes("VmHWM") - before) / 1024**3, seconds


def _resident_bytes(which: str) -> int:
    """``VmRSS``, memory in use, or ``VmHWM``, its highest; 0 where the platform does not tell."""
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith(f"{which}:"):
                return int(line.split()[1]) * 1024
    return 0


def refused_cost(
    name: str,
    shape: list[int],
    gigabytes: float,
    seconds: float,
    memory_gb: float,
    pass_seconds: float,
    passes: str = "a forward and a gradient pass",
) -> str:
    """Why a model is too costly for this machine, or nothing where it is not.

    Examples
    --------
    >>> refused_cost("m.keras", [1, 2048, 2048, 3], 7.31, 9.6, 4, 60)  # doctest: +ELLIPSIS
    'm.keras takes 7.3 GB of memory and 9.6 s of computing for a forward and a gradient pass of...
    >>> refused_cost("m.keras", [1, 224, 224, 3], 0.4, 1.2, 4, 60)
    ''
    """
    if gigabytes <= memory_gb and seconds <= pass_seconds:
        return ""
    return (
        f"{name} takes {gigabytes:.1f} GB of memory and {seconds:.1f} s of computing for {passes} "
        f"of one picture ({_sides(shape)}), more than the {memory_gb:g} GB and {pass_seconds:g} s "
        f"that are allowed; it is not loaded. {_RAISE}"
    )


def _sides(shape: list[int]) -> str:
    return " x ".join(map(str, shape[1:]))


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
    printable = "".join(c if c.isprintable() else " " for c in (lines or ["no reason given"])[0])
    return (printable if len(printable) <= 160 else printable[:157] + "...").rstrip(".")


def main(argument: str) -> int:
    """Do what one JSON object says and print the outcome as one line of JSON."""
    # Libraries may print; only the answer may reach the parent's pipe.
    answer_to = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    order = json.loads(argument)
    set_limits(**order["limits"])
    stages: dict[str, Callable[..., dict[str, Any]]] = {
        "inspect": inspect,
        "load": load,
        "run": run,
        "load-folder": load_folder,
    }
    stage = stages[order["stage"]]
    answer: dict[str, Any]
    try:
        answer = {"found": stage(**order["arguments"])}
    except ModelError as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    except MemoryError:
        answer = {"error": "MemoryError"}
    answer_to.write(json.dumps(answer, allow_nan=False) + "\n")
    answer_to.flush()
    # No clean-up: whatever the file has left in memory shall not run any more code.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
