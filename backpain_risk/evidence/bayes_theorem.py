"""Post-test probability: the odds form of Bayes' theorem."""

from __future__ import annotations

from typing import overload

import numpy as np
import numpy.typing as npt

from ..numerics.checks import FloatArray, refuse_where
from ..numerics.values import as_numbers


@overload
def post_test_probability(pretest: float, likelihood_ratio: float) -> float: ...
@overload
def post_test_probability(
    pretest: npt.ArrayLike, likelihood_ratio: npt.ArrayLike
) -> FloatArray: ...
def post_test_probability(
    pretest: npt.ArrayLike, likelihood_ratio: npt.ArrayLike
) -> float | FloatArray:
    """Probability of malignancy after a finding, from the probability before it and its likelihood
    ratio.

    Parameters
    ----------
    pretest : float or array
        Pre-test probability in [0, 1].
    likelihood_ratio : float or array
        LR of what was found, in [0, inf]; broadcast against ``pretest``, so arrays of draws of both
        carry both uncertainties through.

    Returns
    -------
    float or ndarray
        A float when both are single numbers, else an array of the broadcast shape.

    Raises
    ------
    ValueError
        When a pre-test probability is outside [0, 1], a likelihood ratio is negative, or either is
        missing.

    Notes
    -----
    post-test odds = pre-test odds * LR. A pre-test probability of exactly 0 or 1 cannot be moved by
    any finite likelihood ratio; with an infinite or zero ratio against it the result is NaN.

    References
    ----------
    Fagan TJ (1975), N Engl J Med 293:257.

    Examples
    --------
    >>> round(post_test_probability(0.005, 14.7), 3)
    0.069
    """
    _refuse_truth_values(pretest=pretest, likelihood_ratio=likelihood_ratio)
    p = as_numbers("pretest", pretest)
    ratio = as_numbers("likelihood_ratio", likelihood_ratio)
    refuse_where(
        ~((p >= 0) & (p <= 1)),
        p,
        "pretest must lie in [0, 1]",
        "Pass a fraction, not a percentage.",
    )
    refuse_where(
        ~(ratio >= 0),
        ratio,
        "likelihood_ratio must be 0 or more",
        "Pass the ratio itself, not its log.",
    )
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        odds = np.where(p == 1, np.inf, p / (1 - p)) * ratio
        result = np.where(np.isinf(odds), 1.0, odds / (1 + odds))
    return float(result) if result.ndim == 0 else result


def _refuse_truth_values(**given: npt.ArrayLike) -> None:
    """True is no probability of 1."""
    for name, value in given.items():
        if isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", "") == "b":
            raise ValueError(f"{name} must hold numbers; got truth values. Pass for example 0.01.")
