"""Which file of a bundle speaks to which clause of law, framework and standard, and what none does.

What a clause asks is told in words of this project's own; only its own text is binding.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Clause:
    """A clause and the evidence for it.

    Attributes
    ----------
    name : str
        As its source is cited.
    asks : str
        What it is about.
    places : tuple of (str, str)
        File of the bundle, and what of it.
    leaves_open : str
        What of the clause nothing in a bundle answers.
    """

    name: str
    asks: str
    places: tuple[tuple[str, str], ...]
    leaves_open: str


_REPORT = ("report.html", "the verdict, and each finding with its pictures and numbers")
_FINDINGS = ("findings.json", "the same as data: effects with their intervals, and what was tried")
_IMAGES = ("images.csv", "the answer for each picture, and how much each proven cue decides it")
_REPAIRS = ("repairs.json", "what each attempt to take a reliance away came to")

CLAUSES = (
    Clause(
        "EU AI Act, Regulation (EU) 2024/1689, Annex IV, point 2(g)",
        "Technical documentation: how the system was validated and tested, on which data, by which "
        "measures, with test logs and reports that are dated and signed.",
        (
            ("run.json", "model and data by their hashes, settings, versions, and when it began"),
            ("rules.json", "every number by which a finding was judged"),
            ("bom.cdx.json", "accuracy and effects with their 95 % intervals"),
            _REPORT,
            _FINDINGS,
            ("decisions.json", "who decided what about a finding, in which role, and when"),
            ("README.md", "the line to sign"),
        ),
        "Robustness to attack and drift, cybersecurity, compliance with other requirements, and "
        "effects on groups of persons, as far as the audited classes are not those groups.",
    ),
    Clause(
        "EU AI Act, Regulation (EU) 2024/1689, Article 10(2)(f) and (g)",
        "Data governance: data sets are examined for biases that may harm or discriminate, and "
        "measures are taken against them.",
        (
            ("findings.json", "properties of pictures that tell the classes apart in this data"),
            _REPORT,
            _IMAGES,
            ("bad.csv", "files that could not be read"),
            _REPAIRS,
        ),
        "Where the data came from, by whose choice, whether it stands for those that the system is "
        "used on, how it was labelled, and every bias that does not show in the audited pictures.",
    ),
    Clause(
        "NIST AI RMF 1.0, MEASURE 2.1",
        "Test sets, metrics, and the tools of testing are documented.",
        (
            ("run.json", "data, settings, and the versions of all that calculated"),
            ("rules.json", "thresholds and their values"),
            ("bom.cdx.json", "metrics"),
        ),
        "Tests of the whole system, with its users, where it is used.",
    ),
    Clause(
        "NIST AI RMF 1.0, MEASURE 2.11",
        "Fairness and bias are evaluated, and the results documented.",
        (_REPORT, _FINDINGS, _IMAGES),
        "Measures of fairness between groups of persons, and harms that only people can name.",
    ),
    Clause(
        "ISO/IEC TR 24027:2021",
        "Bias in AI systems: where it comes from, and how it is measured.",
        (_FINDINGS, _REPORT, _IMAGES),
        "Bias of the people who label, choose and decide; metrics of fairness.",
    ),
    Clause(
        "ISO/IEC TS 12791:2024",
        "Treatment of unwanted bias in classification and regression.",
        (_REPAIRS, ("decisions.json", "which reliance a person called spurious, and which not")),
        "Treatment outside the model's head: in requirements, in collecting data, in use.",
    ),
)


def clause_index() -> str:
    """The index as a Markdown text."""
    lines = [
        "# Clauses, and where this bundle speaks to them",
        "",
        "A map for readers, not legal advice and no statement of conformity. What a clause asks is "
        "told in other words than its own; read the text itself. An audit proves what a model "
        "relies on in the given pictures, and nothing beyond them.",
    ]
    for clause in CLAUSES:
        lines += ["", f"## {clause.name}", "", clause.asks, ""]
        lines += [f"- `{file}`: {content}" for file, content in clause.places]
        lines += ["", f"**Not covered:** {clause.leaves_open}"]
    return "\n".join(lines) + "\n"
