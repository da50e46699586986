"""What tests of model files share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def canary(tmp_path: Path):
    """A file that must not come into being."""
    file = tmp_path / "canary"
    yield file
    assert not file.exists()
