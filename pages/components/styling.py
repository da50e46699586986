"""What the components of the pages have in common to look at."""

from __future__ import annotations

from pathlib import Path

CONTROLS = (Path(__file__).parent / "controls.css").read_text(encoding="utf-8")
"""Style of sliders, lists and buttons; a component's own style follows it."""
