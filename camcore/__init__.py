"""CAM Audit's engine: see where an image classifier looks, and prove what it relies on.

Examples
--------
>>> import camcore
>>> model = camcore.load_model("tank-detector")
>>> picture = camcore.read_image(camcore.sample("tank-sunny").file)
>>> shown = camcore.explain(model, picture, target="tank", method="grad-cam")
>>> shown.heatmap.values.shape, shown.evidence
((16, 16), 'positive')
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from camcore._version import __version__
from camcore.bundled import MODELS as BUNDLED_MODELS
from camcore.bundled import SAMPLES, Sample
from camcore.classifier import (
    Classifier,
    ClassWeights,
    Explained,
    Forward,
    Layer,
    LayerRow,
    OutputKind,
)
from camcore.conformance import check_classifier
from camcore.drawing.overlay import BLENDS, COLORMAPS, palette
from camcore.engine.engine import Engine, Features
from camcore.errors import (
    CamcoreError,
    ImageError,
    InputError,
    MethodError,
    ModelError,
    StoreError,
    UnsafeModelError,
)
from camcore.explanation import Cost, Explanation, Prediction
from camcore.heatmap import INTERPOLATIONS, SCALINGS, Heatmap
from camcore.methods import METHODS, Method
from camcore.models.catalogue import CATALOGUE, CatalogueModel
from camcore.models.keras.loading import weights_folder
from camcore.models.labels import match_label, read_labels
from camcore.models.loading import load_model
from camcore.pictures.picture import Picture, read_image
from camcore.pictures.preprocessing import FITS, PREPROCESSINGS, Frame

if TYPE_CHECKING:
    from camcore.auditing.pipeline import audit
    from camcore.auditing.preflight.estimate import estimate
    from camcore.auditing.runs.findings import Finding
    from camcore.auditing.runs.run import Run
    from camcore.auditing.scan.scan import scan_part
    from camcore.comparing import Comparison
    from camcore.localization import Localization
    from camcore.models.keras.classifier import KerasClassifier
    from camcore.models.torch.classifier import TorchClassifier
    from camcore.repairing import repair
    from camcore.retrofitting import retrofit

__all__ = [
    "BLENDS",
    "BUNDLED_MODELS",
    "CATALOGUE",
    "COLORMAPS",
    "FITS",
    "INTERPOLATIONS",
    "METHODS",
    "PREPROCESSINGS",
    "SAMPLES",
    "SCALINGS",
    "CamcoreError",
    "CatalogueModel",
    "ClassWeights",
    "Classifier",
    "Cost",
    "Engine",
    "Explained",
    "Explanation",
    "Features",
    "Finding",
    "Forward",
    "Frame",
    "Heatmap",
    "ImageError",
    "InputError",
    "KerasClassifier",
    "Layer",
    "LayerRow",
    "Method",
    "MethodError",
    "ModelError",
    "OutputKind",
    "Picture",
    "Prediction",
    "Run",
    "Sample",
    "StoreError",
    "TorchClassifier",
    "UnsafeModelError",
    "__version__",
    "audit",
    "check_classifier",
    "compare_methods",
    "estimate",
    "explain",
    "load_model",
    "localize",
    "match_label",
    "palette",
    "read_image",
    "read_labels",
    "repair",
    "retrofit",
    "sample",
    "scan_part",
    "weights_folder",
]


_LATE = {  # bring statistics, figures or TensorFlow with them, so only when asked for
    "audit": "camcore.auditing.pipeline",
    "estimate": "camcore.auditing.preflight.estimate",
    "Run": "camcore.auditing.runs.run",
    "Finding": "camcore.auditing.runs.findings",
    "scan_part": "camcore.auditing.scan.scan",
    "repair": "camcore.repairing",
    "retrofit": "camcore.retrofitting",
}


@cache
def _engine() -> Engine:
    return Engine()


def explain(model: Classifier, picture: Picture, **options: Any) -> Explanation:
    """Where a model looks in a picture; the options are those of `Engine.explain`."""
    return _engine().explain(model, picture, **options)


def compare_methods(model: Classifier, picture: Picture, **options: Any) -> Comparison:
    """Methods, layers and classes side by side; the options are those of `comparing.compare`."""
    from camcore import comparing

    return comparing.compare(_engine(), model, picture, **options)


def localize(
    model: Classifier, folder: str | Path, boxes: str | Path, **options: Any
) -> Localization:
    """How well maps find the objects of a folder, by a file of true boxes.

    The options are those of `camcore.localization.localize`.
    """
    from camcore import localization

    true = localization.read_boxes(boxes)
    return localization.localize(_engine(), model, folder, true, **options)


def sample(name: str) -> Sample:
    """A sample picture by its name.

    Raises
    ------
    InputError
        If there is none of that name.

    Examples
    --------
    >>> sample("tank-sunny").name
    'tank-sunny'
    """
    for candidate in SAMPLES:
        if candidate.name == name:
            return candidate
    names = ", ".join(candidate.name for candidate in SAMPLES)
    raise InputError(f"no sample is called {name!r}; choose one of {names}.")


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return getattr(import_module(_LATE[name]), name)
    if name == "KerasClassifier":  # brings TensorFlow with it, so only when asked for
        from camcore.models.keras.loading import import_keras

        import_keras()
        from camcore.models.keras.classifier import KerasClassifier

        return KerasClassifier
    if name == "TorchClassifier":  # likewise with PyTorch
        from camcore.models.torch.loading import import_torch

        import_torch()
        from camcore.models.torch.classifier import TorchClassifier

        return TorchClassifier
    raise AttributeError(f"module 'camcore' has no attribute {name!r}")
