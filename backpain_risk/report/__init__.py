"""Notebooks to reports, and whole analyses as folders.

In a notebook, :func:`record` collects a number for the prose, :func:`prose` shows text that quotes
numbers, :func:`claim` ties a sentence to a condition, :func:`table` and :func:`figure` show a
result; all offer what they are given to the report. ``backpain-risk report`` runs the notebooks and
places what they offered in documents; this part needs the extra ``report``. Folders of results
(``backpain-risk evaluate``) do not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebooks.choices import setting as setting
    from .notebooks.records import monte_carlo_error as monte_carlo_error
    from .notebooks.records import record as record
    from .notebooks.sentences import claim as claim
    from .notebooks.sentences import prose as prose
    from .notebooks.shown import figure as figure
    from .notebooks.shown import table as table

_PLACES = {
    "claim": "sentences",
    "figure": "shown",
    "monte_carlo_error": "records",
    "prose": "sentences",
    "record": "records",
    "setting": "choices",
    "table": "shown",
}
__all__ = ["claim", "figure", "monte_carlo_error", "prose", "record", "setting", "table"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f".notebooks.{_PLACES[name]}", __name__)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"report.{name} needs {error.name}, which is not installed. Run: pip install "
            "'backpain-risk[report]'"
        ) from error
    return getattr(module, name)
