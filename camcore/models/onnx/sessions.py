"""onnxruntime at work: models of a graph's pieces, with the weights held once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime

from camcore.cores import usable_cores

_SILENT = 4  # only what is fatal; everything else is raised too


def start(model: Any, weights: Mapping[str, np.ndarray]) -> Any:
    """A session that runs a model on the processor.

    Parameters
    ----------
    model : onnx.ModelProto
        As `Graph.cut` gives it.
    weights : dict of str to ndarray
        Its large constants; they are not copied, so several sessions can share them.

    Returns
    -------
    onnxruntime.InferenceSession
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = usable_cores()
    # Threads that wait in a loop would take cores from everyone else on the machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
    options.add_external_initializers(list(weights), values)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return _Kept(session, values, tuple(weights.values()))


class _Kept:
    """A session, and the arrays that it reads while it lives."""

    def __init__(self, session: Any, *arrays: Any) -> None:
        self._session, self._arrays = session, arrays

    def run(self, outputs: list[str], feeds: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Values of outputs."""
        values: list[np.ndarray] = self._session.run(outputs, dict(feeds))
        return values
