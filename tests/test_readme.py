"""The README and the documents that it names say only what runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from camcore.bundled import MODELS
from camcore.cli.app import cli
from pages.languages.catalogues import LANGUAGES
from tests.extras import extra

ROOT = Path(__file__).parents[1]
GUIDES = (".github/GUIDE.pt-BR.md", ".github/GUIDE.fr.md", ".github/GUIDE.zh-CN.md")
DOCUMENTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in (
        "README.md",
        ".github/GUIDE.md",
        *GUIDES,
        ".github/SERVING.md",
        ".github/CONTRIBUTING.md",
        "camcore/README.md",
        "benchmarks/README.md",
        "benchmarks/truth/README.md",
    )
}
README = DOCUMENTS["README.md"]
PYTHON = [
    pytest.param(code, id=f"{name}-{number}")
    for name, text in DOCUMENTS.items()
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.parametrize("code", PYTHON)
def test_the_python_lines_run(code, tmp_path, monkeypatch):
    if "import torch" in code:
        extra("torch.nn", "torch")
    monkeypatch.chdir(tmp_path)
    # A name of its own: dataclasses look their module up.
    exec(compile(code, "document.md", "exec"), {"__name__": "__main__"})
    if "cam.png" in code:
        assert (tmp_path / "cam.png").stat().st_size > 0


def test_the_readme_is_short():
    assert len(README.split()) <= 1500


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_has_the_readmes_commands_and_is_linked_from_its_first_lines(name):
    commands = re.findall(r"^```bash\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert "streamlit run" in commands[0]
    assert "pytest" in commands[1]
    guide = re.findall(r"^```bash\n(.*?)^```$", DOCUMENTS[name], re.MULTILINE | re.DOTALL)
    assert guide == commands[:2]
    assert f"]({name})" in README.split("## ")[0]
    language = re.search(r"\?lang=(\w+)", DOCUMENTS[name])[1]
    assert language in LANGUAGES


def test_every_command_and_option_exists():
    commands = [
        words
        for text in DOCUMENTS.values()
        for words in re.findall(r"python -m camcore (\w+)([^\n`]*)", text)
    ]
    assert {verb for verb, _ in commands} == set(cli.commands)
    for verb, words in commands:
        known = {name for option in cli.commands[verb].params for name in option.opts}
        assert set(re.findall(r"--[\w-]+", words.split("#")[0])) <= known


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_and_section_that_is_named_is_there(name):
    text, folder = DOCUMENTS[name], (ROOT / name).parent
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    sections = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}
    for link in re.findall(r"\]\(([^)h][^)]*)\)", text):
        file, _, section = link.partition("#")
        assert (folder / file).exists(), link
        assert not section or section in sections, link
    for path in re.findall(r"`((?:camcore|tests|benchmarks|\.ci|\.streamlit)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path


def test_the_accuracies_are_those_that_training_recorded():
    for model in MODELS:
        row = next(line for line in README.splitlines() if line.startswith(f"| `{model.name}` |"))
        accuracies = [float(number) for number in re.findall(r"([\d.]+) %", row)]
        recorded = {
            round(100 * value, digits) for value in model.accuracy.values() for digits in (1, 2)
        }
        assert len(accuracies) == len(model.accuracy)
        assert set(accuracies) <= recorded


def test_ci_finds_the_test_command():
    after = README.split("<!-- the test command -->", 1)[1]
    command = after.split("```bash\n", 1)[1].split("\n```", 1)[0]
    assert "\n" not in command
    assert command.endswith("-m pytest -n 2 --dist loadfile")
    assert "the test command" in (ROOT / ".ci" / "run").read_text()
