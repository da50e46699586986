"""TensorFlow operations that Keras 2 kept as layers, written as the operations of Keras 3.

``x / 255.0`` in a functional model of Keras 2 is a layer ``TFOpLambda`` that names a function of
TensorFlow and its arguments. Only functions of the table below are rewritten, argument by
argument; nothing is looked up by the name that a file gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

KINDS = frozenset({"TFOpLambda", "SlicingOpLambda"})

_CONSTANT = "_CONSTANT_VALUE"
_NUMPY, _NN, _CORE = "keras.src.ops.numpy", "keras.src.ops.nn", "keras.src.ops.core"
_MATH, _IMAGE = "keras.src.ops.math", "keras.src.ops.image"
_RESIZINGS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")


class UnknownOperation(Exception):
    """A function or an argument that the table does not hold."""


Rewritten = tuple[str, str, dict[str, Any], list[Any]]
"""Module and class of the operation, its settings, and the arguments of its call."""


def _binary(kind: str) -> Callable[[Any, Mapping[str, Any]], Rewritten]:
    def rewrite(x: Any, rest: Mapping[str, Any]) -> Rewritten:
        return _NUMPY, kind, {}, [_array(x), _array(_only(rest, "y")["y"])]

    return rewrite


def _unary(module: str, kind: str) -> Callable[[Any, Mapping[str, Any]], Rewritten]:
    def rewrite(x: Any, rest: Mapping[str, Any]) -> Rewritten:
        _only(rest)
        return module, kind, {}, [x]

    return rewrite


def _reduced(kind: str) -> Callable[[Any, Mapping[str, Any]], Rewritten]:
    def rewrite(x: Any, rest: Mapping[str, Any]) -> Rewritten:
        settings = _only(rest, axis=None, keepdims=False)
        return _NUMPY, kind, {"axis": settings["axis"], "keepdims": bool(settings["keepdims"])}, [x]

    return rewrite


def _matmul(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "b", transpose_a=False, transpose_b=False)
    operands = [_array(x), _array(settings["b"])]
    turned = bool(settings["transpose_a"]), bool(settings["transpose_b"])
    if not any(turned):
        return _NUMPY, "Matmul", {}, operands
    left, right = ("...ji" if turned[0] else "...ij"), ("...kj" if turned[1] else "...jk")
    return _NUMPY, "Einsum", {"subscripts": f"{left},{right}->...ik"}, operands


def _padded(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "paddings", mode="CONSTANT", constant_values=0)
    mode, around = str(settings["mode"]).lower(), settings["paddings"]
    numbers = isinstance(around, list) and all(
        isinstance(pair, list) and all(isinstance(count, int) for count in pair) for pair in around
    )
    if not numbers or mode not in ("constant", "reflect", "symmetric"):
        raise UnknownOperation
    arguments = [x, settings["constant_values"]] if mode == "constant" else [x]
    return _NUMPY, "Pad", {"pad_width": around, "mode": mode}, arguments


def _softmax(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    axis = _only(rest, axis=-1)["axis"]
    return _NN, "Softmax", {"axis": -1 if axis is None else axis}, [x]


def _bias_add(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "bias", data_format="NHWC")
    if settings["data_format"] not in (None, "NHWC"):
        raise UnknownOperation
    return _NUMPY, "Add", {}, [x, _array(settings["bias"])]


def _leaky_relu(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    return _NN, "LeakyRelu", {"negative_slope": _only(rest, alpha=0.2)["alpha"]}, [x]


def _cast(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    dtype = _only(rest, "dtype")["dtype"]
    if isinstance(dtype, Mapping):  # {"class_name": "TypeSpec", ...} and the like
        raise UnknownOperation
    return _CORE, "Cast", {"dtype": dtype}, [x]


def _concatenated(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    return _NUMPY, "Concatenate", {"axis": _only(rest, "axis")["axis"]}, [x]


def _expanded(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    return _NUMPY, "ExpandDims", {"axis": _only(rest, "axis")["axis"]}, [x]


def _squeezed(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    axis = _only(rest, axis=None)["axis"]
    return _NUMPY, "Squeeze", {"axis": tuple(axis) if isinstance(axis, list) else axis}, [x]


def _clipped(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "clip_value_min", "clip_value_max")
    return (
        _NUMPY,
        "Clip",
        {"x_min": settings["clip_value_min"], "x_max": settings["clip_value_max"]},
        [x],
    )


def _reshaped(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    shape = _only(rest, "shape")["shape"]
    if not isinstance(shape, list) or not all(isinstance(side, int) for side in shape):
        raise UnknownOperation
    return _NUMPY, "Reshape", {"newshape": shape}, [x]


def _transposed(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    return _NUMPY, "Transpose", {"axes": _only(rest, perm=None)["perm"]}, [x]


def _resized(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "size", method="bilinear", antialias=False, preserve_aspect_ratio=False)
    size, method = settings["size"], settings["method"]
    if not _are_sides(size) or method not in _RESIZINGS or settings["preserve_aspect_ratio"]:
        raise UnknownOperation
    antialias = bool(settings["antialias"])
    chosen = {"size": size, "interpolation": method, "antialias": antialias}
    return _IMAGE, "Resize", chosen | {"data_format": "channels_last"}, [x]


def _are_sides(size: Any) -> bool:
    return isinstance(size, list) and len(size) == 2 and all(isinstance(n, int) for n in size)


def _gray(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    _only(rest)
    return _IMAGE, "RGBToGrayscale", {"data_format": "channels_last"}, [x]


def _repeated(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    settings = _only(rest, "repeats", axis=None)
    if not isinstance(settings["repeats"], int) or not isinstance(settings["axis"], int):
        raise UnknownOperation
    return _NUMPY, "Repeat", {"repeats": settings["repeats"], "axis": settings["axis"]}, [x]


def _tiled(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    multiples = _only(rest, "multiples")["multiples"]
    if not isinstance(multiples, list) or not all(isinstance(n, int) for n in multiples):
        raise UnknownOperation
    return _NUMPY, "Tile", {"repeats": multiples}, [x]


def _reversed(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    axis = _only(rest, "axis")["axis"]
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if not isinstance(axis, int):
        raise UnknownOperation
    return _NUMPY, "Flip", {"axis": axis}, [x]


def _mirrored(axis: int) -> Callable[[Any, Mapping[str, Any]], Rewritten]:
    def rewrite(x: Any, rest: Mapping[str, Any]) -> Rewritten:
        _only(rest)
        return _NUMPY, "Flip", {"axis": axis}, [x]

    return rewrite


def _sliced(x: Any, rest: Mapping[str, Any]) -> Rewritten:
    spec = _only(rest, "slice_spec")["slice_spec"]
    axes = spec if isinstance(spec, list) else [spec]
    if any(_is_ellipsis(item) for item in axes):
        # No .h5 file can hold an ellipsis for Keras 3. The one that people write is x[..., ::-1].
        backwards = [{"start": None, "stop": None, "step": -1}]
        if len(axes) == 2 and _is_ellipsis(axes[0]) and axes[1:] == backwards:
            return _NUMPY, "Flip", {"axis": -1}, [x]
        raise UnknownOperation
    return _NUMPY, "GetItem", {}, [x, [_slice(item) for item in axes]]


def _is_ellipsis(item: Any) -> bool:
    return isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__"


def _slice(item: Any) -> Any:
    if item is None or isinstance(item, int):
        return item
    if isinstance(item, Mapping) and set(item) == {"start", "stop", "step"}:
        bounds = [item["start"], item["stop"], item["step"]]
        if all(bound is None or isinstance(bound, int) for bound in bounds):
            return {"class_name": "__slice__", "config": dict(item)}
    raise UnknownOperation


_TABLE: dict[str, Callable[[Any, Mapping[str, Any]], Rewritten]] = {
    **dict.fromkeys(("__operators__.add", "math.add", "add"), _binary("Add")),
    **dict.fromkeys(("math.subtract", "subtract"), _binary("Subtract")),
    **dict.fromkeys(("math.multiply", "multiply"), _binary("Multiply")),
    **dict.fromkeys(("math.truediv", "math.divide", "truediv", "divide"), _binary("TrueDivide")),
    **dict.fromkeys(("math.maximum", "maximum"), _binary("Maximum")),
    **dict.fromkeys(("math.minimum", "minimum"), _binary("Minimum")),
    **dict.fromkeys(("math.pow", "pow"), _binary("Power")),
    **dict.fromkeys(("linalg.matmul", "matmul"), _matmul),
    **dict.fromkeys(("math.negative", "negative"), _unary(_NUMPY, "Negative")),
    **dict.fromkeys(("math.square", "square"), _unary(_NUMPY, "Square")),
    **dict.fromkeys(("math.sqrt", "sqrt"), _unary(_NUMPY, "Sqrt")),
    **dict.fromkeys(("math.exp", "exp"), _unary(_NUMPY, "Exp")),
    **dict.fromkeys(("math.log", "log"), _unary(_NUMPY, "Log")),
    **dict.fromkeys(("math.abs", "abs"), _unary(_NUMPY, "Absolute")),
    **dict.fromkeys(("math.tanh", "nn.tanh", "tanh"), _unary(_NUMPY, "Tanh")),
    **dict.fromkeys(("math.sigmoid", "nn.sigmoid", "sigmoid"), _unary(_NN, "Sigmoid")),
    "nn.relu": _unary(_NN, "Relu"),
    "nn.relu6": _unary(_NN, "Relu6"),
    "nn.elu": _unary(_NN, "Elu"),
    "nn.selu": _unary(_NN, "Selu"),
    **dict.fromkeys(("nn.silu", "nn.swish"), _unary(_NN, "Silu")),
    **dict.fromkeys(("math.softplus", "nn.softplus"), _unary(_NN, "Softplus")),
    "nn.leaky_relu": _leaky_relu,
    "nn.softmax": _softmax,
    "nn.bias_add": _bias_add,
    **dict.fromkeys(("math.reduce_mean", "reduce_mean"), _reduced("Mean")),
    **dict.fromkeys(("math.reduce_sum", "reduce_sum"), _reduced("Sum")),
    **dict.fromkeys(("math.reduce_max", "reduce_max"), _reduced("Max")),
    **dict.fromkeys(("math.reduce_min", "reduce_min"), _reduced("Min")),
    "cast": _cast,
    "concat": _concatenated,
    "expand_dims": _expanded,
    **dict.fromkeys(("squeeze", "compat.v1.squeeze"), _squeezed),
    "clip_by_value": _clipped,
    **dict.fromkeys(("pad", "compat.v1.pad"), _padded),
    "reshape": _reshaped,
    **dict.fromkeys(("transpose", "compat.v1.transpose"), _transposed),
    "__operators__.getitem": _sliced,
    **dict.fromkeys(("image.resize", "compat.v1.image.resize"), _resized),
    "image.rgb_to_grayscale": _gray,
    "image.flip_left_right": _mirrored(-2),
    "image.flip_up_down": _mirrored(-3),
    "reverse": _reversed,
    "repeat": _repeated,
    "tile": _tiled,
    **dict.fromkeys(("math.rsqrt", "rsqrt"), _unary(_MATH, "Rsqrt")),
    "stop_gradient": _unary(_CORE, "StopGradient"),
}


def rewrite_operation(layer: dict[str, Any]) -> None:
    """Turn one layer of Keras 2 that is an operation of TensorFlow into one of Keras 3, in place.

    Parameters
    ----------
    layer : dict
        As it stands in the config of a functional model, with its ``inbound_nodes``.

    Raises
    ------
    UnknownOperation
        The function, or an argument of it, is not in the table.

    Examples
    --------
    >>> layer = {
    ...     "class_name": "TFOpLambda", "name": "half", "config": {"function": "math.multiply"},
    ...     "inbound_nodes": [["image", 0, 0, {"y": 0.5, "name": None}]],
    ... }
    >>> rewrite_operation(layer)
    >>> layer["class_name"], layer["inbound_nodes"][0]["args"][1]
    ('Multiply', 0.5)
    """
    config = layer["config"]
    rewrite = _TABLE.get(config.get("function"))
    nodes = layer.get("inbound_nodes")
    if rewrite is None or not isinstance(nodes, list) or not nodes:
        raise UnknownOperation
    calls = [rewrite(*_arguments(node)) for node in nodes]
    module, kind, settings, _ = calls[0]
    if any(other[:3] != calls[0][:3] for other in calls):
        raise UnknownOperation
    layer.update(
        module=module,
        class_name=kind,
        registered_name=kind,
        config={"name": layer.get("name") or config.get("name"), **settings},
        inbound_nodes=[{"args": arguments, "kwargs": {}} for *_, arguments in calls],
    )
    layer.pop("build_config", None)


def tensor(reference: list[Any]) -> dict[str, Any]:
    """A reference ``[layer, node, output]`` as Keras 3 writes it; only its history is read."""
    config = {"shape": [None], "dtype": "float32", "keras_history": reference[:3]}
    return {"class_name": "__keras_tensor__", "config": config}


def argument(value: Any) -> Any:
    """A value in the arguments of a call, with references written as Keras 3 does."""
    if is_reference(value):
        return tensor(value)
    if isinstance(value, list):
        return [argument(item) for item in value]
    if isinstance(value, dict):
        return {key: argument(item) for key, item in value.items()}
    return value


def is_reference(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value in the arguments of a call names the output of a layer."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(part, int) and not isinstance(part, bool) for part in value[1:])
    )


def _arguments(node: Any) -> tuple[Any, dict[str, Any]]:
    """First argument and the rest, with references written as Keras 3 does."""
    if not isinstance(node, list) or not node:
        raise UnknownOperation
    if isinstance(node[0], list):  # a list of tensors
        first: Any = [_first(reference) for reference in node]
        rest = node[0][3] if len(node[0]) > 3 else {}
    else:
        first, rest = _first(node), node[3] if len(node) > 3 else {}
    if not isinstance(rest, dict):
        raise UnknownOperation
    return first, {key: argument(value) for key, value in rest.items()}


def _array(value: Any) -> Any:
    """Numbers in lists as an array, which is what an operation of Keras 3 takes."""
    if not isinstance(value, list):
        return value
    return {"class_name": "__numpy__", "config": {"value": value, "dtype": "float32"}}


def _first(reference: Any) -> Any:
    if not isinstance(reference, list) or len(reference) < 3:
        raise UnknownOperation
    if reference[0] == _CONSTANT:
        return reference[2]
    if not is_reference(reference[:3]):
        raise UnknownOperation
    return tensor(reference)


def _only(rest: Mapping[str, Any], *needed: str, **optional: Any) -> dict[str, Any]:
    """The arguments asked for, where there are no others that say anything."""
    unknown = set(rest) - {*needed, *optional, "name"}
    if any(rest[name] is not None for name in unknown) or any(n not in rest for n in needed):
        raise UnknownOperation
    return optional | {name: rest[name] for name in (*needed, *optional) if name in rest}
