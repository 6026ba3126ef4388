"""What follows from what is assumed about a setting: risks, draws, variants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError
from scipy.special import expit, logit

from .. import vocabulary
from ..evidence.band_accuracy import BandAccuracy, band_probabilities
from ..evidence.diagnostic_accuracy import Accuracy
from ..numerics.checks import FloatArray, as_generator, check_resamples
from ..numerics.intervals import LEVEL, normal_quantile
from ..results.notebook import as_html
from ..results.terminal import as_text
from .assumptions import Assumptions
from .drawn import ScenarioDraws
from .problems import sentence
from .structure.structure import Structure, build_structure

_MOST = 20  # problems told at once


class Scenario(Assumptions):
    """Everything assumed about a setting.

    Load one with :func:`load_scenario`; change it with :meth:`replace`. Equal scenarios have equal
    digests.

    Attributes
    ----------
    base_rate : float
        P(malignancy) at the index visit.
    dependence : float
        0 to 1.5; scales every effect of age, sex, cause, mechanism and severity on findings.
        Marginal accuracy does not move with it.
    findings, laboratory : dict
        Targets and effects of each finding, test and laboratory value.
    """

    @cached_property
    def structure(self) -> Structure:
        """The calibrated joint distribution of this scenario."""
        return build_structure([self])

    def risk(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact P(malignancy | the columns given).

        Parameters
        ----------
        predictors : DataFrame, shape (n, any columns of a cohort)
            ``age_years``, ``age_50_or_over``, ``male``, findings and imaging as 0/1, laboratory
            values as recorded or as band labels of the vocabulary. Missing values (NaN, None) are
            integrated out.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ValueError
            For a column the scenario does not know, a value it cannot produce, or age and age band
            in contradiction.

        Notes
        -----
        The probability is a finite sum over causes, mechanisms, ages, sexes and 21 severity nodes;
        nothing is estimated. Integrating missing values out is right when they are missing at
        random given the columns present.

        Examples
        --------
        >>> from backpain_risk import load_scenario
        >>> scenario = load_scenario("primary_care")
        >>> scenario.risk(pd.DataFrame({"history_of_cancer": [0, 1]})).round(4)
        array([0.0071, 0.1295])
        """
        return self.structure.risk(predictors)[0]

    def probabilities(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact P(the columns given | class), shape (n, 2): without and with malignancy; see
        :meth:`risk`.

        Parameters
        ----------
        predictors : DataFrame, shape (n, columns)
            Findings of the patients by name; those not given are integrated out.
        """
        return self.structure.probabilities(predictors)[0]

    def risk_draws(
        self,
        predictors: pd.DataFrame,
        n_draws: int,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    ) -> FloatArray:
        """Exact risk under draws of the uncertain base rate and accuracies, shape (n_draws, n); see
        :meth:`draw`.

        Parameters
        ----------
        predictors : DataFrame, shape (n, columns)
            Findings of the patients by name; those not given are integrated out.
        n_draws : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.

        Examples
        --------
        >>> from backpain_risk import load_scenario
        >>> drawn = load_scenario("primary_care").risk_draws(
        ...     pd.DataFrame({"history_of_cancer": [1]}), 500, rng=1
        ... )
        >>> np.quantile(drawn, [0.025, 0.5, 0.975]).round(3).tolist()
        [0.022, 0.125, 0.406]
        """
        return self.draws(n_draws, rng=rng).risk(predictors)

    def draws(
        self,
        n_draws: int,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    ) -> ScenarioDraws:
        """Draws of :meth:`draw`, kept, so that many patients can be asked about the same ones.

        Parameters
        ----------
        n_draws : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.

        Raises
        ------
        ValueError
            For less than one draw, and without ``rng``.

        Examples
        --------
        >>> from backpain_risk import load_scenario
        >>> load_scenario("walk_in").draws(10, rng=1)
        10 draws of scenario walk_in
        """
        check_resamples("n_draws", n_draws, 1)
        generator = as_generator(rng)
        return ScenarioDraws(self, tuple(self.draw(rng=generator) for _ in range(n_draws)))

    def replace(
        self,
        *,
        base_rate: float | None = None,
        dependence: float | None = None,
        accuracy: Mapping[str, tuple[float, float]] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """A scenario with some numbers changed.

        Parameters
        ----------
        base_rate : float, optional
            Its interval moves along on the logit scale, and it counts as assumed. An interval of
            one's own is stated by ``changes={"base_rate_interval": (low, high)}``; the base rate
            must lie inside it.
        dependence : float, optional
            Scale of the effects that make findings dependent, 0 to 1.5; 0 for independence.
        accuracy : mapping of finding to (sensitivity, specificity), optional
            These count as assumed, and a reported bound of LR+ no longer binds them.
        changes : mapping, optional
            Anything else, nested as in the TOML file.
        """
        data = self.model_dump()
        if base_rate is not None:
            data |= {"base_rate": base_rate, "base_rate_status": "assumed"}
            if 0 < base_rate < 1:
                data["base_rate_interval"] = moved_interval(
                    self.base_rate_interval, self.base_rate, base_rate
                )
        if dependence is not None:
            data["dependence"] = dependence
        for key, (sensitivity, specificity) in (accuracy or {}).items():
            _known_finding(self, key)
            group = "laboratory" if key in self.laboratory else "findings"
            data[group][key] |= {"sensitivity": sensitivity, "specificity": specificity}
            data[group][key] |= {"accuracy_status": "assumed", "study": "this scenario"}
            if group == "findings":
                data[group][key]["lr_positive_below"] = None
        return validated(merged(data, changes or {}), f"scenario {self.name}")

    def accuracy(self, key: str) -> Accuracy:
        """Target accuracy of a yes/no finding or test, with its effective counts.

        Parameters
        ----------
        key : str
            Name of the finding, test or laboratory value.
        """
        _known_finding(self, key)
        if key in self.laboratory:
            raise ValueError(
                f"accuracy is for yes/no findings; got {key!r}, which has bands. Use "
                f"scenario.bands({key!r})."
            )
        t = self.findings[key]
        tp = t.sensitivity * t.effective_n_malignant
        tn = t.specificity * t.effective_n_non_malignant
        return Accuracy(
            tp=tp,
            fn=t.effective_n_malignant - tp,
            tn=tn,
            fp=t.effective_n_non_malignant - tn,
            finding=key,
            study=t.study,
            definition=self.words.columns[key].definition,
            status=t.accuracy_status,
            lr_positive_below=np.inf if t.lr_positive_below is None else t.lr_positive_below,
        )

    def bands(self, key: str) -> BandAccuracy:
        """Target accuracy of a laboratory value by band.

        Parameters
        ----------
        key : str
            Name of the finding, test or laboratory value.
        """
        _known_finding(self, key)
        test = self.words.laboratory[key]
        t = self.laboratory[key]
        return BandAccuracy(
            finding=key,
            labels=test.bands,
            malignant=band_probabilities(t.sensitivity, test.abnormal),
            non_malignant=band_probabilities(1 - np.asarray(t.specificity), test.abnormal),
            effective_n_malignant=t.effective_n_malignant,
            effective_n_non_malignant=t.effective_n_non_malignant,
            status=t.accuracy_status,
            study=t.study,
            test=None if t.new is None else test,
        )

    def draw(
        self, *, rng: int | np.random.SeedSequence | np.random.Generator | None = None
    ) -> Scenario:
        """A scenario with base rate, sensitivities and specificities drawn from their uncertainty.

        Parameters
        ----------
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.

        Notes
        -----
        Logit base rate: normal, median at ``base_rate``, SD from the width of its 95 % interval,
        which moves along with the drawn rate. Findings: :meth:`Accuracy.draw`, LR+ below the
        reported bounds. Laboratory values: all cut-offs of a test together,
        :meth:`BandAccuracy.draw`.
        """
        generator = as_generator(rng)
        low, high = logit(self.base_rate_interval)
        sd = (high - low) / (2 * normal_quantile(LEVEL))
        rate = expit(logit(self.base_rate) + sd * generator.standard_normal())
        findings = {key: self._drawn_finding(key, generator) for key in self.findings}
        laboratory = {key: self._drawn_laboratory(key, generator) for key in self.laboratory}
        interval = moved_interval(self.base_rate_interval, self.base_rate, float(rate))
        changes = {"base_rate": float(rate), "base_rate_interval": interval} | {
            "findings": findings,
            "laboratory": laboratory,
        }
        return validated(merged(self.model_dump(), changes), f"draw of scenario {self.name}")

    def difference(self, other: Scenario) -> pd.DataFrame:
        """The numbers that differ between two scenarios: index ``key``, columns ``self`` and
        ``other``.

        Parameters
        ----------
        other : Scenario
            What it is compared with.
        """
        mine = dict(_flat(self.model_dump()))
        theirs = dict(_flat(other.model_dump()))
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        table = {"self": [mine.get(k) for k in keys], "other": [theirs.get(k) for k in keys]}
        return pd.DataFrame(table, index=pd.Index(keys, name="key"), dtype=object)

    def to_frame(self) -> pd.DataFrame:
        """Targets: one row per finding and cut-off with sensitivity, specificity, LRs, status
        and study.
        """
        rows = [
            (key, np.nan, t.sensitivity, t.specificity, t.accuracy_status, t.study)
            for key, t in self.findings.items()
        ]
        for key, lab in self.laboratory.items():
            cuts = zip(
                self.words.laboratory[key].cutoffs, lab.sensitivity, lab.specificity, strict=True
            )
            rows += [(key, cut, se, sp, lab.accuracy_status, lab.study) for cut, se, sp in cuts]
        table = pd.DataFrame(
            rows, columns=["finding", "threshold", "sensitivity", "specificity", "status", "study"]
        )
        table.insert(4, "lr_positive", table.sensitivity / (1 - table.specificity))
        table.insert(5, "lr_negative", (1 - table.sensitivity) / table.specificity)
        return table

    def __repr__(self) -> str:
        return as_text(self._heading(), self.to_frame(), index=False, digits=3)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return as_html(self._heading(), self.to_frame(), index=False)

    def _heading(self) -> str:
        return (
            f"{self.name}: {self.title}. Base rate {self.base_rate:.3%} ({self.base_rate_status}), "
            f"dependence {self.dependence:g}. {vocabulary.notice(self)}"
        )

    def _drawn_finding(self, key: str, rng: np.random.Generator) -> dict[str, float]:
        drawn = self.accuracy(key).draw(1, rng=rng)
        return {
            "sensitivity": float(drawn.sensitivity[0]),
            "specificity": float(drawn.specificity[0]),
        }

    def _drawn_laboratory(self, key: str, rng: np.random.Generator) -> dict[str, tuple[float, ...]]:
        malignant, non_malignant = self.bands(key).draw(1, rng=rng)
        positive = [
            positive_probabilities(p[0], self.words.laboratory[key].abnormal)
            for p in (malignant, non_malignant)
        ]
        return {"sensitivity": tuple(positive[0]), "specificity": tuple(1 - positive[1])}


def positive_probabilities(bands: FloatArray, abnormal: str) -> FloatArray:
    """P(test positive) at each ascending cut-off from the ascending band probabilities."""
    below: npt.NDArray[np.float64] = np.cumsum(bands)[:-1]
    return below if abnormal == "low" else 1 - below


def moved_interval(interval: tuple[float, float], old: float, new: float) -> tuple[float, float]:
    """The interval of a base rate, moved along on the logit scale."""
    low, high = expit(logit(interval) + logit(new) - logit(old))
    return float(low), float(high)


def _known_finding(scenario: Scenario, key: str) -> None:
    if key not in scenario.findings and key not in scenario.laboratory:
        known = ", ".join((*scenario.findings, *scenario.laboratory))
        raise ValueError(f"finding must be one of {known}; got {key!r}. Check the spelling.")


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings merged, the second winning."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def validated(data: Mapping[str, Any], where: str) -> Scenario:
    """A scenario from nested numbers; every problem told at once."""
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        found = [sentence(problem) for problem in error.errors()]
        rest = f" And {len(found) - _MOST} more." if len(found) > _MOST else ""
        raise ValueError(f"{where}: " + " ".join(found[:_MOST]) + rest) from None


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
