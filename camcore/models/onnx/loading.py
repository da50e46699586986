"""ONNX models from an inspected file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from camcore.errors import ModelError

if TYPE_CHECKING:
    from camcore.models.onnx.classifier import OnnxClassifier
    from camcore.models.quarantine.admission import AdmittedModel


def load_onnx(
    admitted: AdmittedModel,
    name: str,
    preprocessing: str | None,
    names: Sequence[str] | None,
    options: dict[str, Any],
) -> OnnxClassifier:
    """A network from a file that the quarantine has let in.

    Raises
    ------
    ModelError
        If onnxruntime cannot run it, or it has nothing to explain.
    """
    # Late: listing names or reading pictures needs neither of them.
    import onnx
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals

    from camcore.models.onnx.classifier import OnnxClassifier

    try:
        return OnnxClassifier(
            onnx.load(admitted.path, load_external_data=False),
            name=name,
            sha256=admitted.sha256,
            preprocessing=preprocessing,
            class_names=names,
            **options,
        )
    except (refusals.Fail, refusals.InvalidGraph, refusals.NotImplemented) as error:
        raise ModelError(
            f"{name}: onnxruntime cannot run a part of it ({str(error)[:160]}); export it again."
        ) from error
