"""An ONNX file is looked at, never run: what it holds, and whether running it can do harm.

An ONNX file is data: nodes of a fixed set of operations, and weights. Harm comes from what it
names outside itself (files of weights, libraries of operations) and from sizes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Any

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine.keras_config import MAX_ELEMENTS, MAX_LAYERS, MAX_PARAMETERS

_ADVICE = "CAM Audit does not load it."
_STANDARD = ("", "ai.onnx")
_VARINT, _BYTES = 0, 2
# Fields of a ModelProto, and how each is written.
_FIELDS = {
    1: _VARINT, 2: _BYTES, 3: _BYTES, 4: _BYTES, 5: _VARINT, 6: _BYTES, 7: _BYTES, 8: _BYTES,
    14: _BYTES, 20: _BYTES, 25: _BYTES, 26: _BYTES,
}  # fmt: skip
_GRAPH = 7
_NAMES, _LONGEST_NAME = (2, 3, 4), 1000
_LATEST_IR = 100


@dataclass(frozen=True)
class OnnxFacts:
    """What an ONNX file holds.

    Attributes
    ----------
    nodes, parameters : int
    kinds : frozenset of str
        Operations that it names.
    """

    nodes: int
    parameters: int
    kinds: frozenset[str]


def looks_like_onnx(head: bytes) -> bool:
    """Whether a file that begins so may be an ONNX model, which has no magic number.

    The fields are walked as protocol buffers write them; other files break the rules soon.

    Examples
    --------
    >>> looks_like_onnx(bytes([8, 8, 18, 3]) + b"abc" + bytes([58, 200, 1]))
    True
    >>> looks_like_onnx(b"not a model"), looks_like_onnx(b"")
    (False, False)
    """
    at, seen = 0, set()
    while at < len(head):
        key, at = _varint(head, at)
        field, way = key >> 3, key & 7
        if _FIELDS.get(field) != way:
            return False
        value, at = _varint(head, at)
        if field == 1 and not 0 < value <= _LATEST_IR:
            return False
        if field in _NAMES and value > _LONGEST_NAME:
            return False
        seen.add(field)
        if field == _GRAPH:
            return True
        at += value if way == _BYTES else 0
    return len(seen) > 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    return value, at


def check_onnx(path: str, name: str) -> OnnxFacts:
    """Look at an ONNX file without running it.

    Parameters
    ----------
    path : str
        A regular file.
    name : str
        What to call it in messages.

    Raises
    ------
    UnsafeModelError
        It names something outside the file, or exhausts memory; the text names the node.
    ModelError
        It is damaged, or holds what CAM Audit does not read.
    """
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError:
        raise ModelError(
            f"{name} is damaged or incomplete, no whole ONNX model; save or download it again."
        ) from None
    return _Check(name).model(model)


class _Check:
    def __init__(self, name: str) -> None:
        self._name = name
        self._parameters = 0

    def model(self, model: Any) -> OnnxFacts:
        graph = model.graph
        if not graph.node or not graph.output:
            raise ModelError(f"{self._name} is an ONNX file without a network; export it again.")
        if model.functions:
            raise self._unread("functions of its own", "export it with its functions inlined")
        if model.training_info:
            raise self._unread("steps of training", "export it for inference")
        if len(graph.node) > MAX_LAYERS:
            raise self._unsafe(f"it has more than {MAX_LAYERS:,} nodes")
        if len(graph.initializer) > 4 * MAX_LAYERS:
            raise self._unsafe(f"it has more than {4 * MAX_LAYERS:,} arrays of weights")
        if graph.sparse_initializer:
            raise self._unread("sparse weights", "export it with dense ones")
        for tensor in graph.initializer:
            self._tensor(tensor)
        for node in graph.node:
            self._node(node)
        held = {tensor.name for tensor in graph.initializer}
        for given in graph.input:
            if given.name not in held:
                self._input(given)
        kinds = frozenset(_shown(node.op_type) for node in graph.node)
        return OnnxFacts(len(graph.node), self._parameters, kinds)

    def _node(self, node: Any) -> None:
        title = f"its node {_shown(node.name or next(iter(node.output), ''))!r}"
        if node.domain not in _STANDARD:
            raise self._unsafe(
                f"{title} is an operation {_shown(node.op_type)!r} of {_shown(node.domain)!r}, "
                "which no ONNX file has by itself but a library of code"
            )
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise self._unread(
                    f"a network inside a node ({_shown(node.op_type)})",
                    "export it without conditions and loops",
                )
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise self._unread("sparse weights", "export it with dense ones")
            if attribute.HasField("t"):
                self._tensor(attribute.t)
            for tensor in attribute.tensors:
                self._tensor(tensor)

    def _tensor(self, tensor: Any) -> None:
        from onnx import TensorProto, helper

        title = f"its weights {_shown(tensor.name)!r}"
        if tensor.external_data or tensor.data_location != TensorProto.DEFAULT:
            raise self._unsafe(
                f"{title} are in another file; export it with everything in one file"
            )
        count = _values(tensor.dims)
        if count is None or count > MAX_ELEMENTS:
            raise self._unsafe(
                f"{title} have a shape that is negative or of more than {MAX_ELEMENTS:,} values"
            )
        self._parameters += count
        if self._parameters > MAX_PARAMETERS:
            raise self._unsafe(f"it has more than {MAX_PARAMETERS:,} weights")
        if tensor.data_type == TensorProto.STRING:
            raise self._unread("text", "export it without")
        try:
            bits = 8 * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
        except (KeyError, TypeError, ValueError):
            raise ModelError(f"{self._name}: {title} are of no known type; {_ADVICE}") from None
        packed = len(tensor.raw_data) * 8
        listed = max(
            len(values)
            for values in (tensor.float_data, tensor.int32_data, tensor.int64_data,
                        tensor.double_data, tensor.uint64_data)
        )  # fmt: skip
        # Types below a byte are packed, and complex numbers listed in pairs.
        if packed < count * min(bits, 4) and listed * 2 < count:
            raise self._unsafe(f"{title} claim {count:,} values, far more than the file holds")

    def _input(self, given: Any) -> None:
        title = f"its input {_shown(given.name)!r}"
        kind = given.type
        if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
            raise ModelError(f"{self._name}: {title} is no tensor of a known number of axes.")
        sides = [
            side.dim_value if side.HasField("dim_value") else 1
            for side in kind.tensor_type.shape.dim
        ]
        count = _values(sides)
        if count is None or count > MAX_ELEMENTS:
            raise self._unsafe(
                f"{title} has a shape that is negative or of more than {MAX_ELEMENTS:,} values"
            )

    def _unsafe(self, what: str) -> UnsafeModelError:
        return UnsafeModelError(f"{self._name}: {what}; {_ADVICE}")

    def _unread(self, what: str, advice: str) -> ModelError:
        return ModelError(f"{self._name} holds {what}, which CAM Audit does not read; {advice}.")


def _values(sides: Iterable[int]) -> int | None:
    counts = list(sides)
    return None if any(side < 0 for side in counts) else prod(counts)


def _shown(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= 60 else printable[:57] + "..."
