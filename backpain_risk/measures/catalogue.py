"""Every measure of outcome and risk, described once: what it is called, how it is computed, what is
ideal.

Tables, plots and validations read what they need of a measure here, so a new one is an entry of
``CATALOGUE``. Net benefit, which has a threshold, is ``net_benefit@t`` beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from ..numerics.checks import FloatArray
from ..numerics.grouped_by_risk import RiskGroups, require_both_classes
from ..results.estimate import Estimate
from .calibration.curve_limits import INDICES
from .calibration.level_and_slope import (
    calibration_in_the_large_of,
    calibration_slope_of,
    observed_expected_of,
)
from .discrimination.area import area_of, auroc_of, discrimination_slope_of, somers_d_of
from .discrimination.roc import average_precision_of
from .overall import (
    brier_score_of,
    cox_snell_r2_of,
    log_loss_of,
    nagelkerke_r2_of,
    scaled_brier_of,
    spiegelhalter_z_of,
)

NET_BENEFIT = "net_benefit@"
"""Before the threshold in the name of a net benefit."""
_ANY_LEVEL = 0.95  # of limits that nobody looks at


@dataclass(frozen=True, eq=False)
class Scale:
    """A scale on which values of several sites are averaged, and the way back."""

    forward: Callable[[FloatArray], FloatArray]
    back: Callable[[FloatArray], FloatArray]


AS_IT_IS = Scale(np.asarray, np.asarray)
LOG = Scale(np.log, np.exp)
LOGIT = Scale(logit, expit)


@dataclass(frozen=True, eq=False, kw_only=True)
class Measure:
    """One measure of how well risks agree with outcomes.

    Attributes
    ----------
    key : str
        Its name in tables.
    label : str
        Its name on axes and in summaries.
    unit : str
        Of its values, empty where they have none.
    ideal : float, optional
        Value of a calibrated model, where that is one number for every model.
    estimate : callable (groups, level) -> Estimate, optional
        The value with its limits; None for an index of the calibration curve, which is computed
        together with the others.
    quick : callable (groups) -> float, optional
        The value alone, where that is less work than ``estimate``.
    pooled_on : Scale, optional
        How it is averaged over sites (Debray 2017); None where it is not.
    fixed_by_fitting : bool
        Whether fitting makes it ideal, or nearly, in every resample, so that apparent values show
        no spread.
    usual : bool
        Whether it is measured when nobody says what.
    """

    key: str
    label: str
    unit: str = ""
    ideal: float | None = None
    estimate: Callable[[RiskGroups, float], Estimate] | None = None
    quick: Callable[[RiskGroups], float] | None = None
    pooled_on: Scale | None = None
    fixed_by_fitting: bool = False
    usual: bool = False

    @property
    def axis_label(self) -> str:
        """The label with the unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def of_curve(self) -> bool:
        """Whether it is an index of the calibration curve."""
        return self.estimate is None

    def estimated(self, groups: RiskGroups, level: float) -> Estimate:
        """The value with its limits."""
        if self.estimate is None:
            raise ValueError(
                f"{self.key} must be computed from the calibration curve. See indices."
            )
        return self.estimate(groups, level)

    def value(self, groups: RiskGroups) -> float:
        """The value without limits."""
        if self.quick is not None:
            return self.quick(groups)
        return self.estimated(groups, _ANY_LEVEL).value


def _auroc(groups: RiskGroups) -> float:
    return area_of(require_both_classes(groups, "auroc"))


def _spiegelhalter_z(groups: RiskGroups, level: float) -> Estimate:
    z = spiegelhalter_z_of(groups).statistic
    return Estimate(z, np.nan, np.nan, level=level, method="a test statistic")


_INDEX_LABELS = {
    "ici": "ICI",
    "e50": "E50",
    "e90": "E90",
    "emax": "Emax",
    "eci": "ECI",
    "ici_share": "ICI / event rate",
}
_ALL = (
    Measure(
        key="auroc", label="AUROC", estimate=auroc_of, quick=_auroc, pooled_on=LOGIT, usual=True
    ),
    Measure(
        key="somers_d",
        label="Somers' D",
        estimate=somers_d_of,
        quick=lambda groups: 2 * _auroc(groups) - 1,
    ),
    Measure(
        key="discrimination_slope", label="Discrimination slope", estimate=discrimination_slope_of
    ),
    Measure(key="average_precision", label="Average precision", estimate=average_precision_of),
    Measure(key="brier", label="Brier score", estimate=brier_score_of, usual=True),
    Measure(key="scaled_brier", label="Scaled Brier score", estimate=scaled_brier_of, usual=True),
    Measure(key="log_loss", label="Log loss", estimate=log_loss_of),
    Measure(key="cox_snell_r2", label="Cox-Snell R2", estimate=cox_snell_r2_of),
    Measure(key="nagelkerke_r2", label="Nagelkerke R2", estimate=nagelkerke_r2_of),
    Measure(key="spiegelhalter_z", label="Spiegelhalter z", estimate=_spiegelhalter_z),
    Measure(
        key="observed_expected",
        label="O:E ratio",
        ideal=1.0,
        estimate=observed_expected_of,
        pooled_on=LOG,
        fixed_by_fitting=True,
        usual=True,
    ),
    Measure(
        key="calibration_in_the_large",
        label="Calibration-in-the-large",
        unit="log odds",
        ideal=0.0,
        estimate=calibration_in_the_large_of,
        quick=lambda groups: calibration_in_the_large_of(groups, _ANY_LEVEL, "wald").value,
        pooled_on=AS_IT_IS,
        fixed_by_fitting=True,
        usual=True,
    ),
    Measure(
        key="calibration_slope",
        label="Calibration slope",
        ideal=1.0,
        estimate=calibration_slope_of,
        quick=lambda groups: calibration_slope_of(groups, _ANY_LEVEL, "wald").value,
        pooled_on=AS_IT_IS,
        fixed_by_fitting=True,
        usual=True,
    ),
    *(
        Measure(key=key, label=_INDEX_LABELS[key], usual=key in ("ici", "e50", "e90", "emax"))
        for key in INDICES
    ),
)
CATALOGUE = {measure.key: measure for measure in _ALL}
"""Measures by key, in the order of tables."""
MEASURES = tuple(CATALOGUE)
"""Names of all measures that :func:`performance` knows, besides net benefit."""
USUAL = tuple(key for key, measure in CATALOGUE.items() if measure.usual)
"""Those measured when nobody says which."""


def net_benefit_keys(thresholds: FloatArray) -> list[str]:
    """Names of the net benefits at these thresholds.

    Examples
    --------
    >>> net_benefit_keys(np.array([0.01, 0.03]))
    ['net_benefit@0.01', 'net_benefit@0.03']
    """
    return [f"{NET_BENEFIT}{t:g}" for t in thresholds]


def label_of(key: str, *, unit: bool = False) -> str:
    """What to call a measure or a net benefit on an axis; other keys as they are.

    Examples
    --------
    >>> label_of("observed_expected"), label_of("net_benefit@0.03")
    ('O:E ratio', 'Net benefit at 0.03')
    """
    if key not in CATALOGUE:
        return key.replace(NET_BENEFIT, "Net benefit at ")
    return CATALOGUE[key].axis_label if unit else CATALOGUE[key].label


def ideal_of(key: str) -> float | None:
    """The value of a calibrated model, or None."""
    return CATALOGUE[key].ideal if key in CATALOGUE else None
