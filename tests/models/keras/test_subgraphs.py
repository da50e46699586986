"""Cuts: what takes an operation's place, and a precision that stays within one cut."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.models.keras.subgraphs import Replacement, cut, needed


@pytest.fixture(scope="module")
def traced(keras):
    """``relu(2 x + v) - x`` of three numbers, with v a variable (1, 1, 1)."""
    import tensorflow as tf

    variable = tf.Variable([1.0, 1.0, 1.0])

    def run(x):
        return tf.nn.relu(tf.multiply(x, [2.0, 2.0, 2.0], "double") + variable, "relu") - x

    function = tf.compat.v1.wrap_function(run, [tf.TensorSpec((None, 3), tf.float32)])
    function.variable = variable  # keeps it alive
    return function


ROWS = np.array([[1.0, -2.0, 3.0]], np.float32)


def test_only_what_the_outputs_need_is_cut_out(traced):
    (x,), graph = traced.inputs[:1], traced.graph
    doubled = graph.get_tensor_by_name("double:0")
    kinds = [operation.type for operation in needed(graph, [x], [doubled])]
    assert sorted(kinds) == ["Const", "Mul"]
    function = cut(graph, [x], [doubled, x])
    assert function.captured_inputs == []
    np.testing.assert_array_equal(function(ROWS)[0], 2 * ROWS)
    np.testing.assert_array_equal(function(ROWS)[1], ROWS)
    later = cut(graph, [doubled, x], [graph.get_tensor_by_name("relu:0")])
    np.testing.assert_array_equal(later(ROWS, ROWS)[0], [[2, 0, 4]])


@pytest.mark.parametrize("offset", [5.0, 0.0])
def test_another_operation_takes_the_place(traced, offset):
    import tensorflow as tf

    (x,), graph = traced.inputs[:1], traced.graph
    doubled = graph.get_operation_by_name("double")
    replaced = {
        doubled: Replacement("BiasAdd", x, tf.constant(3 * [offset])),
    }
    function = cut(graph, [x], [traced.outputs[0]], replaced)
    np.testing.assert_array_equal(function(ROWS)[0], np.maximum(ROWS + offset + 1, 0) - ROWS)
    # The value is an argument: as a constant, an offset of zeros would be optimised away.
    kinds = [operation.type for operation in function.func.graph.get_operations()]
    assert "Mul" not in kinds
    assert "BiasAdd" in kinds
    assert "Const" not in kinds
