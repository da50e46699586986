"""The one protocol that every model is seen through, and the values that cross it.

Nothing here imports a tensor library: arrays at the border are NumPy, images N,H,W,C float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from camcore.pictures.preprocessing import Frame

Explained = Literal["score", "probability"]
Head = Callable[[np.ndarray], np.ndarray]
"""The rest of a network behind a layer: maps (N, H, W, K) -> class scores (N, C)."""
OutputKind = Literal["softmax", "logits", "log-probability", "sigmoid", "multi-label", "regression"]


@dataclass(frozen=True)
class Layer:
    """A layer whose output is a spatial map.

    Attributes
    ----------
    name : str
        Path of the layer; inner layers of nested models are joined by ``/``.
    height, width : int
        Grid of the map, in cells.
    channels : int
        Number of feature maps.
    kind : str
        Class of the layer, such as ``Conv2D``.
    cam : bool
        True where only global average pooling and affine layers lie between this layer and the
        class scores, so that plain CAM is possible.
    frame : Frame or None
        Where the grid lies in the model's input; evenly over all of it if None.
    beside : int
        Tokens that the layer holds beside those of the grid, such as a class token.
    differentiable : bool
        Whether gradients of the class scores at this layer can be computed.
    """

    name: str
    height: int
    width: int
    channels: int
    kind: str
    cam: bool = False
    frame: Frame | None = None
    beside: int = 0
    differentiable: bool = True

    def __str__(self) -> str:
        beside = f" (+{self.beside})" if self.beside else ""
        return f"{self.name} · {self.height}×{self.width}{beside} · {self.channels}"


@dataclass(frozen=True)
class LayerRow:
    """One layer in the table of a network.

    Attributes
    ----------
    name, kind : str
        Path of the layer, and its class.
    shape : tuple of int or None
        Of its output, without the batch.
    parameters : int
        Of the layer; 0 where it is used a second time.
    beside : bool
        Whether its output reaches the scores by another way than through the layer that the
        table is split at.
    """

    name: str
    kind: str
    shape: tuple[int | None, ...]
    parameters: int
    beside: bool = False


@dataclass(frozen=True)
class OtherInput:
    """An input that is held at a value while a picture is explained.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Of its value for one picture.
    dtype : str

    Examples
    --------
    >>> str(OtherInput("age", (2,), "float32"))
    "'age' (2)"
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def takes_picture(self) -> bool:
        """Whether a second picture can be its value."""
        return len(self.shape) == 3

    def __str__(self) -> str:
        return f"{self.name!r} ({'×'.join(map(str, self.shape)) or 'one number'})"


@dataclass(frozen=True, eq=False)
class Forward:
    """What one forward pass over a batch left behind, for one layer.

    Attributes
    ----------
    activations : ndarray, shape (N, H, W, K), float32
        A, the output of the layer.
    scores : ndarray, shape (N, C), float32
        Class scores before softmax; for one sigmoid unit ``(-z, +z)``; for regression
        ``(+y, -y)`` for each output.
    probabilities : ndarray, shape (N, C), float32
        The model's own output, or softmax of the scores where the model ends in logits; the
        scores themselves for regression.
    layer : str
        Name of the layer.
    state : object
        What the classifier needs to go backward later; opaque to everyone else.
    state_bytes : int
        Memory that `state` holds.
    """

    activations: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    layer: str
    state: Any = None
    state_bytes: int = 0

    @property
    def nbytes(self) -> int:
        """Memory of the whole value, in bytes."""
        arrays = self.activations.nbytes + self.scores.nbytes + self.probabilities.nbytes
        return arrays + self.state_bytes


@dataclass(frozen=True, eq=False)
class ClassWeights:
    """The affine head behind global average pooling: ``scores = mean_ij(A) @ weights + bias``.

    Attributes
    ----------
    weights : ndarray, shape (K, C), float32
    bias : ndarray, shape (C,), float32
    """

    weights: np.ndarray
    bias: np.ndarray


