"""Functions cut out of a graph: just the operations that compute some tensors from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

# A placeholder of this name stands for the number of pictures, wherever a graph needs it.
COUNT = "picture_count"


@dataclass(frozen=True, eq=False)
class Replacement:
    """An operation of two inputs that takes the place of another.

    Attributes
    ----------
    kind : str
        Such as ``BiasAdd``; where it is that of the operation itself, all its settings stay.
    source : tensor
        First input, of the same graph.
    value : tensor
        Second input, given by value.
    """

    kind: str
    source: Any
    value: Any


def cut(
    graph: Any,
    inputs: list[Any],
    outputs: list[Any],
    replaced: Mapping[Any, Replacement] | None = None,
    *,
    bfloat16: bool = False,
    variables: Mapping[str, Any] | None = None,
) -> Any:
    """A function of `inputs` that gives `outputs`.

    It is a graph of its own: it captures only the variables that it reads, so a call costs what
    its own operations cost. The number of pictures, `COUNT`, is that of the rows of its first
    input.

    Parameters
    ----------
    graph : FuncGraph
    inputs, outputs : list of tensor
    replaced : dict, optional
        From operations to what takes their place.
    bfloat16 : bool
        Whether convolutions and matrix products run in bfloat16, with float32 at the border.
    variables : dict, optional
        Other variables, by the names of the captures that they take the place of.
    """
    replaced = replaced or {}
    given = {tensor.name for tensor in inputs}
    held = {inner.name: outer for outer, inner in graph.captures}
    held |= {name: variable.handle for name, variable in (variables or {}).items()}
    operations = {
        operation.name: operation for operation in needed(graph, inputs, outputs, replaced)
    }
    definition = graph.as_graph_def()
    nodes = [node for node in definition.node if node.name in operations]
    del definition.node[:]
    for node in nodes:
        plain = [source for source in node.input if not source.startswith("^")]
        del node.input[:]
        node.input.extend(plain)
        node.attr.pop("_class", None)  # colocation with what may not be in the cut
        if operations[node.name] in replaced:
            _replace(node, replaced[operations[node.name]])
    definition.node.extend(nodes)
    read = {name if ":" in name else f"{name}:0" for node in nodes for name in node.input}
    # Arguments, and not captured: small captures become constants, and an addition of zeros is
    # then optimised away, and with it the union of convolution, offset and activation.
    values = {
        f"{_value_name(operation.name)}:0": replacement.value
        for operation, replacement in replaced.items()
    }

    def run(*arguments: Any) -> Any:
        cut_graph = tf.compat.v1.get_default_graph()
        fed = dict(zip([*values, *(t.name for t in inputs)], arguments, strict=True))
        sources = fed | {n: cut_graph.capture(held[n]) for n in (held.keys() & read) - fed.keys()}
        if f"{COUNT}:0" in read:
            sources[f"{COUNT}:0"] = tf.shape(fed[inputs[0].name])[0]
        imported = tf.graph_util.import_graph_def(
            definition,
            input_map={name: tensor for name, tensor in sources.items() if name in read},
            return_elements=[t.name for t in outputs if t.name not in given],
            name="",
        )
        computed = iter(imported)
        return [fed[t.name] if t.name in given else next(computed) for t in outputs]

    signature = [tf.TensorSpec(t.shape, t.dtype) for t in (*values.values(), *inputs)]
    function = tf.compat.v1.wrap_function(run, signature)
    if bfloat16:
        function = _in_bfloat16(function)
    return partial(function, *values.values()) if values else function


def needed(
    graph: Any,
    inputs: list[Any],
    outputs: list[Any],
    replaced: Mapping[Any, Replacement] | None = None,
) -> set[Any]:
    """The operations of a cut."""
    known = {tensor.name for tensor in inputs} | {inner.name for _, inner in graph.captures}
    known.add(f"{COUNT}:0")
    operations: set[Any] = set()
    stack = [tensor.op for tensor in outputs if tensor.name not in known]
    while stack:
        operation = stack.pop()
        if operation not in operations:
            operations.add(operation)
            other = replaced.get(operation) if replaced else None
            read = [other.source] if other else operation.inputs
            stack.extend(tensor.op for tensor in read if tensor.name not in known)
    return operations


def _replace(node: Any, by: Replacement) -> None:
    if node.op != by.kind:
        kept = node.attr["T"]
        node.op = by.kind
        node.attr.clear()
        node.attr["T"].CopyFrom(kept)
    del node.input[:]
    node.input.extend([by.source.name, _value_name(node.name)])


def _value_name(operation: str) -> str:
    return f"{operation}/value"


def _in_bfloat16(function: Any) -> Callable[..., list[Any]]:
    """Let TensorFlow's optimiser turn a function to bfloat16.

    Its switch under `tf.config` would turn every function of the process; given with each call,
    as here, it is for this function alone.
    """
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    rewriting = config.graph_options.rewrite_options
    rewriting.auto_mixed_precision_onednn_bfloat16 = rewriting.ON
    options = config.SerializeToString(deterministic=True)
    types = [tensor.dtype for tensor in function.outputs]

    def run(*values: Any) -> list[Any]:
        outputs: list[Any] = tf.raw_ops.StatefulPartitionedCall(
            args=[*values, *function.captured_inputs], Tout=types, f=function, config_proto=options
        )
        return outputs

    return run
