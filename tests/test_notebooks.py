"""The notebooks run as they are, and show pictures and tables, not the names of objects."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

NEEDS = "needs the packages of .ci/requirements.txt"
nbformat = pytest.importorskip("nbformat", reason=NEEDS)
nbclient = pytest.importorskip("nbclient", reason=NEEDS)
pytest.importorskip("ipykernel", reason=NEEDS)

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "notebooks").glob("*.ipynb"))
_FORGET = "%reset -f"  # names, and not TensorFlow: the kernel is one for all


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """All notebooks by name, each begun without the names of the one before."""
    notebooks = {file.stem: nbformat.read(file, as_version=4) for file in FILES}
    cells = []
    for notebook in notebooks.values():
        cells += [nbformat.v4.new_code_cell(_FORGET), *notebook.cells]
    folder = tmp_path_factory.mktemp("notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
        whole = nbformat.v4.new_notebook(cells=cells)
        nbclient.NotebookClient(
            whole, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        ).execute()
    return notebooks


def _results(notebook) -> list[dict[str, str]]:
    """What the cells came to, in every form that they have."""
    return [
        dict(output.data)
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "execute_result"
    ]


def test_there_is_one_for_each_user_and_no_output_is_kept_in_the_file():
    assert [file.stem for file in FILES] == ["auditor", "teacher", "team"]
    for file in FILES:
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
        assert not any(cell.get("outputs") for cell in notebook.cells)


def test_the_auditor_sees_a_map_and_a_comparison(executed):
    explanation, comparison, _files = _results(executed["auditor"])
    assert "of the evidence for tank lies in" in explanation["text/html"]
    assert {"image/png", "text/html"} <= set(explanation) & set(comparison)
    for name in ("CAM", "Grad-CAM", "Recipro-CAM", "conv4", "conv5"):
        assert f"<td>{name}</td>" in comparison["text/html"]


def test_the_teacher_sees_the_sum_and_three_maps(executed):
    cam, raw, grad_cam, fine = _results(executed["teacher"])
    assert raw["text/plain"].count("[") == 1 + 3  # an array of three rows
    for explanation in (cam, grad_cam, fine):
        assert explanation["text/html"].count("<img") == 3


def test_the_team_sees_the_run_and_its_first_finding(executed):
    _, run, finding = _results(executed["team"])
    assert "Audit run, complete" in run["text/html"]
    assert "Hints that nothing proves" in run["text/html"]
    assert any(level in finding["text/html"] for level in ("attended", "associated"))