class Classifier(Protocol):
    """An image model: picture batches in, class scores and feature maps out.

    Implementations hold one lock, so every method may be called from any thread.
    """

    @property
    def name(self) -> str:
        """Name shown to people: a catalogue name, a bundled name or a file name."""
        ...

    @property
    def sha256(self) -> str:
        """Hash of the model's content, and of what its other inputs are held at.

        Equal hashes give equal scores in the same precision.
        """
        ...

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one input image."""
        ...

    @property
    def preprocessing(self) -> str:
        """Name of the preprocessing that turns 0..255 pixels into inputs."""
        ...

    @property
    def preprocessing_guessed(self) -> bool:
        """True where nobody said and nothing in the model tells how pixels are scaled."""
        ...

    @property
    def fit(self) -> str:
        """How a picture becomes the input where nobody says otherwise; see `fit_of`."""
        ...

    @property
    def output_kind(self) -> OutputKind:
        """How the chosen output is to be read."""
        ...

    @property
    def output(self) -> str:
        """Name of the chosen output."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all outputs."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that could take the picture, where the model names its inputs."""
        ...

    @property
    def input(self) -> str:
        """Name of the input that takes it."""
        ...

    @property
    def other_inputs(self) -> tuple[OtherInput, ...]:
        """The inputs beside it, which are held at values."""
        ...

    def holding(self, others: Mapping[str, Any]) -> Classifier:
        """The same model with other inputs held at other values; those not named stay."""
        ...

    def named(self, class_names: Sequence[str], note: str = "") -> Classifier:
        """The same model with its classes called otherwise, one name for each.

        Where nobody chose the names, a note says so among `notes`.
        """
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What was decided where the model leaves a choice, one short clause each.

        For example outputs passed over, other inputs and what they are held at.
        """
        ...

    @property
    def class_names(self) -> tuple[str, ...]:
        """One name for each column of the scores."""
        ...

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers with a spatial map that the scores depend on, in the order of computation."""
        ...

    @property
    def default_layer(self) -> str:
        """The last layer that holds a map worth showing."""
        ...

    @property
    def weighted_layers(self) -> tuple[str, ...]:
        """Paths of the layers with weights that the scores depend on, in order of computation."""
        ...

    @property
    def nbytes(self) -> int:
        """Memory of the weights, in bytes."""
        ...

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        """Run the model on preprocessed images, shape (N, H, W, C) float32."""
        ...

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class scores and probabilities alone, each of shape (N, C), float32."""
        ...

    def for_throughput(self, *, bfloat16: bool = False) -> Classifier:
        """The same model, prepared for many images: it rounds otherwise, and is faster.

        With `bfloat16` it also calculates with fewer digits, where that is faster.
        """
        ...

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        """G = d score_target / dA, or d probability_target / dA; (len(targets), H, W, K) float32.

        `forward` holds as many images as there are targets, or one image for all of them.
        """
        ...

    def head(self, images: np.ndarray, layer: str) -> Head:
        """The rest of the network behind a layer, for one preprocessed image, (1, H, W, C).

        What reaches the scores by other ways than through the layer stays as the image has it.
        """
        ...

    def class_weights(self, layer: str) -> ClassWeights | None:
        """Weights of the global-average-pooling head behind `layer`, or None without one."""
        ...

    def randomised(self, layers: Sequence[str], seed: int) -> Classifier:
        """The same model with the weights of some layers shuffled, each within itself."""
        ...

    def parts(self, layer: str) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
        """The model as two networks, from the image to `layer` and from there to the output."""
        ...


def fit_of(classifier: Classifier) -> str:
    """How a picture becomes a classifier's input: as its `fit` says, or stretched without one.

    Examples
    --------
    >>> import types
    >>> fit_of(types.SimpleNamespace(fit="pad")), fit_of(types.SimpleNamespace())
    ('pad', 'stretch')
    """
    fit: str = getattr(classifier, "fit", "stretch")
    return fit
