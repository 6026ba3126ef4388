"""What a scenario says about a logistic model of yes/no findings: exact sums over the patterns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import entr, expit, logit, ndtr, xlogy

from .. import vocabulary
from ..models.logistic.nearest import design_of, nearest_logistic
from ..numerics.checks import FloatArray, check_count, check_fraction
from ..numerics.newton import covariance
from ..numerics.values import shown
from ..scenario.all_patterns import flag_patterns, joint_probability
from ..scenario.scenario import Scenario
from .sample_size import Z95

THRESHOLDS = (0.01, 0.03)


@dataclass(frozen=True, eq=False, kw_only=True)
class FlagModel:
    """The logistic model of some flags that a very large cohort of a scenario would give, and its
    precision in n.

    Attributes
    ----------
    scenario : str
    base_rate : float
    patterns : DataFrame, shape (m, k)
        All combinations of the flags, 0 or 1.
    joint : ndarray, shape (m, 2)
        P(pattern, class): without and with malignancy.
    coefficient : ndarray, shape (k + 1,)
        Intercept and log odds ratios of the model nearest to the exact risk (highest expected log
        likelihood).
    """

    scenario: str
    base_rate: float
    patterns: pd.DataFrame
    joint: FloatArray
    coefficient: FloatArray

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the flags."""
        return tuple(map(str, self.patterns.columns))

    @cached_property
    def design(self) -> FloatArray:
        """Patterns with the constant, (m, k + 1)."""
        return design_of(self.patterns)

    @property
    def share(self) -> FloatArray:
        """P(pattern), (m,)."""
        return np.asarray(self.joint.sum(axis=1))

    @property
    def linear_predictor(self) -> FloatArray:
        """Log odds of each pattern, (m,)."""
        return np.asarray(self.design @ self.coefficient)

    @property
    def risk(self) -> FloatArray:
        """Risk of each pattern by the model, (m,)."""
        return np.asarray(expit(self.linear_predictor))

    @property
    def r2_cox_snell(self) -> float:
        """Cox and Snell's R2 of the model in the scenario."""
        gained = (
            xlogy(self.joint[:, 1], self.risk).sum()
            + xlogy(self.joint[:, 0], expit(-self.linear_predictor)).sum()
        )
        return float(-np.expm1(-2 * (gained + entr(self.base_rate) + entr(1 - self.base_rate))))

    @property
    def c_statistic(self) -> float:
        """C-statistic of the model in the scenario, ties one half."""
        order = np.argsort(self.linear_predictor, kind="stable")
        _, tied = np.unique(self.linear_predictor[order], return_inverse=True)
        other, event = (np.bincount(tied, weights=self.joint[order, g]) for g in (0, 1))
        return float(event @ (np.cumsum(other) - other / 2) / (event.sum() * other.sum()))

    @cached_property
    def information(self) -> FloatArray:
        """Fisher information of one patient, (k + 1, k + 1): sum of P(pattern) p (1 - p) x x'."""
        weight = self.share * self.risk * (1 - self.risk)
        return np.asarray(self.design.T @ (weight[:, None] * self.design))

    def coefficient_error(self, n: int) -> FloatArray:
        """SE of the coefficients when the model is developed in n patients, (k + 1,)."""
        return np.asarray(np.sqrt(np.diag(covariance(self.information)) / n))

    def standard_error(self, n: int) -> FloatArray:
        """SE of each pattern's linear predictor when the model is developed in n patients, (m,)."""
        spread = np.einsum("ij,jk,ik->i", self.design, covariance(self.information), self.design)
        return np.asarray(np.sqrt(spread / n))

    def flag_without_cancer(self, n: int) -> float:
        """P(at least one flag is present in no cancer among n patients), by inclusion and
        exclusion; exact.
        """
        return 1 - self._all_escape(n, (1.0, -1.0))

    def flag_separates(self, n: int) -> float:
        """P(at least one flag is present in none, or in all, of the cancers among n patients);
        exact.

        Such a flag has no finite maximum likelihood estimate (unless the other patients are alike
        in it too). Where every pattern occurs among patients without malignancy these are the only
        ways to separation: the cancers must lie in a face of the cube of patterns. Rare patterns
        do not all occur, so it is a lower bound for P(separation).
        """
        k = len(self.flags)
        nobody = (
            1 - self.base_rate
        ) ** n  # no cancer at all: both literals of a flag, each term once
        return 1 - (self._all_escape(n, (1.0, -1.0, -1.0)) - (-1.0) ** k * nobody)

    def _all_escape(self, n: int, signs: Sequence[float]) -> float:
        """Sum over faces of the cube of sign times P(every cancer among n patients lies in the
        face).

        Per flag a face leaves it free (+), fixes it at 0 (-) or, with three signs, fixes it at 1
        (-).
        """
        k = len(self.flags)
        inside = (self.joint[:, 1] / self.base_rate).reshape((2,) * k)
        for axis in range(k):
            parts = [inside.sum(axis=axis), inside.take(0, axis=axis), inside.take(1, axis=axis)]
            inside = np.stack(parts[: len(signs)], axis=axis)
        sign = reduce(np.multiply.outer, [np.array(signs)] * k)
        outside = np.clip(1 - inside, 0, 1)  # rounding of a sum of probabilities
        return float(np.sum(sign * np.exp(n * np.log1p(-self.base_rate * outside))))

    def patients(self, n: int, *, thresholds: Iterable[float] = THRESHOLDS) -> pd.DataFrame:
        """One row per pattern when the model is developed in n patients.

        Columns: the flags, share, risk, low and high (95 % limits of the developed risk),
        wrong_side@t: P(the developed risk lies on the other side of t).
        """
        lp = self.linear_predictor
        se = self.standard_error(check_count("n", n, 1))
        table = self.patterns.assign(
            share=self.share, risk=self.risk, low=expit(lp - Z95 * se), high=expit(lp + Z95 * se)
        )
        for t in thresholds:
            table[_wrong_side(t)] = ndtr(-np.abs(lp - logit(check_fraction("thresholds", t))) / se)
        return table

    def at(
        self, n: int | Sequence[int], *, thresholds: Iterable[float] = THRESHOLDS
    ) -> pd.DataFrame:
        """What n patients buy: one row per n.

        Columns: n, cancers (expected), flag_without_cancer and flag_separates (probabilities),
        interval_width (expected width of a patient's 95 % interval), wrong_side@t (expected share
        of patients whose developed risk lies on the other side of t).
        """
        sizes = [n] if isinstance(n, (int, np.integer)) else list(n)
        return pd.DataFrame(
            [self._row(check_count("n", size, 1), tuple(thresholds)) for size in sizes]
        )

    def _row(self, n: int, thresholds: Sequence[float]) -> dict[str, float]:
        table = self.patients(n, thresholds=thresholds)
        share = table.share.to_numpy()
        width = (table.high - table.low).to_numpy()
        wrong = {
            name: float(share @ table[name].to_numpy()) for name in map(_wrong_side, thresholds)
        }
        return {
            "n": n,
            "cancers": n * self.base_rate,
            "flag_without_cancer": self.flag_without_cancer(n),
            "flag_separates": self.flag_separates(n),
            "interval_width": float(share @ width),
            **wrong,
        }

    def draw(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Patients of each pattern without and with malignancy among n, (m, 2)."""
        return rng.multinomial(n, self.joint.ravel() / self.joint.sum()).reshape(self.joint.shape)


def _wrong_side(threshold: float) -> str:
    return f"wrong_side@{threshold:g}"


def flag_model(scenario: Scenario, flags: Iterable[str] | None = None) -> FlagModel:
    """The logistic model of some flags in a scenario; the nine red flags when not said."""
    if not isinstance(scenario, Scenario):
        raise ValueError(
            f"scenario must be a Scenario; got {shown(scenario)}. Pass "
            "load_scenario('primary_care'), for example."
        )
    patterns = flag_patterns(vocabulary.RED_FLAGS if flags is None else flags)
    joint = joint_probability(scenario, patterns)
    return FlagModel(
        scenario=scenario.name,
        base_rate=scenario.base_rate,
        patterns=patterns,
        joint=joint,
        coefficient=nearest_logistic(design_of(patterns), joint),
    )
