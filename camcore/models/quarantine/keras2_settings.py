"""Settings that Keras 2 wrote and Keras 3 does not know, as data: which values mean nothing.

Read off the ``get_config`` of the layers of Keras 2.6, 2.9, 2.12 and 2.15 against the arguments
that the layers of Keras 3.15 take.
"""

from __future__ import annotations

from typing import Any

ANY = object()
"""The setting changes no answer at any value: it is about training, speed or known shapes."""

_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_SEPARABLE = ("SeparableConv1D", "SeparableConv2D",
              "SeparableConvolution1D", "SeparableConvolution2D")  # fmt: skip
_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "Convolution2DTranspose",
               "Convolution3DTranspose")  # fmt: skip
_RECURRENT = ("RNN", "SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_CELLS = ("SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells")
_SPATIAL = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
_ATTENTION = ("Attention", "AdditiveAttention")

# Setting -> the values at which it means nothing, for every layer.
OF_EVERY_LAYER: dict[str, Any] = {
    "dynamic": ANY,  # how Keras 2 ran the layer
    "experimental_autocast": (True,),
    "build_input_shape": ANY,
    "weights": (None,),
    "rng_type": ANY,  # of layers that do nothing outside training
    "force_generator": ANY,
}

# Depthwise and separable layers have kernels of other names; what their config says of "kernel"
# was never used.
_KERNEL = {
    "groups": (1,),
    "kernel_initializer": ANY,
    "kernel_regularizer": ANY,
    "kernel_constraint": ANY,
}

_UNROLLING = {"implementation": ANY, "time_major": (False,), "num_constants": (None, 0)}

# Layer -> setting -> the values at which it means nothing.
OF_LAYER: dict[str, dict[str, Any]] = {
    **dict.fromkeys(_DEPTHWISE, _KERNEL | {"filters": (None,)}),
    **dict.fromkeys(_SEPARABLE, _KERNEL),
    **{kind: {"groups": (1,)} for kind in _TRANSPOSED},
    "BatchNormalization": {
        "fused": ANY,  # which code computes it
        "virtual_batch_size": (None,),
        "adjustment": (None,),
    },
    "SyncBatchNormalization": {"fused": ANY},
    **{kind: {"noise_shape": (None,)} for kind in _SPATIAL},
    **dict.fromkeys(_RECURRENT, _UNROLLING),
    **{kind: {"implementation": ANY} for kind in _CELLS},
    "Bidirectional": {"num_constants": (None, 0)},
    **{kind: {"causal": (False,)} for kind in _ATTENTION},
    "MultiHeadAttention": {
        "query_shape": ANY,
        "key_shape": ANY,
        "value_shape": ANY,
        "softmax_robust_masking": (False,),
    },
    "Embedding": {"input_length": ANY},
    "InputLayer": {"type_spec": (None,)},
    "Normalization": {"count": ANY},  # of the pictures that it was fitted on
}

OF_SEVERAL_SHAPES = ("MultiHeadAttention",)
"""Layers that Keras 3 builds from the shapes of all their inputs, where Keras 2 kept one."""

MISREAD = ("Attention",)
"""Layers with a setting that Keras 3 takes for a function where a layer names no module.

The ``score_mode`` of Attention is "dot", which is the name of a function of ``keras.layers`` too.
"""

WRAPPED = ("layer", "backward_layer", "cell", "cells")
"""Settings that hold layers, which Keras 3 finds by their module alone."""

OF_INITIALIZER: dict[str, Any] = {"dtype": ANY, "partition_info": ANY, "verify_shape": ANY}

# Layers that Keras 3 has under another name: that name, and how their settings are called there;
# other settings are dropped. The random ones do nothing outside training.
RENAMED: dict[str, tuple[str, dict[str, str]]] = {
    "RandomHeight": ("Identity", {}),
    "RandomWidth": ("Identity", {}),
    "ThresholdedReLU": ("ReLU", {"theta": "threshold"}),
}
OF_RENAMED = frozenset({"factor", "interpolation", "seed", "fill_mode", "fill_value"})


def is_neutral(values: Any, value: Any) -> bool:
    """Whether a setting means nothing at a value.

    Examples
    --------
    >>> is_neutral((1,), 1), is_neutral((1,), 2), is_neutral(ANY, "anything")
    (True, False, True)
    """
    if values is ANY:
        return True
    return any(value is neutral or (value == neutral and type(value) is type(neutral))
               for neutral in values)  # fmt: skip
