"""How many patients the development of a model needs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from ..numerics.checks import (
    as_generator,
    check_count,
    check_fraction,
    check_positive,
    check_resamples,
)
from ..vocabulary import NOTICE, RESEARCH_NOTICE, STATUSES
from .demands import discriminating, inner_fraction
from .flags import THRESHOLDS, FlagModel, flag_model
from .linear_predictor import binormal, highest_r2, shift_from_c, shift_from_r2
from .riley import development_criteria
from .sample_size import Criterion, SampleSize
from .slopes import BinormalPopulation, FlagPopulation, Population, SlopeCheck, simulate_slopes

if TYPE_CHECKING:
    import pandas as pd

    from ..scenario.scenario import Scenario

Number = TypeVar("Number", int, float)
_LEAST_R2 = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class DevelopmentSize(SampleSize):
    """Patients that a development needs; see :class:`SampleSize`.

    Attributes
    ----------
    n_parameters : int
    r2_cox_snell, r2_nagelkerke, highest_r2 : float
        Expected R2; the same as a share of the highest R2 that this prevalence allows; and that.
    flags : FlagModel or None
        With a scenario: the model whose R2 was used; ``flags.at(n)`` says what n patients buy.
    check : SlopeCheck or None
        Simulated developments, where asked for.
    """

    n_parameters: int
    r2_cox_snell: float
    highest_r2: float
    flags: FlagModel | None = None
    check: SlopeCheck | None = None

    @property
    def r2_nagelkerke(self) -> float:
        """Cox and Snell's R2 divided by its maximum."""
        return self.r2_cox_snell / self.highest_r2

    def expected(self) -> pd.DataFrame:
        """With a scenario: what the n of each criterion buys; columns criterion and those of
        :meth:`FlagModel.at`.
        """
        if self.flags is None:
            raise ValueError(
                "scenario must have been given for what n patients buy; got none. Pass scenario=."
            )
        table = self.flags.at([criterion.n for criterion in self.criteria])
        table.insert(0, "criterion", [criterion.name for criterion in self.criteria])
        return table

    def _remarks(self) -> tuple[str, ...]:
        simulated = () if self.check is None else tuple(str(self.check).splitlines())
        return (*self._buys(), *simulated, *super()._remarks())

    def _buys(self) -> tuple[str, ...]:
        if self.flags is None:
            return ()
        row = self.flags.at(self.n).iloc[0]
        wrong = " and ".join(f"{row[f'wrong_side@{t:g}']:.1%} at {t:.0%}" for t in THRESHOLDS)
        text = (
            f"With {self.n:,} patients of scenario {self.flags.scenario}: some flag has no cancer "
            f"with probability {row.flag_without_cancer:.3f}, some flag separates with "
            f"{row.flag_separates:.3f}; a patient's 95 % interval is {row.interval_width:.4f} wide "
            f"on average; on the wrong side of a threshold: {wrong} of patients."
        )
        return (text,)


