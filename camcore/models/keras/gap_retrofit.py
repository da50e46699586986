"""A network up to one of its layers, with its preprocessing inside, and a new head on that."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from camcore.errors import ModelError
from camcore.models.keras.batchnorm_folding import merged_function
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.geometry.layer_maps import LayerMap
from camcore.models.keras.geometry.token_maps import TokenMap
from camcore.models.keras.traced_graph import TracedGraph
from camcore.pictures.preprocessing import preprocess


def pooled_network(classifier: KerasClassifier, layer: str) -> Any:
    """The network from raw pixels to the mean of each channel of a layer.

    It is built of the layers of the classifier's model, which are from then on a part of both
    networks. Nested models are opened, so every layer of the result is a plain one.

    Parameters
    ----------
    classifier : KerasClassifier
        Its `preprocessing` becomes a part of the network.
    layer : str
        One of the classifier's.

    Returns
    -------
    keras.Model
        Maps (N, H, W, C) in 0..255 to (N, K).

    Raises
    ------
    ModelError
        If two layers of different inner networks have one name.

    Examples
    --------
    >>> inner = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Conv2D(4, 3, name="conv")])
    >>> outer = keras.Sequential([keras.Input((6, 6, 3)), inner, keras.layers.Flatten()])
    >>> classifier = KerasClassifier(outer, preprocessing="caffe")
    >>> network = pooled_network(classifier, f"{inner.name}/conv")
    >>> [type(layer).__name__ for layer in network.operations[1:]], network.output_shape
    (['Rescaling', 'Flip', 'Conv2D', 'GlobalAveragePooling2D'], (None, 4))
    """
    model = classifier.keras_model
    images = keras.Input(classifier.input_shape, name="pixels")
    prepared = images
    if classifier.preprocessing != "none" or classifier.preprocessing_told is None:
        prepared = _preprocessed(images, classifier.preprocessing, classifier.input_shape[2])
    outputs: dict[str, Any] = {}
    _run(model, prepared, "", outputs)
    try:
        names = [operation.name for operation in keras.Model(images, outputs[layer]).operations]
    except ValueError as error:  # inner networks may use a name of the outer one
        raise ModelError(
            f"the layers of {classifier.name} cannot stand in one row ({error}); rename one of "
            "the two in Python and save the model again."
        ) from error
    lies = classifier.map_of(layer)
    return keras.Model(images, _pooled(outputs[layer], lies, _free("gap", names)))


def _pooled(maps: Any, lies: LayerMap | TokenMap | None, name: str) -> Any:
    """The mean over the cells of a layer's map, whichever of its axes they lie along."""
    layers = keras.layers
    if isinstance(lies, TokenMap):
        if lies.axis == 2:
            maps = layers.Permute((2, 1))(maps)
        if lies.beside:
            maps = layers.Cropping1D((lies.before, lies.after))(maps)
        return layers.GlobalAveragePooling1D(name=name, dtype="float32")(maps)
    order = "channels_last"
    if lies is not None and lies.order[3] == 1:
        order = "channels_first"
    elif lies is not None and lies.order[3] == 2:
        maps = layers.Permute((1, 3, 2))(maps)
    return layers.GlobalAveragePooling2D(data_format=order, name=name, dtype="float32")(maps)


def with_head(network: Any, weights: np.ndarray, bias: np.ndarray) -> Any:
    """A pooled network with ``Dense(softmax)`` behind it: weights (K, C), bias (C,)."""
    taken = [operation.name for operation in network.operations]
    dense = keras.layers.Dense(
        len(bias), activation="softmax", name=_free("scores", taken), dtype="float32"
    )
    model = keras.Model(network.inputs, dense(network.outputs[0]), name="retrofit")
    dense.set_weights([weights, bias])
    return model


def fast_function(network: Any) -> Any:
    """A network as a function of NumPy batches, made for many: see `merged_function`."""
    graph = TracedGraph(network, network.input_shape[1:])
    run = merged_function(graph, [graph.images], [graph.results])

    def of(images: np.ndarray) -> np.ndarray:
        scores: np.ndarray = run(keras.ops.convert_to_tensor(images, "float32"))[0].numpy()
        return scores

    return of


def _run(model: Any, images: Any, prefix: str, outputs: dict[str, Any]) -> Any:
    """Call every innermost layer of a model anew, and note its outputs as `TracedGraph` does."""

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        path = f"{prefix}{operation.name}"
        if isinstance(operation, keras.Model):
            return _run(operation, args[0], f"{path}/", outputs)
        result = operation(*args, **kwargs)
        uses = 1
        name = path
        while name in outputs:
            uses += 1
            name = f"{path}:{uses}"
        outputs[name] = result
        return result

    if isinstance(model, keras.Sequential):
        for layer in model.layers:
            images = call(layer, images)
        return images
    given = keras.tree.map_structure(lambda _: images, model.input)
    clone = keras.models.clone_model(
        model, input_tensors=given, clone_function=lambda layer: layer, call_function=call
    )
    return clone.output


def _preprocessed(images: Any, name: str, channels: int) -> Any:
    """One of `camcore.PREPROCESSINGS` as layers: each channel is scaled, and they may be turned."""
    offset = preprocess(np.zeros(channels, np.float32), name).astype(np.float64)
    reached = (preprocess(255 * np.eye(channels, dtype=np.float32), name) - offset) / 255
    turned = channels > 1 and not np.diag(reached).all()
    # The pixels are scaled first, in their own order.
    bias = offset[::-1] if turned else offset
    scale = keras.layers.Rescaling(_plain(reached.sum(axis=1)), _plain(bias), name="preprocess")
    return keras.ops.flip(scale(images), axis=-1) if turned else scale(images)


def _plain(values: np.ndarray) -> float | list[float]:
    numbers = [float(value) for value in values]
    return numbers[0] if len(set(numbers)) == 1 else numbers


def _free(name: str, taken: list[str]) -> str:
    while name in taken:
        name += "_"
    return name
