"""Notebooks to reports, and whole analyses as folders.

In a notebook, :func:`record` collects a number for the prose, :func:`table` and :func:`figure` show
a result and offer it to the report. ``backpain-risk report`` runs the notebooks and builds the
report from what they offered; this part needs the extra ``report``. Folders of results
(``backpain-risk evaluate``) do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebooks.records import figure as figure
    from .notebooks.records import monte_carlo_error as monte_carlo_error
    from .notebooks.records import record as record
    from .notebooks.records import table as table

__all__ = ["figure", "monte_carlo_error", "record", "table"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from .notebooks import records
    except ModuleNotFoundError as error:
        raise ImportError(
            f"report.{name} needs {error.name}, which is not installed. Run: pip install "
            "'backpain-risk[report]'"
        ) from error
    return getattr(records, name)