def sample_size_development(
    *,
    prevalence: float | None = None,
    n_parameters: int | None = None,
    c_statistic: float | None = None,
    r2_cox_snell: float | None = None,
    shrinkage: float = 0.9,
    relative_margin: float | None = 0.2,
    scenario: Scenario | None = None,
    predictors: Iterable[str] | None = None,
    check: int | None = None,
    acceptable_slope: tuple[float, float] = (0.85, 1.15),
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> DevelopmentSize:
    """Patients for developing a logistic model, by Riley's criteria and the precision of the mean
    risk itself.

    Parameters
    ----------
    prevalence : float
        P(malignancy), inside (0, 1). A scenario has its own.
    n_parameters : int
        Candidate parameters without the intercept (a spline or a finding with three levels has
        several). A scenario's are its predictors.
    c_statistic, r2_cox_snell : float, optional
        Expected performance, one of them, unless a scenario is given.
    shrinkage : float
        Expected uniform shrinkage, inside (0, 1).
    relative_margin : float, optional
        Margin of the mean risk as a share of itself; None leaves the criterion out.
    scenario : Scenario, optional
        Takes R2 from the exact joint distribution of ``predictors`` (the nine red flags when not
        said) instead.
    predictors : sequence of str, optional
        Yes/no columns of the scenario.
    check : int, optional
        Developments to simulate at each of several sizes, from the n of criterion ``shrinkage``;
        needs ``rng``.
    acceptable_slope : (low, high)
        Calibration slopes that count as acceptable in ``check``.
    rng : int, SeedSequence or Generator, optional
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    DevelopmentSize
        ``.n``; ``.to_frame()`` with rows shrinkage, optimism, overall_risk and relative_margin;
        with a scenario ``.flags`` and ``.expected()``; with ``check`` the simulated ``.check``.

    Raises
    ------
    ValueError
        For numbers outside their range, R2 above what the prevalence allows, or not exactly one
        source of R2.

    Notes
    -----
    With S the shrinkage and p parameters, ``shrinkage`` asks for p / ((S - 1) log(1 - R2 / S))
    patients; ``optimism`` for the same with S = R2 / (R2 + 0.05 max R2), a difference of at most
    0.05 in Nagelkerke's R2; ``overall_risk`` for a mean risk to within +-0.05, which says nothing
    at a prevalence of 1 %, so ``relative_margin`` asks for it to within a share of itself: (1.96 /
    margin)^2 (1 - pi) / pi. Where R2 is given these are pmsampsize's numbers.

    R2 from C: the linear predictor is normal in each class with one SD, sqrt(2) times the normal
    quantile of C apart; R2 is then an integral, computed by quadrature and not rounded (pmsampsize
    simulates it once and rounds it to four decimals, 4 % too many patients at 1 % and C 0.8).

    The simulated slope is the calibration slope in the population of a model fitted by maximum
    likelihood. Without a scenario the predictors are normal in each class, which is the same
    distribution.

    References
    ----------
    Riley and others (2019), Statistics in Medicine 38:1276; (2020), BMJ 368:m441; (2021),
    Statistics in Medicine 40:859. Riley and others (2024), arXiv:2407.09293, for intervals and
    instability of individual risks.

    Examples
    --------
    >>> sample_size_development(prevalence=0.01, n_parameters=12, c_statistic=0.8).to_frame()
             criterion     n  drives
    0        shrinkage  7781   False
    1         optimism  2244   False
    2     overall_risk    16   False
    3  relative_margin  9508    True
    """
    flags = None if scenario is None else flag_model(scenario, predictors)
    _refuse_stray_predictors(scenario, predictors)
    pi = _prevalence(prevalence, flags)
    p = _parameters(n_parameters, flags)
    s = check_fraction("shrinkage", shrinkage)
    r2 = _expected_r2(pi, c_statistic, r2_cox_snell, flags)
    _refuse_r2(r2, pi, s)
    criteria = development_criteria(pi, p, r2, s, relative_margin)
    return DevelopmentSize(
        title=f"Development of a model with {p} parameters (Cox-Snell R2 {r2:.4f})",
        criteria=criteria,
        prevalence=pi,
        n_parameters=p,
        r2_cox_snell=r2,
        highest_r2=highest_r2(pi),
        notes=() if scenario is None or flags is None else (_statuses(scenario, flags),),
        notice=RESEARCH_NOTICE if scenario is None else NOTICE,
        flags=flags,
        check=None
        if check is None
        else _check(check, criteria, _population(pi, p, r2, flags), s, acceptable_slope, rng),
    )


def _agreed(name: str, given: Number | None, of_scenario: Number | None, remedy: str) -> Number:
    """A number given by the user, by the scenario, or by both alike."""
    if (
        given is not None
        and of_scenario is not None
        and not math.isclose(given, of_scenario, rel_tol=1e-9)
    ):
        raise ValueError(
            f"{name} must be that of the scenario, {of_scenario:g}; got {given:g}. Leave it out "
            f"or {remedy}."
        )
    agreed = given if of_scenario is None else of_scenario
    if agreed is None:
        raise ValueError(
            f"{name} must be given without a scenario; got None. Pass {name}=, or scenario=."
        )
    return agreed


def _prevalence(given: float | None, flags: FlagModel | None) -> float:
    checked = None if given is None else inner_fraction("prevalence", given)
    return _agreed(
        "prevalence",
        checked,
        None if flags is None else flags.base_rate,
        "use scenario.replace(base_rate=...)",
    )


def _parameters(given: int | None, flags: FlagModel | None) -> int:
    checked = None if given is None else check_count("n_parameters", given, 1)
    return _agreed(
        "n_parameters",
        checked,
        None if flags is None else len(flags.flags),
        "choose other predictors",
    )


def _statuses(scenario: Scenario, flags: FlagModel) -> str:
    """How well the numbers behind a scenario's answer are known."""
    known = [
        scenario.findings[flag].accuracy_status for flag in flags.flags if flag in scenario.findings
    ]
    counts = ", ".join(f"{known.count(status)} {status}" for status in STATUSES if status in known)
    return f"Base rate {scenario.base_rate_status}; accuracy of the flags: {counts}."


def _refuse_stray_predictors(scenario: Scenario | None, predictors: Iterable[str] | None) -> None:
    if scenario is None and predictors is not None:
        raise ValueError(
            "predictors must come with a scenario; got none. Pass scenario=, or n_parameters= "
            "alone."
        )


def _expected_r2(
    pi: float, c_statistic: float | None, r2: float | None, flags: FlagModel | None
) -> float:
    named = {"c_statistic": c_statistic, "r2_cox_snell": r2, "scenario": flags}
    given = [name for name, value in named.items() if value is not None]
    if len(given) != 1:
        raise ValueError(
            "c_statistic, r2_cox_snell or scenario must say what the model explains, exactly one "
            "of them; got "
            f"{' and '.join(given) or 'none'}. Pass one."
        )
    if flags is not None:
        return flags.r2_cox_snell
    if c_statistic is not None:
        return binormal(pi, shift_from_c(discriminating(c_statistic))).r2_cox_snell
    return check_fraction("r2_cox_snell", r2)  # type: ignore[arg-type]


def _refuse_r2(r2: float, pi: float, s: float) -> None:
    highest = highest_r2(pi)
    if not _LEAST_R2 < r2 < highest:
        raise ValueError(
            f"r2_cox_snell must lie above {_LEAST_R2:g} and below {highest:.4g}, the most that a "
            f"prevalence of {pi:g} allows; got {r2:.4g}. Pass Cox and Snell's R2: Nagelkerke's "
            f"times {highest:.4g}."
        )
    if r2 >= s:
        raise ValueError(
            f"shrinkage must be above R2, {r2:.4g}; got {s:g}. Ask for less shrinkage, such as "
            "the usual 0.9."
        )


def _population(pi: float, p: int, r2: float, flags: FlagModel | None) -> Population:
    if flags is not None:
        return FlagPopulation(model=flags)
    return BinormalPopulation(prevalence=pi, shift=shift_from_r2(pi, r2), n_parameters=p)


def _check(
    simulations: int,
    criteria: tuple[Criterion, ...],
    population: Population,
    shrinkage: float,
    acceptable: tuple[float, float],
    rng: int | np.random.SeedSequence | np.random.Generator | None,
) -> SlopeCheck:
    limits = [check_positive("acceptable_slope", limit) for limit in acceptable]
    if len(limits) != 2 or limits[0] >= limits[1]:
        raise ValueError(
            f"acceptable_slope must be low and high; got {acceptable}. Pass for example (0.85, "
            "1.15)."
        )
    sizes = {criterion.name: criterion.n for criterion in criteria}
    return simulate_slopes(
        population,
        start=sizes["shrinkage"],
        also=max(sizes.values()),
        simulations=check_resamples("check", simulations, 20),
        target=shrinkage,
        acceptable=(limits[0], limits[1]),
        rng=as_generator(rng),
    )
