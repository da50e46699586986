"""The report of a run: one HTML file that needs nothing else, and tables beside it."""

from camcore.auditing.report.writing import write_report

__all__ = ["write_report"]
