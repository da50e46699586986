"""Words from outside stay words."""

from __future__ import annotations

import pytest

from pages.components.payload import pack
from pages.components.wording import plain


@pytest.mark.parametrize(
    "text",
    ["![x](http://a.b/c.png)", "<img src=x onerror=alert(1)>", "$x^2$", ":red[x]", "a*b*c", "# h"],
)
def test_markdown_from_outside_is_escaped(text):
    escaped = plain(text)
    assert escaped.replace("\\", "") == text
    for mark in "![]<>$*#":
        assert escaped.count(mark) == escaped.count("\\" + mark)


def test_lines_and_runs_of_spaces_become_one_line():
    assert plain("a\n\n- b\tc") == "a - b c"


def test_packed_blobs_are_found_behind_the_header():
    packed = pack({"name": "café"}, [b"abc", b"", b"d"])
    length = int.from_bytes(packed[:4], "little")
    assert packed[4 + length :] == b"abcd"
    assert b'"blobs": [[0, 3], [3, 0], [3, 1]]' in packed[4 : 4 + length]
