"""ONNX models through the protocol: against NumPy, with every shape of input and output."""

from __future__ import annotations

import numpy as np
import pytest
from exact_maps import assert_identity
from onnx import TensorProto, helper, numpy_helper
from onnx_networks import (
    channels_last,
    dense,
    first,
    model_of,
    node,
    pooled,
    random,
    residual,
    softmax,
)

from camcore.conformance import check_classifier
from camcore.errors import InputError, MethodError, ModelError

NETWORKS = {
    "pooled": pooled,
    "logits": lambda: pooled(ending=""),
    "logsoftmax": lambda: pooled(ending="LogSoftmax"),
    "one at a time": lambda: pooled(shape=(1, 3, 12, 10)),
    "two at a time": lambda: pooled(shape=(2, 3, 12, 10)),
    "dense": dense,
    "two dense layers": lambda: dense(hidden=True),
    "residual": residual,
    "channels last": channels_last,
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def network(request):
    return request.param()


def test_answers_and_maps_are_those_of_numpy(network, images):
    model = network.classifier()
    batch = images(3, model.input_shape)
    expected = network.oracle(batch)
    scores, probabilities = model.scores(batch)
    np.testing.assert_allclose(scores, expected.pop("scores"), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(probabilities, softmax(scores), atol=1e-5)
    for layer, maps in expected.items():
        made = model.forward(batch, layer).activations
        np.testing.assert_allclose(made, maps.transpose(0, 2, 3, 1), atol=1e-5)


def test_the_protocol_is_kept(network):
    checks = check_classifier(network.classifier())
    assert {"heads", "class weights", "gradients", "randomised", "threads"} <= set(checks)


# In the output of a ReLU several places of a window are the largest, all of them zero.
WITHOUT_TIES = ["stem", "thin", "block", "normal", "sum", "sum_relu"]


@pytest.mark.parametrize("layer", WITHOUT_TIES)
def test_gradients_are_slopes_at_every_layer(layer, images):
    """Also through batch normalisation, around the block, and through maximum pooling."""
    model = residual().classifier()
    batch = images(2, model.input_shape)
    forward = model.forward(batch, layer)
    gradients = model.gradients(forward, [2, 0])
    again = model.gradients(model.forward(batch[:1], layer), [2, 0])
    np.testing.assert_allclose(again[0], gradients[0], atol=1e-6)
    head = model.head(batch[:1], layer)
    direction = np.random.default_rng(0).normal(size=gradients[:1].shape).astype(np.float32)
    step = 1e-3
    ahead, behind = (head(forward.activations[:1] + s * step * direction) for s in (1, -1))
    slope = (ahead[0, 2] - behind[0, 2]) / (2 * step)
    assert slope == pytest.approx((gradients[0] * direction).sum(), rel=0.02, abs=2e-3)


@pytest.mark.parametrize("name", ["pooled", "one at a time", "residual", "channels last"])
def test_cam_is_grad_cam_times_the_cells(name, images):
    assert_identity(NETWORKS[name]().classifier(), images)


def test_probability_gradients_are_those_of_the_softmax(images):
    model = pooled().classifier()
    forward = model.forward(images(1, model.input_shape), "late_relu")
    each = model.gradients(forward, [0, 1, 2])
    p = forward.probabilities[0]
    expected = p[1] * (each[1] - np.einsum("c,chwk->hwk", p, each))
    np.testing.assert_allclose(model.gradients(forward, [1], "probability")[0], expected, atol=1e-7)


def test_the_last_map_that_is_made_is_shown():
    layers = residual().classifier().layers
    assert [own.name for own in layers if own.cam] == ["sum_relu"]
    assert residual().classifier().default_layer == "sum_relu"
    thin = pooled().model
    del thin.graph.node[4:]
    thin.graph.node.extend([
        node("MaxPool", "late_relu", "thin", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "thin", "pool"),
        node("Flatten", "pool", "features"),
        node("Gemm", "features w3 b3", "scores", transB=1),
    ])  # fmt: skip
    model = pooled().classifier().__class__(thin, name="m", sha256="0")
    assert [own.name for own in model.layers][-1] == "thin"
    assert (model.default_layer, model.layers[-1].cam) == ("late_relu", True)


def test_the_grid_lies_where_the_windows_do():
    """Without padding the outermost cells of a 3 x 3 convolution lie one pixel inside."""
    frame = dense().classifier().layers[-1].frame
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (1, 1, 9, 11)
    assert (frame.width, frame.height) == (10, 12)


def test_attention_over_cells_is_no_map():
    weights = {"w1": random(4, 3, 3, 3), "b1": random(4), "w2": random(4, 3)}
    nodes = [
        node("Conv", "picture w1 b1", "conv"),
        node("Reshape", "conv tokens", "flat"),
        node("Transpose", "flat", "turned", perm=[0, 2, 1]),
        node("MatMul", "turned flat", "product"),
        node("Unsqueeze", "product one", "heads"),
        node("Softmax", "heads", "attention"),
        node("Squeeze", "attention one", "mixing"),
        node("MatMul", "mixing turned", "mixed"),
        node("ReduceMean", "mixed", "pool", axes=[1], keepdims=0),
        node("MatMul", "pool w2", "scores"),
    ]
    weights |= {"tokens": np.array([0, 4, -1]), "one": np.array([1])}
    model = pooled().classifier().__class__(model_of(nodes, weights), name="m", sha256="0")
    assert [own.name for own in model.layers] == ["conv"]
    assert model.notes[-1].startswith("layer 'conv' embeds patches of pixels")
    assert not pooled().classifier().notes


@pytest.mark.parametrize(
    ("units", "ending", "kind", "options"),
    [
        (1, "Sigmoid", "sigmoid", {}),
        (1, "", "regression", {}),
        (1, "", "sigmoid", {"output_kind": "sigmoid"}),
        (3, "Sigmoid", "multi-label", {}),
        (3, "", "logits", {}),
    ],
)
def test_outputs_are_read_before_the_last_activation(units, ending, kind, options, images):
    weights = {"w1": random(4, 3, 3, 3, seed=1), "w2": random(4, units, seed=2)}
    nodes = [
        node("Conv", "picture w1", "conv"),
        node("GlobalAveragePool", "conv", "pool"),
        node("Flatten", "pool", "flat"),
        node("MatMul", "flat w2", "z"),
        node(ending or "Identity", "z", "scores"),
    ]
    built = pooled().classifier().__class__
    model = built(model_of(nodes, weights), name="m", sha256="0", **options)
    batch = images(2, model.input_shape)
    forward = model.forward(batch, "conv")
    z = forward.activations.mean(axis=(1, 2)) @ weights["w2"]
    both = np.concatenate([-z, z], axis=1)
    expected = {"sigmoid": both, "regression": -both}.get(kind, z)
    assert model.output_kind == kind
    assert len(model.class_names) == expected.shape[1]
    np.testing.assert_allclose(forward.scores, expected, atol=1e-5)
    if kind in ("sigmoid", "multi-label"):
        np.testing.assert_allclose(forward.probabilities, 1 / (1 + np.exp(-expected)), atol=1e-5)
    slope = model.gradients(forward, [0, 0])[0, 0, 0] * forward.activations[0, ..., 0].size
    sign = -1 if kind == "sigmoid" else 1
    np.testing.assert_allclose(slope, sign * weights["w2"][:, 0], atol=1e-5)


def test_a_softmax_written_out_is_told_by_its_rows(images):
    network = pooled(ending="")
    network.model.graph.node[-1].output[0] = network.model.graph.node[-1].name = "logits"
    network.model.graph.node.extend([
        node("Exp", "logits", "powers"),
        node("ReduceSum", "powers axis", "total", keepdims=1),
        node("Div", "powers total", "scores"),
    ])  # fmt: skip
    network.model.graph.initializer.append(helper.make_tensor("axis", TensorProto.INT64, [1], [1]))
    model = network.classifier()
    batch = images(2, model.input_shape)
    assert model.output_kind == "log-probability"
    scores, probabilities = model.scores(batch)
    np.testing.assert_allclose(probabilities, softmax(network.oracle(batch)["scores"]), atol=1e-5)
    np.testing.assert_allclose(scores, np.log(probabilities), atol=1e-5)
    assert "gradients" in check_classifier(model)


def test_the_first_output_that_can_be_explained_is_taken():
    network = pooled(outputs=("late_relu", "scores"))
    model = network.classifier()
    assert (model.output, model.outputs) == ("scores", ("late_relu", "scores"))
    assert model.notes == ("output 'late_relu' is no row of classes and was passed over",)
    with pytest.raises(ModelError, match=r"m.onnx: output 'late_relu' has shape 5 x 6 x 5"):
        network.classifier(output="late_relu")
    with pytest.raises(InputError, match="no output 'kind'; choose one of 0: late_relu"):
        network.classifier(output="kind")


def test_any_size_is_224_unless_asked_for():
    network = pooled(shape=("N", 3, "H", "W"))
    assert network.classifier().input_shape == (224, 224, 3)
    assert "input_size= gives another" in network.classifier().notes[0]
    model = network.classifier(input_size=(12, 10))
    assert [str(own) for own in model.layers] == [str(own) for own in pooled().classifier().layers]
    with pytest.raises(InputError, match="takes 12 x 10 images only, not 20 x 20"):
        pooled().classifier(input_size=(20, 20))


@pytest.mark.parametrize("shape", [("N", 30), ("N", 300, 12, 300), ()])
def test_other_inputs_are_no_pictures(shape):
    with pytest.raises(ModelError, match="not images"):
        pooled(shape=shape).classifier()


def test_another_input_is_held_at_a_value(images):
    weights = {"w1": random(4, 3, 3, 3, seed=1), "w2": random(4, 2, seed=2), "w3": random(2, 2)}
    nodes = [
        node("Conv", "picture w1", "conv"),
        node("GlobalAveragePool", "conv", "pool"),
        node("Flatten", "pool", "flat"),
        node("MatMul", "flat w2", "seen"),
        node("MatMul", "facts w3", "known"),
        node("Add", "seen known", "scores"),
    ]
    facts = helper.make_tensor_value_info("facts", TensorProto.FLOAT, ["N", 2])
    built = pooled().classifier().__class__
    model = built(model_of(nodes, weights, more_inputs=[facts]), name="m", sha256="0")
    held = model.holding({"facts": "2, -1"})
    batch = images(3, model.input_shape)
    added = np.array([2, -1]) @ weights["w3"]
    np.testing.assert_allclose(held.scores(batch)[0] - model.scores(batch)[0],
                               np.tile(added, (3, 1)), atol=1e-5)  # fmt: skip
    assert model.sha256 != held.sha256
    assert held.notes == ("input 'facts' (2) is held at 2, -1",)
    assert "class weights" in check_classifier(model)


@pytest.mark.parametrize(
    ("beginning", "told"),
    [
        ([("Div", 255)], "none"),
        ([("Mul", 1 / 255), ("Sub", 0.5)], "none"),
        ([("Sub", [123, 116, 103]), ("Div", [58, 57, 57])], "none"),
        ([("Sub", [0.485, 0.456, 0.406]), ("Div", [0.229, 0.224, 0.225])], "0-1"),
        ([("Div", 2)], None),
        ([], None),
    ],
)  # fmt: skip
def test_scaling_inside_the_model_is_found(beginning, told):
    network = pooled()
    last = "picture"
    for place, (kind, value) in enumerate(beginning):
        network.model.graph.node.insert(place, node(kind, f"{last} c{place}", f"s{place}"))
        array = np.asarray(value, np.float32)
        array = array[:, None, None] if array.size > 1 else array
        network.model.graph.initializer.append(
            helper.make_tensor(f"c{place}", TensorProto.FLOAT, array.shape, array.ravel())
        )
        last = f"s{place}"
    network.model.graph.node[len(beginning)].input[0] = last
    model = network.classifier(preprocessing=None)
    assert (model.preprocessing, model.preprocessing_guessed) == (told or "0-1", told is None)
    assert model.weighted_layers[0] == "early"
    assert network.classifier(preprocessing="torch").preprocessing == "torch"


def test_older_operations_are_brought_to_later_ones(images):
    """Settings that were attributes once, a softmax over all but the batch, overlapping pools."""
    weights = {"w1": random(4, 3, 3, 3, seed=1), "w2": random(3, 4, 1, 1, seed=2)}
    nodes = [
        node("Conv", "picture w1", "conv"),
        node("Clip", "conv", "clip", min=0.0, max=6.0),
        node("MaxPool", "clip", "thin", kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", "thin w2", "classes"),
        node("GlobalAveragePool", "classes", "pool"),
        node("Softmax", "pool", "scores", axis=1),
    ]
    built = pooled().classifier().__class__
    models = {}
    for opset in (9, 17):
        nodes[1] = node("Clip", "conv low high", "clip") if opset == 17 else nodes[1]
        held = weights | {"low": np.float32(0), "high": np.float32(6)} if opset == 17 else weights
        models[opset] = built(model_of(nodes, held, opset=opset), name="m", sha256="0")
    old, new = models.values()
    batch = images(2, old.input_shape)
    assert (old.output_kind, old.layers, old.default_layer) == (
        "softmax", new.layers, new.default_layer,
    )  # fmt: skip
    for layer in (own.name for own in new.layers):
        first_of, second = (own.forward(batch, layer) for own in (old, new))
        np.testing.assert_allclose(first_of.scores, second.scores, atol=1e-6)
        np.testing.assert_allclose(
            old.gradients(first_of, [0, 1]), new.gradients(second, [0, 1]), atol=1e-6
        )
    assert "gradients" in check_classifier(old)


def test_shapes_that_are_computed_from_the_batch(images):
    """As PyTorch writes ``x.view(x.size(0), -1)``, whichever tensor is asked for its size."""
    weights = {"w1": random(4, 3, 3, 3, seed=1), "w2": random(4 * 10 * 8, 3, seed=2)}
    weights |= {"zero": np.array(0), "front": np.array([0]), "rest": np.array([-1])}
    for asked in ("picture", "relu"):
        nodes = [
            node("Conv", "picture w1", "conv"),
            node("Relu", "conv", "relu"),
            node("Shape", asked, "sides"),
            node("Gather", "sides zero", "count"),
            node("Unsqueeze", "count front", "counts"),
            node("Concat", "counts rest", "flat_shape", axis=0),
            node("Reshape", "relu flat_shape", "flat"),
            node("MatMul", "flat w2", "scores"),
        ]
        model = pooled().classifier().__class__(model_of(nodes, weights), name="m", sha256="0")
        assert [own.name for own in model.layers] == ["conv", "relu"]
        assert "gradients" in check_classifier(model)
        forward = model.forward(images(3, model.input_shape), "relu")
        rows = forward.activations.transpose(0, 3, 1, 2).reshape(3, -1)
        np.testing.assert_allclose(forward.scores, rows @ weights["w2"], atol=1e-5)
        assert model.gradients(forward, [0, 1, 2]).shape == forward.activations.shape


def test_half_precision(images):
    network = pooled()
    half = network.model.__class__()
    half.CopyFrom(network.model)
    for own in half.graph.initializer:
        values = numpy_helper.to_array(own).astype(np.float16)
        own.CopyFrom(numpy_helper.from_array(values, own.name))
    for own in (*half.graph.input, *half.graph.output):
        own.type.tensor_type.elem_type = TensorProto.FLOAT16
    model = network.classifier().__class__(half, name="m", sha256="0")
    batch = images(2, model.input_shape)
    forward = model.forward(batch, "late_relu")
    np.testing.assert_allclose(forward.scores, network.oracle(batch)["scores"], atol=1e-2)
    whole = network.classifier()
    expected = whole.gradients(whole.forward(batch, "late_relu"), [0, 1])
    np.testing.assert_allclose(model.gradients(forward, [0, 1]), expected, atol=1e-3)
    assert forward.activations.dtype == forward.scores.dtype == np.float32


def test_whole_numbers_are_pixels():
    network = pooled(kind=TensorProto.UINT8)
    network.model.graph.node[0].input[0] = "numbers"
    network.model.graph.node.insert(0, node("Cast", "picture", "numbers", to=TensorProto.FLOAT))
    model = network.classifier(preprocessing=None)
    assert (model.preprocessing, model.preprocessing_guessed) == ("none", False)
    pixels = np.random.default_rng(0).integers(0, 255, (2, *model.input_shape)).astype(np.float32)
    np.testing.assert_allclose(
        model.scores(pixels)[0], pooled().oracle(pixels)["scores"], rtol=1e-4, atol=1e-3
    )


def test_layers_are_split_at_the_map():
    before, behind = residual().classifier().parts("normal")
    assert [row.name for row in before if row.beside] == []
    assert [row.name for row in behind] == ["sum", "sum_relu", "pool", "product", "scores"]
    before, _ = residual().classifier().parts("block")
    rows = {row.name: row for row in before}
    assert (rows["block"].kind, rows["block"].parameters) == ("Conv", 4 * 4 * 9 + 4)
    assert rows["block"].shape == (4, 6, 5)


def test_names_follow_the_modules_of_pytorch():
    network = pooled()
    for own, name in zip(
        network.model.graph.node,
        ["/layer1/layer1.0/conv/Conv", "/layer1/layer1.0/relu/Relu", "", "/relu/Relu"],
        strict=False,
    ):
        own.name = name
    names = [own.name for own in network.classifier().layers]
    assert names == ["layer1.0/conv/Conv", "layer1.0/relu/Relu", "late", "relu/Relu"]


def test_weights_that_are_no_numbers_are_named():
    network = pooled()
    broken = np.full((3, 5), np.nan, np.float32)
    for own in network.model.graph.initializer:
        if own.name == "w3":
            own.CopyFrom(helper.make_tensor("w3", TensorProto.FLOAT, [3, 5], broken.ravel()))
    with pytest.raises(ModelError, match=r"m.onnx has diverged: .* layer 'logits' \(15 of 15\)"):
        network.classifier()


def test_a_layer_without_gradients_says_so(images):
    network = pooled()
    graph = network.model.graph
    graph.node[4].input[0] = "summed"
    graph.node.insert(4, node("CumSum", "late_relu along", "summed"))
    graph.initializer.append(helper.make_tensor("along", TensorProto.INT64, [], [2]))
    model = network.classifier()
    assert not any(own.differentiable for own in model.layers)
    assert "gradients" not in check_classifier(model)
    forward = model.forward(images(1, model.input_shape), "late_relu")
    with pytest.raises(MethodError, match=r"'late_relu' would pass through CumSum, .*Recipro-CAM"):
        model.gradients(forward, [0])
    assert all(own.differentiable for own in pooled().classifier().layers)


def test_images_of_another_shape_are_refused():
    with pytest.raises(InputError, match=r"do not fit m.onnx, which takes \(N, 12, 10, 3\)"):
        pooled().classifier().scores(first(np.zeros((1, 12, 10, 3), np.float32)))
