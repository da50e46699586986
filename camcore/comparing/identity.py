"""CAM = H·W · Grad-CAM where global average pooling leads into one affine layer, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.classifier import Classifier
from camcore.engine.engine import Engine
from camcore.methods import METHODS
from camcore.pictures.picture import Picture

_ROUNDING = 1e-4  # of the largest value: float32 sums of hundreds of channels agree to this


@dataclass(frozen=True)
class Identity:
    r"""Whether CAM is Grad-CAM, up to the factor H·W, for one picture, class and layer.

    With ``y = mean_ij(A) @ w + b`` the gradient is ``w / (H W)`` in every cell, so Grad-CAM's
    weights are those of CAM divided by H·W. Both maps are taken before ReLU and scaling; the bias
    belongs to no cell: ``mean(CAM) + b`` is the class score.

    Attributes
    ----------
    holds : bool
        True where both equations are true up to rounding.
    reason : str
        Why they are not; empty where they are.
    height, width : int
        Cells of the map, H and W.
    largest_difference : float
        Of ``CAM - H W Grad-CAM`` over the cells; nan where there is no CAM.
    scale : float
        Largest absolute value of the CAM, to judge the difference by.
    class_score, mean_cam, bias : float
        y before softmax, the mean of the CAM over its cells, and b.
    """

    holds: bool
    reason: str
    height: int
    width: int
    largest_difference: float = float("nan")
    scale: float = float("nan")
    class_score: float = float("nan")
    mean_cam: float = float("nan")
    bias: float = float("nan")

    @property
    def mean_plus_bias(self) -> float:
        """``mean(CAM) + b``, which is the class score where the identity holds."""
        return self.mean_cam + self.bias


def identity(
    engine: Engine,
    model: Classifier,
    picture: Picture,
    target: int | str | None = None,
    layer: str | None = None,
    *,
    preprocessing: str | None = None,
    fit: str | None = None,
) -> Identity:
    """Check CAM = H·W · Grad-CAM on one picture.

    Parameters
    ----------
    target : int, str or None
        A class by index or name; None is the predicted class.
    layer : str, optional
        The model's default layer if not given.

    Raises
    ------
    InputError
        For an unknown layer, target or option.

    Examples
    --------
    >>> import camcore
    >>> model = camcore.load_model("cam1")
    >>> seven = camcore.read_image(camcore.sample("digit-7").file)
    >>> found = identity(camcore.Engine(), model, seven, "7")
    >>> found.holds, found.height * found.width
    (True, 9)
    >>> abs(found.class_score - found.mean_plus_bias) < 1e-3
    True
    """
    options = {"layer": layer, "preprocessing": preprocessing, "fit": fit}
    grad = engine.explain(model, picture, target=target, method="grad-cam", **options)
    place, index = grad.layer, grad.target.index
    head = model.class_weights(place.name) if place.cam else None
    if head is None:
        reason = METHODS["cam"].why_not(model.name, place.name)
        return Identity(False, reason, place.height, place.width)
    cam = engine.explain(model, picture, target=index, method="cam", **options).heatmap.raw
    cam = cam.astype(np.float64)
    cells = place.height * place.width
    difference = float(np.abs(cam - cells * grad.heatmap.raw.astype(np.float64)).max())
    scale = float(np.abs(cam).max())
    score, mean, bias = grad.target.score, float(cam.mean()), float(head.bias[index])
    whole = max(abs(score), abs(mean), abs(bias))
    same_map = difference <= _ROUNDING * scale
    same_score = abs(mean + bias - score) <= _ROUNDING * whole
    reason = ""
    if not (same_map and same_score):
        reason = (
            f"The class score of {model.name} is not what the weights behind {place.name} give: "
            f"the maps differ by up to {difference:.3g}, the scores by "
            f"{abs(mean + bias - score):.3g}."
        )
    return Identity(
        not reason, reason, place.height, place.width, difference, scale, score, mean, bias
    )
