"""From a 2x2 table to sensitivity, specificity, likelihood ratios and their uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from ..numerics.checks import (
    MOST,
    FloatArray,
    as_generator,
    check_choice,
    check_count,
    check_fraction,
    check_number,
)
from ..numerics.intervals import (
    PROPORTION_INTERVALS,
    log_ratio_interval,
    odds_ratio_interval,
    proportion_interval,
    score_ratio_interval,
)
from ..numerics.values import as_real, shown
from ..results.estimate import Estimate
from ..results.notebook import as_html
from .accuracy_draws import AccuracyDraws
from .bayes_theorem import post_test_probability

if TYPE_CHECKING:
    import pandas as pd

RATIO_INTERVALS = ("adjusted", "score", "log")
BETWEEN_STUDY_SD = 0.5
"""SD of the logit specificity between studies, assumed where several studies do not give one."""

_ROUNDS = 10_000  # redraws before a bound counts as out of reach


@dataclass(frozen=True, kw_only=True)
class PredictiveValues:
    """Positive and negative predictive value at one prevalence."""

    positive: Estimate
    negative: Estimate
    prevalence: float

    def to_frame(self) -> pd.DataFrame:
        """Two rows, ``positive`` and ``negative``."""
        import pandas as pd

        rows = pd.concat([self.positive.to_frame(), self.negative.to_frame()])
        return rows.set_axis(["positive", "negative"]).rename_axis("predictive_value")


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """Accuracy of one yes/no finding or test, from the counts of a 2x2 table.

    Build it with :meth:`from_counts` or :meth:`from_rates`.

    Parameters
    ----------
    tp, fp, fn, tn : float
        Patients: true and false positives, false and true negatives. From rates they are effective
        counts and need not be whole.
    interval : {"wilson", "clopper_pearson", "jeffreys"}
        Interval for sensitivity and specificity.
    ratio_interval : {"adjusted", "score", "log"}
        Interval for LR+ and LR-: Koopman's score interval (``adjusted`` and ``score`` differ in the
        value where a cell is zero, see Notes), or the log method (Katz), which is too narrow with a
        dozen cancers. The diagnostic odds ratio always uses the log method (Woolf).
    level : float
        Share that the limits are to hold, inside (0, 1).
    lr_positive_below : float
        Reported bound that LR+ stays below in every draw; infinite where none is reported.
    finding, study, definition, status : str
        Where the numbers come from, and how well they are known.

    Notes
    -----
    Zero cells: proportions need no rule. Where any cell is zero, 1/2 is added to all four cells
    before LR+, LR- and the diagnostic odds ratio are computed, except with ``score``, where they
    stay as they are and may be 0 or infinite. The score limits need no correction and have none;
    they may be 0 or infinite too.

    How often the limits hold with 13 to 200 cancers: ``coverage_of_limits()``.

    References
    ----------
    Wilson (1927), J Am Stat Assoc 22:209. Simel, Samsa, Matchar (1991), J Clin Epidemiol 44:763.
    Koopman (1984), Biometrics 40:513.

    Examples
    --------
    >>> history = Accuracy.from_counts(tp=4, fp=41, fn=9, tn=1921)
    >>> print(history.sensitivity)
    0.308 (95% confidence interval 0.127 to 0.576, wilson)
    >>> print(history.lr_positive)
    14.7 (95% confidence interval 5.81 to 30.2, score)
    """

    tp: float
    fp: float
    fn: float
    tn: float
    interval: str = "wilson"
    ratio_interval: str = "adjusted"
    level: float = 0.95
    lr_positive_below: float = np.inf
    finding: str = ""
    study: str = ""
    definition: str = ""
    status: str = ""

    def __post_init__(self) -> None:
        check_choice("interval", self.interval, PROPORTION_INTERVALS)
        check_choice("ratio_interval", self.ratio_interval, RATIO_INTERVALS)
        check_fraction("level", self.level)
        for name in ("tp", "fp", "fn", "tn"):
            value = as_real(getattr(self, name))
            if value is None or not 0 <= value <= MOST:
                raise ValueError(
                    f"{name} must be a count of 0 or more; got {shown(getattr(self, name))}. "
                    "Check the cells of the "
                    "2x2 table."
                )
        bound = as_real(self.lr_positive_below)
        if bound is None or not bound > 0:
            raise ValueError(
                f"lr_positive_below must be more than 0; got {shown(self.lr_positive_below)}. "
                "Leave it out."
            )
        for arm, size in (
            ("with malignancy (tp + fn)", self.tp + self.fn),
            ("without (fp + tn)", self.fp + self.tn),
        ):
            if size == 0:
                raise ValueError(
                    f"the 2x2 table must hold patients {arm}; got 0. A study of one class informs "
                    "that class only: "
                    "use pool_accuracy."
                )

    @classmethod
    def from_counts(
        cls,
        tp: float,
        fp: float,
        fn: float,
        tn: float,
        *,
        interval: str = "wilson",
        ratio_interval: str = "adjusted",
        level: float = 0.95,
    ) -> Accuracy:
        """From the four cells of a 2x2 table, whole numbers.

        Parameters
        ----------
        tp : int
            True positives: patients with the disease and the finding.
        fp : int
            False positives: without the disease, with the finding.
        fn : int
            False negatives: with the disease, without the finding.
        tn : int
            True negatives: without either.
        interval : {"wilson", "clopper_pearson", "jeffreys"}
            Limits of sensitivity and specificity.
        ratio_interval : str
            Limits of the likelihood ratios, see the class.
        level : float
            Share that the limits are to hold, inside (0, 1).

        Raises
        ------
        ValueError
            When a count is negative, fractional or missing, or when one class has no patients.
        """
        for name, value in (("tp", tp), ("fp", fp), ("fn", fn), ("tn", tn)):
            number = as_real(value)
            if number is not None and number != number // 1:
                raise ValueError(
                    f"{name} must be a whole number of patients; got {shown(value)}. Use "
                    "Accuracy.from_rates for "
                    "proportions."
                )
        return cls(
            tp=tp,
            fp=fp,
            fn=fn,
            tn=tn,
            interval=interval,
            ratio_interval=ratio_interval,
            level=level,
        )

    @classmethod
    def from_rates(
        cls,
        sensitivity: float,
        specificity: float,
        *,
        effective_n_diseased: float = 10,
        effective_n_healthy: float = 100,
        interval: str = "wilson",
        ratio_interval: str = "adjusted",
        level: float = 0.95,
    ) -> Accuracy:
        """From published proportions without counts.

        The effective numbers of patients say how much the proportions are worth; the defaults of 10
        and 100 are the package's judgement for a figure without counts.

        Parameters
        ----------
        sensitivity : float
            P(finding | disease), in [0, 1].
        specificity : float
            P(no finding | no disease), in [0, 1].
        effective_n_diseased : float
            Patients with the disease that the sensitivity is worth.
        effective_n_healthy : float
            Patients without it that the specificity is worth.
        interval : {"wilson", "clopper_pearson", "jeffreys"}
            Limits of sensitivity and specificity.
        ratio_interval : str
            Limits of the likelihood ratios, see the class.
        level : float
            Share that the limits are to hold, inside (0, 1).
        """
        for name, value in (("sensitivity", sensitivity), ("specificity", specificity)):
            check_fraction(name, value, closed=True)
        for name, size in (
            ("effective_n_diseased", effective_n_diseased),
            ("effective_n_healthy", effective_n_healthy),
        ):
            number = as_real(size)
            if number is None or not 0 < number <= MOST:
                raise ValueError(
                    f"{name} must be positive; got {shown(size)}. Pass the number of patients it "
                    "is worth."
                )
        return cls(
            tp=sensitivity * effective_n_diseased,
            fn=(1 - sensitivity) * effective_n_diseased,
            tn=specificity * effective_n_healthy,
            fp=(1 - specificity) * effective_n_healthy,
            interval=interval,
            ratio_interval=ratio_interval,
            level=level,
        )

    @property
    def sensitivity(self) -> Estimate:
        """P(positive | malignancy) = tp / (tp + fn)."""
        return self._proportion(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Estimate:
        """P(negative | no malignancy) = tn / (tn + fp)."""
        return self._proportion(self.tn, self.tn + self.fp)

    @property
    def lr_positive(self) -> Estimate:
        """Sensitivity / (1 - specificity): what a positive result does to the odds."""
        return self._ratio(0)

    @property
    def lr_negative(self) -> Estimate:
        """(1 - sensitivity) / specificity: what a negative result does to the odds."""
        return self._ratio(2)

    @property
    def diagnostic_odds_ratio(self) -> Estimate:
        """LR+ / LR- = tp tn / (fp fn), with Woolf's limits."""
        return self._estimate(*odds_ratio_interval(*self._corrected(), self.level), "log")

    @property
    def youden(self) -> Estimate:
        """Sensitivity + specificity - 1; limits add those of the two proportions (as epiR)."""
        a = self.sensitivity
        b = self.specificity
        return self._estimate(
            a.value + b.value - 1, a.low + b.low - 1, a.high + b.high - 1, self.interval
        )

    def predictive_values(self, prevalence: float) -> PredictiveValues:
        """Predictive values at a given prevalence, limits carried over from those of LR+ and LR-.

        The prevalence itself is taken as known; use :meth:`draw` to carry its uncertainty too.

        Parameters
        ----------
        prevalence : float
            P(disease) before the test, inside (0, 1).
        """
        check_fraction("prevalence", prevalence)
        plus = self.lr_positive
        minus = self.lr_negative
        up = [
            post_test_probability(prevalence, ratio) for ratio in (plus.value, plus.low, plus.high)
        ]
        down = [
            1 - post_test_probability(prevalence, ratio)
            for ratio in (minus.value, minus.high, minus.low)
        ]
        return PredictiveValues(
            positive=self._estimate(up[0], up[1], up[2], plus.method),
            negative=self._estimate(down[0], down[1], down[2], minus.method),
            prevalence=prevalence,
        )

    def draw(
        self,
        size: int,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
        specificity_sd: float = BETWEEN_STUDY_SD,
    ) -> AccuracyDraws:
        """Draws of sensitivity and specificity for a new setting.

        Parameters
        ----------
        size : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.
        specificity_sd : float
            Between-study SD of the logit specificity; 0 gives plain Jeffreys draws.

        Raises
        ------
        ValueError
            When hardly a draw stays below ``lr_positive_below``.

        Notes
        -----
        Sensitivity ~ Beta(tp + 1/2, fn + 1/2). Logit specificity = logit of Beta(tn + 1/2, fp +
        1/2), plus N(0, 2 specificity_sd^2): the study that was counted deviates from the mean of
        studies by N(0, specificity_sd^2), and so does the new setting. Draws whose LR+ is not below
        ``lr_positive_below`` are drawn again, both proportions together.
        """
        check_count("size", size, 1)
        check_number("specificity_sd", specificity_sd, 0, 10)
        generator = as_generator(rng)
        sensitivity, specificity = self._drawn(size, generator, specificity_sd)
        for _ in range(_ROUNDS):
            beyond = np.flatnonzero(sensitivity >= self.lr_positive_below * (1 - specificity))
            if not beyond.size:
                return AccuracyDraws(sensitivity=sensitivity, specificity=specificity)
            sensitivity[beyond], specificity[beyond] = self._drawn(
                beyond.size, generator, specificity_sd
            )
        raise ValueError(
            "lr_positive_below must leave room for the LR+ of the counts; got "
            f"{self.lr_positive_below:g} for "
            f"{self.lr_positive.value:.3g}. Raise the bound or correct the counts."
        )

    def _drawn(
        self, size: int, rng: np.random.Generator, specificity_sd: float
    ) -> tuple[FloatArray, FloatArray]:
        """Sensitivities and specificities without regard to the bound."""
        sensitivity = rng.beta(self.tp + 0.5, self.fn + 0.5, size)
        specificity = rng.beta(self.tn + 0.5, self.fp + 0.5, size)
        shift = np.sqrt(2) * specificity_sd * rng.standard_normal(size)
        return sensitivity, expit(logit(specificity) + shift)

    def to_frame(self) -> pd.DataFrame:
        """One row per measure: value, low, high, level, kind, method."""
        import pandas as pd

        names = (
            "sensitivity",
            "specificity",
            "lr_positive",
            "lr_negative",
            "diagnostic_odds_ratio",
            "youden",
        )
        return (
            pd.concat([getattr(self, name).to_frame() for name in names])
            .set_axis(names)
            .rename_axis("measure")
        )

    def _repr_html_(self) -> str:
        title = " ".join(
            filter(None, (self.finding, self.study, f"({self.status})" if self.status else ""))
        )
        return as_html(title, self.to_frame()[["value", "low", "high", "method"]])

    def _estimate(self, value: float, low: float, high: float, method: str) -> Estimate:
        return Estimate(float(value), float(low), float(high), level=self.level, method=method)

    def _proportion(self, events: float, n: float) -> Estimate:
        low, high = proportion_interval(events, n, self.interval, self.level)
        return self._estimate(events / n, float(low), float(high), self.interval)

    def _corrected(self) -> tuple[float, float, float, float]:
        """tp, fp, fn, tn with 1/2 added to all when any is zero."""
        cells = (self.tp, self.fp, self.fn, self.tn)
        add = 0.5 if min(cells) == 0 else 0.0
        tp, fp, fn, tn = (cell + add for cell in cells)
        return tp, fp, fn, tn

    def _ratio(self, cell: int) -> Estimate:
        """Ratio of P(result | malignancy) to P(result | none); the result is positive (0) or
        negative (2).
        """
        value, *_ = by_logs = self._limits(log_ratio_interval, cell, self._corrected())
        if self.ratio_interval == "log":
            return self._estimate(*by_logs, "log")
        plain, low, high = self._limits(
            score_ratio_interval, cell, (self.tp, self.fp, self.fn, self.tn)
        )
        return self._estimate(
            plain if self.ratio_interval == "score" else value, low, high, "score"
        )

    def _limits(
        self,
        limits: Callable[..., tuple[float, float, float]],
        cell: int,
        cells: tuple[float, float, float, float],
    ) -> tuple[float, float, float]:
        tp, fp, fn, tn = cells
        return limits(cells[cell], tp + fn, cells[cell + 1], fp + tn, self.level)
