"""ONNX files that reach outside themselves or exhaust memory are refused in one sentence."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import onnx
import pytest
from hostile import refused
from onnx import TensorProto, helper, numpy_helper

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine import admission
from camcore.models.quarantine.inspection import inspect_file

KERNEL = np.ones((2, 3, 3, 3), np.float32)


def network(nodes=(), weights=(), shape=("N", 3, 8, 8), opsets=(("", 17),), **more):
    """conv, global average pooling, flatten, and what is asked for behind the convolution."""
    nodes = [
        helper.make_node("Conv", ["picture", "kernel"], ["conv"], "conv"),
        *nodes,
        helper.make_node("GlobalAveragePool", ["conv"], ["pool"], "pool"),
        helper.make_node("Flatten", ["pool"], ["scores"], "flatten"),
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(KERNEL, "kernel"), *weights],
    )
    imports = [helper.make_opsetid(*own) for own in opsets]
    return helper.make_model(graph, opset_imports=imports, ir_version=9, **more)


def written(model, path):
    path.write_bytes(model.SerializeToString())
    return path


def elsewhere(place, dims=(2, 3, 3, 3)):
    tensor = TensorProto(name="more", dims=dims, data_type=1, data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=str(place))
    return tensor


def test_what_an_onnx_file_holds(tmp_path):
    found = inspect_file(written(network(), tmp_path / "m.onnx"))
    assert (found.format, found.layers, found.parameters) == ("onnx", 3, KERNEL.size)
    assert found.classes == ("Conv", "Flatten", "GlobalAveragePool")
    assert found.keras_version is None


def test_the_kind_is_told_by_content(tmp_path):
    assert inspect_file(written(network(), tmp_path / "m.keras")).format == "onnx"


def test_inspection_imports_no_runtime(tmp_path):
    code = (
        "import sys\n"
        "from camcore.models.quarantine.inspection import inspect_file\n"
        "inspect_file(sys.argv[1])\n"
        "assert not {'onnxruntime', 'keras', 'tensorflow'} & set(sys.modules)\n"
    )
    file = written(network(), tmp_path / "m.onnx")
    subprocess.run([sys.executable, "-c", code, str(file)], check=True)


def test_weights_in_another_file(tmp_path, monkeypatch):
    """Also where they lie beside it; neither is opened."""
    secret = tmp_path / "secret"
    KERNEL.tofile(secret)
    opened = []
    sys.addaudithook(lambda event, given: opened.append(given[0]) if event == "open" else None)
    for number, place in enumerate((secret, "secret", "../secret", "/etc/passwd")):
        file = written(network(weights=[elsewhere(place)]), tmp_path / f"{number}.onnx")
        refused(file, "its weights 'more' are in another file", "everything in one file")
    assert any(str(own).endswith("0.onnx") for own in opened)
    assert not [own for own in opened if str(own).endswith(("secret", "passwd"))]


def test_weights_of_a_constant_in_another_file(tmp_path):
    node = helper.make_node("Constant", [], ["c"], "constant", value=elsewhere("/etc/passwd"))
    refused(written(network([node]), tmp_path / "m.onnx"), "are in another file")


def test_the_library_would_have_read_the_other_file(tmp_path):
    """The control: loaded carelessly, weights come from wherever the file says."""
    KERNEL.tofile(tmp_path / "secret")
    file = written(network(weights=[elsewhere("secret")]), tmp_path / "m.onnx")
    tensor = onnx.load(file).graph.initializer[1]
    np.testing.assert_array_equal(numpy_helper.to_array(tensor), KERNEL)


@pytest.mark.parametrize("domain", ["com.evil", "com.microsoft", "ai.onnx.ml"])
def test_operations_of_a_library_of_code(tmp_path, domain):
    node = helper.make_node("Run", ["conv"], ["ran"], "runs", domain=domain)
    model = network([node], opsets=(("", 17), (domain, 1)))
    refused(written(model, tmp_path / "m.onnx"), "node 'runs'", "'Run'", repr(domain))


def test_shapes_that_the_file_does_not_fill(tmp_path):
    bomb = TensorProto(name="bomb", dims=[1 << 14, 1 << 14], data_type=1, raw_data=b"1234")
    refused(written(network(weights=[bomb]), tmp_path / "a.onnx"), "far more than the file holds")
    bomb.dims[:] = [1 << 40, 1 << 40]
    refused(written(network(weights=[bomb]), tmp_path / "b.onnx"), "'bomb'", "1,073,741,824")
    bomb.dims[:] = [-4, 2]
    refused(written(network(weights=[bomb]), tmp_path / "c.onnx"), "negative")


def test_inputs_of_impossible_sizes(tmp_path):
    file = written(network(shape=("N", 3, 1 << 30, 1 << 30)), tmp_path / "m.onnx")
    refused(file, "its input 'picture'", "1,073,741,824")


def test_too_many_nodes(tmp_path):
    chain = [helper.make_node("Relu", ["conv"], [f"r{n}"]) for n in range(20_001)]
    refused(written(network(chain), tmp_path / "m.onnx"), "more than 20,000 nodes")


def test_networks_inside_nodes(tmp_path):
    inner = helper.make_graph([], "inner", [], [])
    node = helper.make_node("If", ["conv"], ["chosen"], "if", then_branch=inner)
    file = written(network([node]), tmp_path / "m.onnx")
    refused(file, "a network inside a node (If)", "without conditions", error=ModelError)


def test_functions_of_its_own(tmp_path):
    function = helper.make_function("own", "F", ["a"], ["a"], [], [helper.make_opsetid("", 17)])
    file = written(network(functions=[function]), tmp_path / "m.onnx")
    refused(file, "functions of its own", error=ModelError)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_truncated_files(tmp_path, share):
    whole = network(weights=[numpy_helper.from_array(np.ones(5000, "f"), "w")]).SerializeToString()
    file = tmp_path / "m.onnx"
    file.write_bytes(whole[: int(share * len(whole))])
    assert "download it again" in refused(file, error=ModelError)


def test_a_file_that_only_bears_the_name(tmp_path):
    file = tmp_path / "m.onnx"
    file.write_bytes(b"not a model at all")
    refused(file, "damaged or no ONNX model", error=ModelError)


def test_pytorch_files_are_told_the_way_out(tmp_path):
    file = tmp_path / "m.pt"
    file.write_bytes(b"whatever")
    refused(file, "torch.onnx.export")


def test_shapes_that_grow_on_the_way(tmp_path):
    """What is small in the file and huge once it runs is refused, and this process lives on."""
    nodes = [
        helper.make_node("Tile", ["conv", "times"], ["many"], "tile"),
        helper.make_node("ReduceSum", ["many"], ["sum"], "sum"),
    ]
    times = numpy_helper.from_array(np.array([1, 1, 1 << 14, 1 << 14]), "times")
    file = written(network(nodes, [times]), tmp_path / "m.onnx")
    with pytest.raises(UnsafeModelError, match=r"m.onnx: its tensor 'many' would hold") as caught:
        admission.admit(file)
    assert "\n" not in str(caught.value)


def test_sizes_that_only_the_run_tells(tmp_path):
    """A shape that is computed from pixels cannot be seen before; the memory limit holds."""
    nodes = [
        helper.make_node("ReduceSum", ["picture"], ["dark"], "dark", keepdims=0),
        helper.make_node("Add", ["dark", "huge"], ["size"], "size"),
        helper.make_node("Cast", ["size"], ["whole"], "whole", to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["whole", "first"], ["shape"], "shape"),
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"], "zeros"),
        helper.make_node("ReduceSum", ["zeros"], ["sum"], "sum", keepdims=0),
        helper.make_node("Add", ["conv", "sum"], ["moved"], "moved"),
    ]
    weights = [
        numpy_helper.from_array(np.array(4e10, np.float32), "huge"),
        numpy_helper.from_array(np.array([0]), "first"),
    ]
    model = network(nodes, weights)
    model.graph.node[-2].input[0] = "moved"
    with pytest.raises(UnsafeModelError, match="memory") as caught:
        admission.admit(written(model, tmp_path / "m.onnx"))
    assert "\n" not in str(caught.value)


def test_a_good_file_gets_in_once_and_is_remembered(tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_CACHE", str(tmp_path / "cache"))
    file = written(network(), tmp_path / "m.onnx")
    stages = []
    run = admission.child.run
    monkeypatch.setattr(
        admission.child, "run", lambda stage, *rest: stages.append(stage) or run(stage, *rest)
    )
    for _ in range(2):
        with admission.admit(file) as admitted:
            assert admitted.path.endswith(".onnx")
    assert stages == ["inspect", "run", "inspect"]


def test_a_model_that_does_not_run_says_so(tmp_path):
    node = helper.make_node("NoSuchThing", ["conv"], ["other"], "odd")
    model = network([node])
    model.graph.node[-2].input[0] = "other"
    with pytest.raises(ModelError, match=r"m.onnx cannot be run by onnxruntime .*NoSuchThing"):
        admission.admit(written(model, tmp_path / "m.onnx"))
