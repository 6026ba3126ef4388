"""Which of two labels is the event: declared, or said aloud when it had to be guessed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from ..numerics.checks import FloatArray, refuse_where
from ..numerics.values import shown


class UndeclaredEventWarning(UserWarning):
    """The outcome is text and nobody said which label is the event; the later in the alphabet
    was taken.
    """


def binary_outcome(y: Any, n: int, event: Any = None) -> tuple[npt.NDArray[Any], FloatArray]:
    """The two classes, no event and event, and the outcome as 0/1.

    Parameters
    ----------
    y : array, shape (n,)
        Two labels. An outcome of 0 and 1 keeps both classes even where one is absent.
    n : int
        Rows of the predictors.
    event : label, optional
        Which label is the event; the larger when None, with a warning where the labels are text.
    """
    plain = y.to_numpy() if isinstance(y, pd.Series) and isinstance(y.dtype, np.dtype) else y
    whole = (
        isinstance(plain, np.ndarray)
        and plain.dtype.kind in "iu"
        and not isinstance(plain, np.ma.MaskedArray)
    )
    if (
        whole
        and event is None
        and plain.shape == (n,)
        and n
        and plain.min() == 0
        and plain.max() == 1
    ):
        return np.array([0, 1], dtype=plain.dtype), plain.astype(
            np.float64
        )  # needs no further reading
    labels = _labels(y, n)
    classes = _ordered(_two_classes(labels, event), event)
    return classes, (labels == classes[1]).astype(np.float64)


def _labels(y: Any, n: int) -> npt.NDArray[Any]:
    if isinstance(y, np.ma.MaskedArray) and np.ma.getmaskarray(y).any():
        raise ValueError(
            f"y must be known for every patient; got {int(np.ma.getmaskarray(y).sum())} masked. "
            "Remove these patients."
        )
    shape = np.shape(y) if hasattr(y, "shape") else np.shape(np.asarray(y, dtype=object))
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(
            f"y must be one label per row of X; got {shown(y)}. Pass a Series or an array of "
            "shape (n,)."
        )
    if np.asarray(y).dtype.kind in "cmM":
        got = shown(np.ravel(np.asarray(y))[0])
        raise ValueError(
            f"y must hold labels or 0 and 1; got {got}. Code the event as 1, others as 0."
        )
    labels = np.asarray(column_or_1d(y, warn=True))
    if labels.size != n:
        raise ValueError(
            f"y must hold one outcome per row of X; got {labels.size} for {n} rows. Align them "
            "first."
        )
    if labels.dtype.kind == "f":
        refuse_where(
            ~np.isfinite(labels), labels, "y must be finite", "Remove patients of unknown outcome."
        )
    elif labels.dtype.kind == "O":
        refuse_where(
            np.asarray(pd.isna(labels)),
            labels,
            "y must be known",
            "Remove patients of unknown outcome.",
        )
    try:
        check_classification_targets(labels)
    except ValueError as error:
        raise ValueError(f"y must hold two labels, such as 0 and 1; got others. {error}") from None
    return labels


def _two_classes(labels: npt.NDArray[Any], event: Any) -> npt.NDArray[Any]:
    """The two labels in ascending order."""
    classes = np.unique(labels)
    if classes.size == 1 and classes[0] in (0, 1):
        classes = np.array([0, 1], dtype=labels.dtype)
    elif (
        classes.size == 1
        and isinstance(event, str)
        and isinstance(classes[0], str)
        and event != classes[0]
    ):
        classes = np.unique(np.array([classes[0], event]))  # nobody has the event
    if classes.size != 2:
        raise ValueError(
            f"y must have two classes, no event and event; got {classes.size} "
            f"class{'es' * (classes.size != 1)}. "
            "Only binary classification is supported."
        )
    return classes


def _ordered(classes: npt.NDArray[Any], event: Any) -> npt.NDArray[Any]:
    """No event, then event."""
    names = [shown(label) for label in classes]
    if event is None:
        if not all(isinstance(label, (bool, int, float)) for label in classes.tolist()):
            warnings.warn(
                f"y holds the labels {names[0]} and {names[1]} and no event was declared: "
                f"{names[1]}, the later in the "
                f"alphabet, is taken for the event. Declare it with event={names[1]} or "
                f"event={names[0]}.",
                UndeclaredEventWarning,
                stacklevel=5,
            )
        return classes
    if np.ndim(event) or not any(bool(label == event) for label in classes.tolist()):
        raise ValueError(
            f"event must be a label of y, {names[0]} or {names[1]}; got {shown(event)}. Name the "
            "event."
        )
    return classes if classes.tolist()[1] == event else classes[::-1]
