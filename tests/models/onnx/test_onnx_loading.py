"""ONNX files through the public face: in Python and on the command line, without TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx_networks import Network, first, model_of, node, pooled, saved
from PIL import Image

import camcore
from camcore.errors import InputError
from camcore.models.onnx.classifier import OnnxClassifier


@pytest.fixture(scope="session")
def onnx_file(tmp_path_factory):
    return saved(pooled().model, tmp_path_factory.mktemp("onnx") / "net.onnx")


@pytest.fixture(scope="session")
def loaded(onnx_file):
    return camcore.load_model(onnx_file, labels=["cat", "dog", "cow"])


def test_a_file_loads_with_names_and_a_guess(loaded, images):
    assert isinstance(loaded, OnnxClassifier)
    assert (loaded.name, loaded.class_names) == ("net.onnx", ("cat", "dog", "cow"))
    assert (loaded.preprocessing, loaded.preprocessing_guessed) == ("0-1", True)
    batch = images(2, loaded.input_shape)
    np.testing.assert_allclose(
        loaded.scores(batch)[0], pooled().oracle(batch)["scores"], rtol=1e-4, atol=1e-5
    )


def test_options_that_do_not_fit_are_refused(onnx_file):
    with pytest.raises(InputError, match=r"2 class names were given for net\.onnx"):
        camcore.load_model(onnx_file, labels=["cat", "dog"])


@pytest.mark.parametrize("method", camcore.METHODS)
def test_every_method_makes_a_map(loaded, picture, method):
    shown = camcore.explain(loaded, picture(), method=method, preprocessing="torch", target=1)
    assert np.isfinite(shown.heatmap.raw).all()
    assert np.ptp(shown.heatmap.raw) > 0


def test_the_command_line_takes_the_file(onnx_file, loaded, tmp_path, command_line):
    status, out, _ = command_line("layers", onnx_file)
    assert (status, out.splitlines()[-1]) == (0, "late_relu\t6x5x5")
    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save(tmp_path / "a.png")
    status, out, _ = command_line(
        "explain", tmp_path / "a.png", "--model", onnx_file, "--method", "recipro-cam",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert status == 0, out
    assert "preprocessing of net.onnx is a guess (0-1)" in out
    assert (tmp_path / "out" / "overlay.png").exists()


_WITHOUT_TENSORFLOW = """
import sys

class Absent:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in ("tensorflow", "keras"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
from pathlib import Path
import numpy as np
from PIL import Image
import camcore
assert not {"onnx", "onnxruntime"} & set(sys.modules)
folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
for label, colour in (("red", (170, 60, 60)), ("blue", (60, 60, 170))):
    (folder / "photos" / label).mkdir(parents=True)
    for number in range(20):
        pixels = np.clip(rng.normal(colour, 40, (32, 32, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / label / f"{number}.png")
model = camcore.load_model(folder / "colours.onnx", labels=["red", "blue"], preprocessing="0-1")
picture = camcore.read_image(folder / "photos" / "red" / "0.png")
compared = camcore.compare_methods(model, picture, methods=["cam", "grad-cam"], layers=["relu"])
assert compared.rows[0].numbers["pearson_grad_cam"] > 0.999
(folder / "names.txt").write_text("red\\nblue\\n")
boxes = folder / "boxes.csv"
boxes.write_text("path,label,x0,y0,x1,y1\\nred/0.png,red,8,8,24,24\\n")
camcore.localize(model, folder / "photos", boxes)
run = camcore.audit(
    folder / "photos", folder / "colours.onnx", out=folder / "run", budget=3000,
    class_names=folder / "names.txt", preprocessing="0-1",
)
assert run.state == "complete", run.state
assert run.record["model"]["name"] == "colours.onnx"
assert "onnxruntime" in sys.modules
print("complete")
"""


@pytest.mark.slow
def test_the_whole_audit_runs_without_tensorflow(tmp_path, colours):
    saved(colours.model, tmp_path / "colours.onnx")
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TENSORFLOW, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(camcore.__file__).parents[1],
    )
    assert done.stdout.strip().splitlines()[-1:] == ["complete"], done.stderr


@pytest.fixture
def colours():
    """A network that says which of red and blue a picture holds more of."""
    weights = {
        "w1": np.array([[[[9.0]], [[0]], [[-9]]], [[[-9.0]], [[0]], [[9]]]], np.float32),
        "w2": np.eye(2, dtype=np.float32),
        "b2": np.zeros(2, np.float32),
    }
    nodes = [
        node("AveragePool", "picture", "blocks", kernel_shape=[4, 4], strides=[4, 4]),
        node("Conv", "blocks w1", "conv"),
        node("Relu", "conv", "relu"),
        node("GlobalAveragePool", "relu", "pool"),
        node("Flatten", "pool", "flat"),
        node("Gemm", "flat w2 b2", "scores"),
    ]
    return Network(model_of(nodes, weights, ("N", 3, 32, 32)), lambda x: {"scores": first(x)})
