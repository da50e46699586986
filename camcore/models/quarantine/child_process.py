"""One stage of the quarantine in a process of its own, with limits; the parent never dies of it."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from camcore.errors import ModelError, UnsafeModelError

log = logging.getLogger(__name__)

_PACKAGE_PARENT = str(Path(__file__).absolute().parents[3])


@dataclass(frozen=True)
class Limits:
    """What a child process may use.

    Attributes
    ----------
    seconds : float
        Wall-clock time.
    cpu_seconds : int
        Computing time, over all threads.
    memory_bytes : int
        Address space, which is more than the memory in use.
    file_bytes : int
        Largest file it may write.
    """

    seconds: float
    cpu_seconds: int
    memory_bytes: int
    file_bytes: int


def run(
    stage: str, arguments: dict[str, Any], limits: Limits, name: str, folder: str
) -> dict[str, Any]:
    """Run one stage of ``camcore.models.quarantine.child_main`` and return what it found.

    Parameters
    ----------
    stage : str
        ``"inspect"``, ``"load"`` or, for ONNX, ``"run"``, or ``"load-folder"``.
    arguments : dict
        Of that stage; must be JSON.
    limits : Limits
    name : str
        The model file, for messages.
    folder : str
        Where the child works and keeps temporary files.

    Raises
    ------
    ModelError
        The child refused the file, crashed, or went over a limit.
    """
    wanted = asdict(limits)
    seconds = wanted.pop("seconds")
    order = json.dumps({"stage": stage, "arguments": arguments, "limits": wanted}, allow_nan=False)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "camcore.models.quarantine.child_main", order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=_environment(folder),
        start_new_session=True,  # a group of its own, so that all of it can be ended
    )
    try:
        output, noise = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        doing = stage.partition("-")[0]
        raise UnsafeModelError(
            f"{name} took more than {seconds:g} seconds to {doing}; it is not loaded. "
            "If you trust the file, load it in Python."
        ) from None
    except BaseException:  # the parent is being stopped: take the child along
        _end(process)
        raise
    if noise:
        log.debug("%s, stage %s: %s", name, stage, noise[-20_000:].decode("utf-8", "replace"))
    return _answer(output, process.returncode, stage, limits, name)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()


def _environment(folder: str) -> dict[str, str]:
    env = dict(os.environ)
    paths = [_PACKAGE_PARENT, *filter(None, [env.get("PYTHONPATH")])]
    return env | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",
        # Threads and their heaps take address space in proportion to the machine's cores.
        "MALLOC_ARENA_MAX": "4",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "2",
        "TF_NUM_INTRAOP_THREADS": "2",
        "HDF5_PLUGIN_PRELOAD": "::",  # HDF5's own word for "load no plug-ins"
        "TMPDIR": folder,
    }


def _answer(output: bytes, code: int, stage: str, limits: Limits, name: str) -> dict[str, Any]:
    try:
        answer = json.loads(output)
    except ValueError:
        answer = {"error": "crash"}
    if "found" in answer:
        answered: dict[str, Any] = answer["found"]
        return answered
    kind = answer["error"]
    if kind == "UnsafeModelError":
        raise UnsafeModelError(answer["text"])
    if kind == "ModelError":
        raise ModelError(answer["text"])
    doing = {"inspect": "looked at", "run": "run"}.get(stage, "loaded")
    advice = "If you trust the file, load it in Python."
    if kind == "MemoryError":
        raise UnsafeModelError(
            f"{name} needs more than {limits.memory_bytes / 1024**3:.3g} GB of memory to be "
            f"{doing}; it is not loaded. {advice}"
        )
    if code in (-getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0)) and code:
        raise UnsafeModelError(
            f"{name} used too much computing time or memory while being {doing}; "
            f"it is not loaded. {advice}"
        )
    log.warning("%s: the child process for %s ended with code %s", name, stage, code)
    raise ModelError(
        f"{name} crashes the library that reads it while being {doing}, so the file is damaged "
        "or hostile; it is not loaded. Save or download it again."
    )
