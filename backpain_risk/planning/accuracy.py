"""How many patients a study of one flag needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..numerics.checks import check_fraction, check_positive
from . import demands
from . import standard_errors as variance
from .sample_size import Z95, Criterion, SampleSize


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class AccuracySize(SampleSize):
    """Patients that a study of one flag needs; see :class:`SampleSize`.

    Attributes
    ----------
    sensitivity, specificity : float or None
        Expected accuracy of the flag.
    """

    sensitivity: float | None
    specificity: float | None


def sample_size_accuracy(
    *,
    prevalence: float,
    sensitivity: float | None = None,
    specificity: float | None = None,
    width: float | None = None,
    lr_factor: float | None = None,
) -> AccuracySize:
    """Patients for the accuracy of one flag, in consecutive patients.

    Parameters
    ----------
    prevalence : float
        P(malignancy), inside (0, 1).
    sensitivity, specificity : float, optional
        Expected accuracy, inside (0, 1); at least one.
    width : float, optional
        **Half** of the 95 % interval wanted for each of them: 0.1 for +-0.1. Inside (0, 1).
    lr_factor : float, optional
        Limits of LR+ within this factor of its value: 2 for half to double. Above 1; needs both
        accuracies.

    Returns
    -------
    AccuracySize
        ``.n``, ``.to_frame()`` with rows sensitivity, specificity, lr_positive as asked for.

    Raises
    ------
    ValueError
        For numbers outside their range, or when nothing is asked for.

    Notes
    -----
    Wald limits: 1.96^2 p (1 - p) / width^2 cancers (others, for specificity), divided by their
    share. LR+: the SE of its logarithm is sqrt((1 - sens) / (sens n pi) + spec / ((1 - spec) n (1
    - pi))). Nothing is rounded on the way. The flag and the outcome must be known in every
    patient.

    References
    ----------
    Buderer (1996), Acad Emerg Med 3:895. Simel, Samsa and Matchar (1991), J Clin Epidemiol 44:763.

    Examples
    --------
    >>> sample_size_accuracy(
    ...     prevalence=0.01, sensitivity=0.31, specificity=0.98, width=0.1
    ... ).to_frame()
         criterion     n  drives
    0  sensitivity  8218    True
    1  specificity     8   False
    """
    pi = demands.inner_fraction("prevalence", prevalence)
    named = {"sensitivity": (sensitivity, pi), "specificity": (specificity, 1 - pi)}
    known = {
        name: (demands.inner_fraction(name, p), share)
        for name, (p, share) in named.items()
        if p is not None
    }
    _refuse_nothing(known, width, lr_factor)
    criteria = (
        []
        if width is None
        else [_proportion(name, p, share, width) for name, (p, share) in known.items()]
    )
    if lr_factor is not None:
        criteria.append(
            _likelihood_ratio(pi, known["sensitivity"][0], known["specificity"][0], lr_factor)
        )
    return AccuracySize(
        title="Accuracy of one flag",
        criteria=tuple(criteria),
        prevalence=pi,
        notes=("Consecutive patients, the outcome known in every one; Wald limits.",),
        sensitivity=sensitivity,
        specificity=specificity,
    )


def _refuse_nothing(
    known: dict[str, tuple[float, float]], width: float | None, lr_factor: float | None
) -> None:
    if not known:
        raise ValueError(
            "sensitivity or specificity must be given; got neither. Pass what the flag is "
            "expected to show."
        )
    if width is None and lr_factor is None:
        raise ValueError(
            "width or lr_factor must be given; got neither. Pass for example width=0.1, for +-0.1."
        )
    if lr_factor is not None and len(known) < 2:
        raise ValueError(
            f"lr_factor must come with sensitivity and specificity; got only {next(iter(known))}. "
            "Pass both."
        )


def _proportion(name: str, p: float, share: float, width: float) -> Criterion:
    half = demands.width("width", check_fraction("width", width))
    patients = (Z95 / half) ** 2 * variance.proportion(p, share)
    return Criterion(name=name, patients=patients, aim=f"{name} {p:g} to within +-{half:g}")


def _likelihood_ratio(
    pi: float, sensitivity: float, specificity: float, factor: float
) -> Criterion:
    if check_positive("lr_factor", factor) <= 1 + 1e-9:
        raise ValueError(
            f"lr_factor must be above 1; got {factor}. Pass for example 2, for limits of half to "
            "double."
        )
    unit = variance.log_lr_positive(pi, sensitivity, specificity)
    ratio = sensitivity / (1 - specificity)
    return Criterion(
        name="lr_positive",
        patients=(Z95 / math.log(factor)) ** 2 * unit,
        aim=f"LR+ {ratio:.3g} with limits within a factor {factor:g}",
    )
