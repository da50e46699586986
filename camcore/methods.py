"""Class activation maps as pure formulas over feature maps, gradients and class weights.

Every formula is batched and per image; nothing is pooled over the batch. All arrays are float32:
A and G are N x H x W x K, a raw map (before ReLU and scaling) is N x H x W.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from camcore.errors import InputError, MethodError

Need = Literal["class weights", "gradients"]


@dataclass(frozen=True)
class Method:
    """One entry of the registry.

    Attributes
    ----------
    name, title : str
        Key on the command line, and name shown to people.
    formula : callable
        ``formula(A, G)`` or ``formula(A, w)`` -> raw map; see `needs`.
    needs : {"class weights", "gradients"}
        What the formula takes beside the feature maps.
    equation : str
        The map in LaTeX.
    paper : str
        Where it was published.
    about : str
        One plain sentence for a newcomer.
    """

    name: str
    title: str
    formula: Callable[[np.ndarray, np.ndarray], np.ndarray]
    needs: Need
    equation: str
    paper: str
    about: str


def cam(activations: np.ndarray, weights: np.ndarray) -> np.ndarray:
    r"""CAM: :math:`\sum_k w_k^c A_k` (Zhou et al., CVPR 2016, arXiv:1512.04150).

    Parameters
    ----------
    activations : ndarray, shape (N, H, W, K), float32
    weights : ndarray, shape (N, K), float32
        Weights of the target class behind global average pooling, one row an image.

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0, 10.0], [2.0, 20.0]]]], np.float32)
    >>> cam(A, np.array([[3.0, -1.0]], np.float32)).tolist()
    [[[-7.0, -14.0]]]
    """
    return np.matmul(activations, weights[:, None, :, None])[..., 0]


def grad_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    r"""Grad-CAM: :math:`\sum_k \alpha_k A_k,\ \alpha_k = \frac{1}{HW}\sum_{ij} G_{ijk}`.

    Selvaraju et al., ICCV 2017, arXiv:1610.02391.

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [3.0]]]], np.float32)
    >>> grad_cam(A, np.array([[[[0.0], [1.0]]]], np.float32)).tolist()
    [[[0.5, 1.5]]]
    """
    return cam(activations, gradients.mean(axis=(1, 2)))


def hires_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    r"""HiResCAM: :math:`\sum_k G_k \odot A_k` (Draelos and Carin 2020, arXiv:2011.08891).

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [3.0]]]], np.float32)
    >>> hires_cam(A, np.array([[[[0.0], [1.0]]]], np.float32)).tolist()
    [[[0.0, 3.0]]]
    """
    return np.einsum("nhwk,nhwk->nhw", gradients, activations)


def layer_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    r"""Layer-CAM: :math:`\sum_k \mathrm{ReLU}(G_k) \odot A_k`.

    Jiang et al., IEEE TIP 2021, doi:10.1109/TIP.2021.3089943.

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [3.0]]]], np.float32)
    >>> layer_cam(A, np.array([[[[-1.0], [1.0]]]], np.float32)).tolist()
    [[[0.0, 3.0]]]
    """
    return np.einsum("nhwk,nhwk->nhw", np.maximum(gradients, 0), activations)


METHODS = {
    method.name: method
    for method in (
        Method(
            "cam",
            "CAM",
            cam,
            "class weights",
            r"M_c = \mathrm{ReLU}\Big(\sum_k w_k^c A_k\Big)",
            "Zhou et al., CVPR 2016, arXiv:1512.04150",
            "The class's own weights behind global average pooling, laid over the feature maps.",
        ),
        Method(
            "grad-cam",
            "Grad-CAM",
            grad_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \alpha_k^c A_k\Big),\quad"
            r"\alpha_k^c = \frac{1}{HW}\sum_{ij}\frac{\partial y_c}{\partial A_{ijk}}",
            "Selvaraju et al., ICCV 2017, arXiv:1610.02391",
            "Each feature map weighted by the mean gradient of the class score; any network.",
        ),
        Method(
            "hirescam",
            "HiResCAM",
            hires_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k \frac{\partial y_c}{\partial A_k} \odot A_k\Big)",
            "Draelos and Carin 2020, arXiv:2011.08891",
            "Gradient times activation cell by cell: shows only what the score really used.",
        ),
        Method(
            "layer-cam",
            "Layer-CAM",
            layer_cam,
            "gradients",
            r"M_c = \mathrm{ReLU}\Big(\sum_k"
            r"\mathrm{ReLU}\big(\tfrac{\partial y_c}{\partial A_k}\big) \odot A_k\Big)",
            "Jiang et al., IEEE TIP 2021, doi:10.1109/TIP.2021.3089943",
            "Positive gradients only, cell by cell; made for early, fine-grained layers.",
        ),
    )
}  # fmt: skip


def method_named(name: str) -> Method:
    """Find a method by its name, whatever its case and hyphens.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> method_named("GradCAM").title
    'Grad-CAM'
    """
    wanted = name.lower().replace("-", "").replace("_", "").replace(" ", "")
    for method in METHODS.values():
        if method.name.replace("-", "") == wanted:
            return method
    raise InputError(f"method {name!r} is not known; choose one of {', '.join(METHODS)}.")


def require(method: Method, cam_possible: bool, model: str, layer: str) -> None:
    """Refuse a method that needs what the model does not have, and say what can be done.

    Raises
    ------
    MethodError
    """
    if method.needs == "class weights" and not cam_possible:
        raise MethodError(
            f"{method.title} needs global average pooling and affine layers right behind "
            f"{layer!r}, and {model} has none there; Grad-CAM, HiResCAM and Layer-CAM work on "
            "any layer."
        )
