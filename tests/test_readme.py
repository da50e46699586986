"""The README says only what runs."""

from __future__ import annotations

import re
from pathlib import Path

from camcore.bundled import MODELS
from camcore.cli.app import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_python_lines_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert (tmp_path / "cam.png").stat().st_size > 0
    assert "of the evidence for tank lies in" in capsys.readouterr().out


def test_every_command_and_option_exists():
    said = re.findall(r"python -m camcore (\w+)([^\n`]*)", README)
    assert {verb for verb, _ in said} == set(cli.commands)
    for verb, words in said:
        known = {name for option in cli.commands[verb].params for name in option.opts}
        assert set(re.findall(r"--[\w-]+", words.split("#")[0])) <= known


def test_every_file_and_section_that_is_named_is_there():
    headings = re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    sections = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}
    for link, path in re.findall(
        r"\]\(([^)h][^)]*)\)|`((?:camcore|tests|\.ci|\.streamlit)/[\w./-]*)`", README
    ):
        file, _, section = (link or path).partition("#")
        assert (ROOT / file).exists(), link or path
        assert not section or section in sections, link


def test_the_accuracies_are_those_that_training_recorded():
    for model in MODELS:
        row = next(line for line in README.splitlines() if line.startswith(f"| `{model.name}` |"))
        shown = [float(number) for number in re.findall(r"([\d.]+) %", row)]
        recorded = {
            round(100 * value, digits) for value in model.accuracy.values() for digits in (1, 2)
        }
        assert len(shown) == len(model.accuracy)
        assert set(shown) <= recorded


def test_ci_finds_the_test_command():
    after = README.split("<!-- the test command -->", 1)[1]
    command = after.split("```bash\n", 1)[1].split("\n```", 1)[0]
    assert "\n" not in command
    assert command.endswith("-m pytest -n 2 --dist loadfile")
    assert "the test command" in (ROOT / ".ci" / "run").read_text()
