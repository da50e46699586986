"""Maps that weight the feature maps: by class weights, by gradients, or by themselves.

Every formula is batched and per image; nothing is pooled over the batch. All arrays are float32:
A and G are N x H x W x K, a raw map (before ReLU and scaling) is N x H x W.
"""

from __future__ import annotations

import numpy as np

LOOK_ALIKES = 3  # classes nearest in score that Finer-CAM sets a class off against
CONTRAST = 0.6  # how much of their mean it takes off


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
    maps: np.ndarray = np.matmul(activations, weights[:, None, :, None])[..., 0]
    return maps


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


def grad_cam_plus_plus(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    r"""Grad-CAM++: :math:`\sum_k w_k A_k,\ w_k = \sum_{ij}\alpha_{ijk}\,\mathrm{ReLU}(G_{ijk})`.

    With :math:`\alpha = \frac{G^2}{2G^2 + S_k G^3} = \frac{1}{2 + S_k G}`, where S is the sum of
    A_k over its cells; the short form neither overflows nor underflows. Alpha is 0 where its
    denominator is, as the paper has it. Chattopadhay et al., WACV 2018, arXiv:1710.11063.

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [2.0]]]], np.float32)
    >>> grad_cam_plus_plus(A, np.array([[[[-1.0], [2.0]]]], np.float32)).tolist()  # w = 2 / 8
    [[[0.25, 0.5]]]
    """
    total = activations.sum(axis=(1, 2), keepdims=True)
    below = 2 + total * gradients
    alpha = np.divide(1, below, out=np.zeros_like(below), where=below != 0)
    weights = (alpha * np.maximum(gradients, 0)).sum(axis=(1, 2))
    return cam(activations, weights)


def smooth_grad_cam_plus_plus(activations: np.ndarray, noisy: np.ndarray) -> np.ndarray:
    r"""Smooth Grad-CAM++: Grad-CAM++ with the powers of G averaged over noisy pictures.

    :math:`\sum_k w_k A_k,\ w_k = \sum_{ij}\alpha_{ijk}\,\mathrm{ReLU}(\overline{G}_{ijk})` with
    :math:`\alpha = \frac{\overline{G^2}}{2\,\overline{G^2} + S_k\,\overline{G^3}}`, where S is the
    sum of A_k over its cells, and 0 where the denominator is. Omeiza et al. 2019,
    arXiv:1908.01224. The numerator of alpha is the mean square, as in Grad-CAM++, so that without
    noise the two methods are the same.

    Parameters
    ----------
    activations : ndarray, shape (N, H, W, K), float32
        Of the pictures as they are.
    noisy : ndarray, shape (N, n, H, W, K), float32
        Gradients at n noisy copies of each.

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [2.0]]]], np.float32)
    >>> noisy = np.array([[[[[-1.0], [0.0]]], [[[-1.0], [2.0]]]]], np.float32)
    >>> smooth_grad_cam_plus_plus(A, noisy).tolist()  # w = 2 / (4 + 3 * 4)
    [[[0.125, 0.25]]]
    """
    copies = noisy.astype(np.float64)  # the cube of a small gradient is no float32
    squared, cubed = (copies**2).mean(axis=1), (copies**3).mean(axis=1)
    below = 2 * squared + activations.sum(axis=(1, 2), keepdims=True) * cubed
    alpha = np.divide(squared, below, out=np.zeros_like(below), where=below != 0)
    weights = (alpha * np.maximum(copies.mean(axis=1), 0)).sum(axis=(1, 2))
    return cam(activations, weights.astype(np.float32))


def xgrad_cam(activations: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    r"""XGrad-CAM: :math:`\sum_k w_k A_k,\ w_k = \frac{\sum_{ij} G_{ijk}A_{ijk}}{\sum_{ij}A_{ijk}}`.

    A channel whose cells sum to nothing (less than a millionth of their magnitudes) has weight 0.
    Fu et al., BMVC 2020, arXiv:2008.02312.

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0], [3.0]]]], np.float32)
    >>> xgrad_cam(A, np.array([[[[0.0], [1.0]]]], np.float32)).tolist()
    [[[0.75, 2.25]]]
    """
    total = activations.sum(axis=(1, 2))
    counts = np.abs(total) > 1e-6 * np.abs(activations).sum(axis=(1, 2))
    met = np.einsum("nhwk,nhwk->nk", activations, gradients)
    total, counts = np.broadcast_to(total, met.shape), np.broadcast_to(counts, met.shape)
    return cam(activations, np.divide(met, total, out=np.zeros_like(met), where=counts))


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
    maps: np.ndarray = np.einsum("nhwk,nhwk->nhw", gradients, activations)
    return maps


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
    maps: np.ndarray = np.einsum("nhwk,nhwk->nhw", np.maximum(gradients, 0), activations)
    return maps


def finer_cam(
    activations: np.ndarray, gradients: np.ndarray, look_alikes: np.ndarray
) -> np.ndarray:
    r"""Finer-CAM: Grad-CAM of :math:`y_c - a\,\mathrm{mean}_d\,y_d` over look-alike classes d.

    What speaks for the class and for its look-alikes alike cancels. Here a is `CONTRAST`, and the
    look-alikes are the `LOOK_ALIKES` classes nearest in score. Zhang et al., CVPR 2025,
    arXiv:2501.11309.

    Parameters
    ----------
    activations, gradients : ndarray, shape (N, H, W, K), float32
    look_alikes : ndarray, shape (N, D, H, W, K), float32
        Gradients of the scores of D other classes; D may be 0.

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[1.0, 1.0]]]], np.float32)
    >>> G = np.array([[[[2.0, 2.0]]]], np.float32)
    >>> other = np.array([[[[[2.0, 0.0]]], [[[0.0, 0.0]]]]], np.float32)
    >>> round(finer_cam(A, G, other).item(), 5)  # 2 - 0.6 * 1, and 2
    3.4
    """
    if look_alikes.shape[1]:
        gradients = gradients - np.float32(CONTRAST) * look_alikes.mean(axis=1)
    return grad_cam(activations, gradients)


def nearest_classes(scores: np.ndarray, targets: np.ndarray, count: int) -> np.ndarray:
    """The classes whose scores are nearest to those of some targets, the nearest first.

    Parameters
    ----------
    scores : ndarray, shape (N, C) or (1, C)
    targets : ndarray of int, shape (N,)
    count : int

    Returns
    -------
    ndarray of int, shape (N, min(count, C - 1))

    Examples
    --------
    >>> nearest_classes(np.array([[5.0, 1.0, 4.0, 9.0]]), np.array([0, 1]), 2).tolist()
    [[2, 1], [2, 0]]
    """
    places = np.arange(len(targets))
    rows = np.broadcast_to(scores, (len(targets), scores.shape[1])).astype(np.float64)
    distance = np.abs(rows - rows[places, targets][:, None])
    distance[places, targets] = np.inf
    return np.argsort(distance, axis=1, kind="stable")[:, : min(count, scores.shape[1] - 1)]


def eigen_cam(activations: np.ndarray) -> np.ndarray:
    r"""Eigen-CAM: :math:`A v_1`, the projection on the first principal component of A.

    A is an HW x K matrix with the singular value decomposition :math:`U \Sigma V^T`, not centred.
    A component has no sign of its own: the cell of largest magnitude is made positive. Nothing in
    it knows a class. Muhammad and Yeasin, IJCNN 2020, arXiv:2008.00299.

    Parameters
    ----------
    activations : ndarray, shape (N, H, W, K), float32

    Returns
    -------
    ndarray, shape (N, H, W), float32

    Examples
    --------
    >>> A = np.array([[[[3.0, 4.0], [6.0, 8.0]]]], np.float32)
    >>> np.round(eigen_cam(A), 4).tolist()
    [[[5.0, 10.0]]]
    """
    return np.stack([_first_component(image) for image in activations])


def _first_component(image: np.ndarray) -> np.ndarray:
    from scipy.sparse.linalg import svds  # slow to import, and for this method alone

    height, width, channels = image.shape
    matrix = image.reshape(height * width, channels).astype(np.float64)
    if not matrix.any():
        return np.zeros((height, width), np.float32)
    if min(matrix.shape) == 1:  # a rank of one needs no decomposition
        projected = matrix @ matrix[np.abs(matrix).sum(axis=1).argmax()]
        projected *= np.linalg.norm(matrix) / np.linalg.norm(projected)
    else:
        start = np.random.default_rng(0).normal(size=min(matrix.shape))  # the same every time
        _, _, directions = svds(matrix, k=1, v0=start)
        projected = matrix @ directions[0]
    if projected[np.abs(projected).argmax()] < 0:
        projected = -projected
    component: np.ndarray = projected.reshape(height, width).astype(np.float32)
    return component
