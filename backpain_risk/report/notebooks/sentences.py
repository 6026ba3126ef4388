"""Prose of a notebook with its numbers, and sentences that are tied to a condition."""

from __future__ import annotations

from typing import Any

import numpy as np
from IPython.display import display

from .said import as_read, remember

CLAIM = "application/vnd.backpain-risk.claim+json"
PROSE = "application/vnd.backpain-risk.prose+json"


def prose(text: str) -> None:
    """Show Markdown with the numbers recorded so far in place of ``{{key}}``.

    Parameters
    ----------
    text : str
        Markdown. It may quote ``{{key}}`` and ``{{key:.1%}}`` of :func:`record`, refer to
        ``@fig-key`` and ``@tbl-key`` and cite ``[@source]``. Numbers typed into it, in digits or
        words, fail the build of the report.

    Raises
    ------
    ValueError
        When a key is quoted that no cell has recorded yet.
    """
    display({PROSE: {"text": text}, "text/markdown": as_read(text, "prose")}, raw=True)  # type: ignore[no-untyped-call]


def claim(key: str, condition: Any, text: str, *, otherwise: str | None = None) -> None:
    """Offer a sentence that holds only under a condition; the report places it by
    ``{{claims.key}}``.

    Parameters
    ----------
    key : str
        Dotted name.
    condition : bool
        What makes the sentence true, computed from the results.
    text : str
        Markdown, with numbers as ``{{key}}``.
    otherwise : str, optional
        What to say when the condition does not hold. Without it a claim that does not hold fails
        the build.

    Raises
    ------
    ValueError
        When ``condition`` is not a truth value.
    """
    if not isinstance(condition, bool | np.bool_):
        raise ValueError(
            f"condition must be True or False; got {type(condition).__name__} for {key}. Reduce "
            "arrays with all() or any()."
        )
    payload = {"key": key, "holds": bool(condition), "text": text, "otherwise": otherwise}
    chosen = text if condition or otherwise is None else otherwise
    remember({f"claims.{key}": chosen})
    warning = "" if condition or otherwise is not None else "**Does not hold:** "
    shown = warning + as_read(chosen, f"claim {key}")
    display({CLAIM: payload, "text/markdown": shown}, raw=True)  # type: ignore[no-untyped-call]
