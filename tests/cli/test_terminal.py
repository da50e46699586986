"""Names from outside never give orders to a terminal."""

from __future__ import annotations

import numpy as np
from PIL import Image

from camcore.cli.terminal import harmless

_ODD = "\x1b]0;owned\x07\x1b[2J\u202ered\x9b31m\r"


def test_what_prints_stays():
    text = "Gelbgrün 猫 «a»\u00a0b\tc\nd"
    assert harmless(text) == text


def test_control_characters_do_not():
    assert harmless(_ODD) == "?]0;owned??[2J?red?31m?"


def test_class_names_do_not_reach_the_terminal_raw(command_line, tmp_path):
    names = tmp_path / "names.json"
    names.write_text(f'["forest{_escaped()}", "tank{_escaped()}"]')
    picture = tmp_path / "a.png"
    Image.fromarray(np.full((128, 128, 3), 90, np.uint8)).save(picture)
    status, out, err = command_line(
        "explain", picture, "--model", "cloud-detector", "--labels", names, "--out", tmp_path / "o"
    )
    assert status == 0, err
    assert "?[31m" in out
    status, _, refusal = command_line(
        "explain", picture, "--labels", names, "--class", "\x1b[31mx", "--out", tmp_path / "o"
    )
    assert status == 2
    for text in (out, refusal):
        assert all(c.isprintable() or c in "\n\t" for c in text)


def _escaped() -> str:
    return "\\u001b[31m"
