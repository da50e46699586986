"""``python -m camcore methods``."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

from camcore.cli.compare_methods import methods
from camcore.errors import InputError

FILES = ["comparison.csv", "comparison.png", "comparison.svg"]


def run(*words: object):
    return CliRunner().invoke(methods, [*map(str, words)], catch_exceptions=False)


def test_it_prints_the_table_and_writes_three_files(tmp_path):
    out = tmp_path / "deep" / "er"
    done = run("tank-sunny", "--model", "tank-detector", "--methods", "cam,GradCAM",
               "--layers", "conv3,conv5", "--class", "tank", "--box", "140,128,216,166",
               "--out", out)  # fmt: skip
    assert done.exit_code == 0
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert "predictions: tank" in done.stdout
    assert "CAM at conv3: CAM needs global average pooling" in done.stdout
    table = pd.read_csv(out / "comparison.csv")
    assert table["method"].tolist() == ["CAM", "CAM", "Grad-CAM", "Grad-CAM"]
    own = table[(table["method"] == "CAM") & (table["layer"] == "conv5")].iloc[0]
    assert own["pearson_grad_cam"] == pytest.approx(1, abs=1e-5)
    assert own["lift"] > 1, "the tank detector looks at the tank"
    assert f"{own['adcc']:.3f}" in done.stdout
    assert Image.open(out / "comparison.png").text["Layers"].startswith("conv3")


def test_it_says_whether_cam_is_grad_cam_and_whether_maps_show_what_was_learned(tmp_path):
    done = run("digit-7", "--model", "cam1", "--methods", "grad-cam,eigen-cam",
               "--layers", "conv3,conv4", "--sanity", "--out", tmp_path)  # fmt: skip
    assert "CAM = H*W * Grad-CAM does not hold at conv3: CAM needs global" in done.stdout
    assert "CAM = 3*3 * Grad-CAM at conv4 for 7: they differ by" in done.stdout
    assert "conv4, 7: The Grad-CAM map depends on what was learned" in done.stdout
    assert "conv4, 7: The Eigen-CAM map does not change with all weights behind" in done.stdout


def test_without_methods_the_quick_ones_run(tmp_path):
    done = run("digit-7", "--model", "cam1", "--out", tmp_path)
    assert done.exit_code == 0
    shown = pd.read_csv(tmp_path / "comparison.csv")["method"].tolist()
    assert {"CAM", "Grad-CAM", "Eigen-CAM", "Recipro-CAM"} <= set(shown)
    assert not {"Score-CAM", "Occlusion"} & set(shown)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--box", "1,2,3"], "four whole numbers"),
        (["--box", "1,2,3,4", "--boxes", "x.csv"], "give one of them"),
        (["--methods", "magic"], "magic"),
        (["--alpha", "2"], "alpha"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(tmp_path, words, said):
    out = tmp_path / "out"
    with pytest.raises(InputError, match=said):
        run("digit-7", "--model", "cam1", "--methods", "cam", *words, "--out", out)
    assert not out.exists()


def test_boxes_from_a_file(tmp_path):
    (tmp_path / "boxes.csv").write_text("path,x0,y0,x1,y1\ndigit-7.png,0,0,14,14\n")
    done = run("digit-7", "--model", "cam1", "--methods", "cam", "--boxes",
               tmp_path / "boxes.csv", "--out", tmp_path / "out")  # fmt: skip
    assert done.exit_code == 0
    # cam1's cells cover 24 of 28 pixels, the rest of the digit has no map.
    (area,) = pd.read_csv(tmp_path / "out" / "comparison.csv")["area"]
    assert area == pytest.approx((14 / 24) ** 2)


def test_a_file_without_this_picture_is_refused(tmp_path):
    (tmp_path / "boxes.csv").write_text("path,x0,y0,x1,y1\nother.png,0,0,14,14\n")
    with pytest.raises(InputError, match=r"digit-7\.png"):
        run("digit-7", "--model", "cam1", "--methods", "cam", "--boxes",
            tmp_path / "boxes.csv", "--out", tmp_path / "out")  # fmt: skip
