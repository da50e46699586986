"""What a result belongs to: all that can change it, and nothing that only tells of it."""

from __future__ import annotations

from benchmarks.truth.audit_source import _ROOTS, imported_from, meaning


def test_everything_that_a_number_passes_through_is_hashed():
    modules = imported_from(_ROOTS)
    for name in (
        "camcore.pictures.preprocessing",
        "camcore.pictures.codecs",
        "camcore.engine.precision",
        "camcore.methods.weighted",
        "camcore.auditing.rules",
        "camcore.models.keras.traced_graph",
    ):
        assert name in modules


def test_what_only_shows_findings_is_not():
    modules = imported_from(_ROOTS)
    assert not any(".report" in name or ".auditing.figures" in name for name in modules)
    assert not any(".cli" in name or "drawing" in name for name in modules)


def test_a_number_counts_and_a_comment_does_not():
    source = 'def f(x):\n    """Twice."""\n    return 2 * x\n'
    assert meaning(source) == meaning(source.replace("Twice", "Double") + "# more\n")
    assert meaning(source) != meaning(source.replace("2", "3"))
