"""The audit against planted truth."""
