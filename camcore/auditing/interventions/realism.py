"""How real an edited picture is: whether it lies among real ones."""

from __future__ import annotations

import numpy as np

from camcore.auditing.rules import RULES
from camcore.auditing.scan.image_properties import SEEN_PROPERTIES
from camcore.auditing.scan.image_properties import measure as properties_of_one

_ROUNDING = 0.01  # in the unit of any property: a smaller spread is the rounding of numbers


class Realism:
    r"""Real pictures as points among which others are looked for.

    Every real picture has a ball that reaches to its third neighbour. How real another picture is
    says the ball that holds it best: :math:`\max_i r_i / \lVert x - x_i \rVert`, after
    Kynkaanniemi et al., "Improved precision and recall metric for assessing generative models",
    NeurIPS 2019, arXiv:1904.06991, section 5. It is divided by the value that nearly all real
    pictures (`Rules.unreal`) reach when they are left out of the reference themselves. Distances
    are taken along the principal axes of the real pictures, each in units of its spread, so that
    something that no real picture has counts although it is small.

    Parameters
    ----------
    features : ndarray, shape (n, k)
        Of real pictures, at least two.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5))
    >>> realism = Realism(plane)
    >>> bool(realism.of(plane[:1] + 1e-3)[0] >= 1), bool(realism.of(plane[:1] + 10)[0] < 1)
    (True, True)
    """

    def __init__(self, features: np.ndarray) -> None:
        features = np.asarray(features, np.float64)
        self._mean = features.mean(axis=0)
        _, spreads, axes = np.linalg.svd(features - self._mean, full_matrices=False)
        spreads = spreads / np.sqrt(len(features))
        self._units = max(RULES.real_ridge * float(spreads[0]), float(np.finfo(np.float32).eps))
        # Spreads below the ridge are measured by the ridge, and so is all that no real picture has.
        self._axes = axes.T * (1 / np.maximum(spreads, self._units) - 1 / self._units)
        self._back = axes.T
        self._points = self._placed(features)
        apart = self._distances(self._points)
        np.fill_diagonal(apart, np.inf)
        neighbours = min(RULES.real_neighbours, len(features) - 1)
        self._radii = np.partition(apart, neighbours - 1, axis=1)[:, neighbours - 1]
        left_out = _closest(self._radii, apart)
        self._limit = max(float(np.quantile(left_out, RULES.unreal)), 1e-6)

    def of(self, features: np.ndarray) -> np.ndarray:
        """How real pictures with such features are, float32 (m,); 1 and more is real."""
        apart = self._distances(self._placed(np.asarray(features, np.float64)))
        return (_closest(self._radii, apart) / self._limit).astype(np.float32)

    def _placed(self, features: np.ndarray) -> np.ndarray:
        """Features in units of the spread along the principal axes, in the features' own frame."""
        moved = features - self._mean
        placed: np.ndarray = moved / self._units + (moved @ self._axes) @ self._back.T
        return placed

    def _distances(self, points: np.ndarray) -> np.ndarray:
        squared = (points**2).sum(axis=1)[:, None] + (self._points**2).sum(axis=1)
        distances: np.ndarray = np.sqrt(np.maximum(squared - 2 * points @ self._points.T, 0))
        return distances


def _closest(radii: np.ndarray, apart: np.ndarray) -> np.ndarray:
    closest: np.ndarray = (radii / np.maximum(apart, 1e-9)).max(axis=1)
    return closest


def pooled(activations: np.ndarray) -> np.ndarray:
    """Means of the feature maps, (N, H, W, K) -> (N, K)."""
    means: np.ndarray = activations.mean(axis=(1, 2))
    return means


def properties_of(pixels: np.ndarray) -> np.ndarray:
    """`SEEN_PROPERTIES` of uint8 (N, H, W, C), float32 (N, properties)."""
    return np.stack([properties_of_one(image) for image in pixels])


class PropertyRealism(Realism):
    """`Realism` by the properties of the pictures, each in units of its own spread first.

    A property that does not vary is measured by a tenth of the spread that properties of the same
    unit have elsewhere: black corners that turn gray are unreal, and rounding is not.
    """

    def __init__(self, properties: np.ndarray) -> None:
        spread = properties.std(axis=0)
        units = np.array([image_property.unit for image_property in SEEN_PROPERTIES])
        for unit in np.unique(units):
            alike = units == unit
            usual = float(np.sqrt((spread[alike] ** 2).mean()))
            spread[alike] = np.maximum(spread[alike], max(RULES.real_ridge * usual, _ROUNDING))
        self._of_each = 1 / spread
        super().__init__(properties * self._of_each)

    def of(self, features: np.ndarray) -> np.ndarray:
        """How real pictures with such properties are, float32 (m,); 1 and more is real."""
        return super().of(features * self._of_each)
