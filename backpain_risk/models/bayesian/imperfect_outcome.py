"""When the outcome is known only for some patients, or judged by a reference standard that errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...evidence.diagnostic_accuracy import Accuracy
from ...numerics.checks import FloatArray, check_fraction

_LARGEST_SD = (
    0.1,
    0.01,
)  # of sensitivity and specificity: beyond, the cohort cannot tell errors from cancers


@dataclass(frozen=True, kw_only=True)
class ImperfectOutcome:
    """How recorded outcomes relate to malignancy.

    Parameters
    ----------
    verification_shift : float or None
        Log odds of malignancy of verified patients minus that of all patients with the same
        findings; 0 means missing at random, None that every patient must be verified.
    reference_standard : (sensitivity, specificity), Accuracy or None
        Fixed numbers, or the counts of a study that makes them nearly known; None means without
        error.

    Notes
    -----
    A shift of log(2) says that among patients with the same findings those with malignancy were
    twice as likely to be verified. Where that ratio is the same for all findings, the log odds of
    verified patients are shifted by its log, exactly; who was verified need not be modelled.

    With errors that are estimated the findings help to tell false positives from cancers, and that
    help is only as good as the terms of the model: see
    :class:`~backpain_risk.models.standard_check.StandardCheck`, which every such fit carries. Fixed
    errors are not moved by the findings.
    """

    verification_shift: float | None = None
    reference_standard: tuple[float, float] | Accuracy | None = None

    def __post_init__(self) -> None:
        shift = self.verification_shift
        if shift is not None and not np.isfinite(shift):
            raise ValueError(
                f"verification_shift must be a finite log odds ratio or None; got {shift}. Pass "
                "0.0 for MAR."
            )
        if isinstance(self.reference_standard, Accuracy):
            _check_nearly_known(self.reference_standard)
        elif self.reference_standard is not None:
            _check_fixed(self.reference_standard)

    @property
    def estimates_errors(self) -> bool:
        """Whether sensitivity and specificity of the reference standard are parameters."""
        return isinstance(self.reference_standard, Accuracy)

    def data(self) -> dict[str, FloatArray]:
        """Entries for the density; empty when outcomes are complete and without error."""
        entries = (
            {} if self.verification_shift is None else {"shift": np.array(self.verification_shift)}
        )
        if isinstance(self.reference_standard, Accuracy):
            study = self.reference_standard
            entries["error_counts"] = np.array([study.tp, study.fn, study.tn, study.fp])
        elif self.reference_standard is not None:
            sensitivity, specificity = self.reference_standard
            with np.errstate(divide="ignore"):
                entries["error_logs"] = np.log(
                    [sensitivity, 1 - sensitivity, specificity, 1 - specificity]
                )
        return entries

    def __str__(self) -> str:
        parts = []
        if self.verification_shift is not None:
            parts.append(f"verified patients' log odds shifted by {self.verification_shift:g}")
        if isinstance(self.reference_standard, Accuracy):
            parts.append("reference standard with estimated errors")
        elif self.reference_standard is not None:
            parts.append(
                "reference standard with sensitivity {:g} and specificity {:g}".format(
                    *self.reference_standard
                )
            )
        return "; ".join(parts)


def _check_fixed(rates: tuple[float, float]) -> None:
    sensitivity, specificity = rates
    check_fraction("sensitivity of reference_standard", sensitivity, closed=True)
    check_fraction("specificity of reference_standard", specificity, closed=True)
    if sensitivity + specificity <= 1:
        raise ValueError(
            f"reference_standard must do better than chance; got sensitivity {sensitivity} and "
            "specificity "
            f"{specificity}, which add up to 1 or less. Check their order."
        )


def _check_nearly_known(study: Accuracy) -> None:
    """Refuse a study too small to tell the errors of the standard from rare cancers."""
    arms = (("sensitivity", study.tp, study.fn), ("specificity", study.tn, study.fp))
    for (name, right, wrong), largest in zip(arms, _LARGEST_SD, strict=True):
        a = right + 0.5
        b = wrong + 0.5
        sd = float(np.sqrt(a * b / (a + b + 1)) / (a + b))
        if sd > largest:
            raise ValueError(
                f"{name} of reference_standard must be nearly known, SD at most {largest}; got SD "
                f"{sd:.3f} from "
                f"{right + wrong:g} patients. Pass a larger study, or fixed numbers and vary them."
            )
