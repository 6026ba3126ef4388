"""Notebooks to reports.

In a notebook, :func:`record` collects a number for the prose, :func:`table` and :func:`figure` show a result and offer
it to the report. ``backpain-risk report`` runs the notebooks and builds the report from what they offered.
"""

from .records import figure, monte_carlo_error, record, table

__all__ = ["figure", "monte_carlo_error", "record", "table"]
