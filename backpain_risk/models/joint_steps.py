"""One patient under a scenario: its exact joint risk, finding by finding, beside what multiplying
likelihood ratios says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from .. import vocabulary
from ..numerics.checks import FloatArray
from ..numerics.intervals import percentile_limits
from ..results.estimate import Estimate
from .assessment import Assessment, risk_after
from .given import Given, as_row, is_known
from .likelihood_ratio.model import LikelihoodRatioModel

_ALIKE = 0.01  # log ratios that differ by less are called the same


def assess_jointly(scenario: Any, draws: Any, given: Given, rng: Any) -> Assessment:
    """Steps under a scenario; limits from its ``draws`` (None for no limits).

    Notes
    -----
    The ratio of a step is P(finding | malignancy, findings before) / P(finding | no malignancy,
    findings before). Findings are taken in the order of the vocabulary, which does not change where
    they end.
    """
    known = _in_order(given, scenario.words)
    path = _path(known)
    steps = _steps(scenario, known, path)
    low, high = _limits(draws, path)
    multiplied = _multiplied(scenario, known, rng)
    alone = multiplied.set_index("finding").ratio.reindex([_read_as(key) for key in known])
    steps["low"] = low[1:]
    steps["high"] = high[1:]
    steps["alone"] = alone.fillna(1.0).to_numpy()
    steps["multiplied"] = expit(logit(scenario.base_rate) + np.cumsum(np.log(steps.alone)))
    by_ratios = replace(
        risk_after(multiplied, scenario.base_rate, "credible"), method="base rate held fixed"
    )
    return Assessment(
        steps=steps,
        baseline=scenario.base_rate,
        risk=_joint(steps, scenario.base_rate, (low[0], high[0]), draws),
        ratio_name="likelihood ratio",
        unused=(),
        source=f"base rate of scenario {scenario.name}, {scenario.base_rate_status}",
        multiplied=by_ratios,
        reason=_reason(scenario, known, steps),
        words=scenario.words,
    )


def _in_order(given: Given, words: vocabulary.Vocabulary) -> Given:
    """What is known, in the order of the vocabulary; age in years says more than its band."""
    keys = [key for key in words.columns if key in given and is_known(given[key])]
    if vocabulary.AGE.key in keys and vocabulary.AGE_BAND in keys:
        keys.remove(vocabulary.AGE_BAND)
    return {key: given[key] for key in keys}


def _path(known: Given) -> pd.DataFrame:
    """Nothing known, then one finding more in each row."""
    n = len(known) + 1
    columns: dict[str, Any] = {
        key: [None] * (i + 1) + [value] * (n - 1 - i)
        for i, (key, value) in enumerate(known.items())
    }
    read = {
        key: pd.Series(values, dtype=object if isinstance(known[key], str) else np.float64)
        for key, values in columns.items()
    }
    return pd.DataFrame(read) if read else pd.DataFrame({vocabulary.MALE.key: [np.nan]})


def _steps(scenario: Any, known: Given, path: pd.DataFrame) -> pd.DataFrame:
    probability = scenario.probabilities(path)
    total = np.log(probability[:, 1]) - np.log(probability[:, 0])
    shift = np.diff(total)
    return pd.DataFrame(
        {
            "finding": list(known),
            "level": [_level(scenario.words, key, value) for key, value in known.items()],
            "ratio": np.exp(shift),
            "log_odds_shift": shift,
            "probability": expit(logit(scenario.base_rate) + total[1:]),
            "low": np.nan,
            "high": np.nan,
            "status": [_status(scenario, key) for key in known],
        }
    )


def _level(words: vocabulary.Vocabulary, key: str, value: float | str) -> str:
    if isinstance(value, str):
        return value
    return vocabulary.LEVELS[int(value)] if key in words.yes_no else f"{value:g}"


def _status(scenario: Any, key: str) -> str:
    """How well the accuracy is known; the shape of age, and what sex has to do with it, are
    assumed.
    """
    target = scenario.findings.get(key) or scenario.laboratory.get(key)
    return "assumed" if target is None else str(target.accuracy_status)


def _read_as(key: str) -> str:
    """The finding whose likelihood ratio a column is multiplied with."""
    return vocabulary.AGE_BAND if key == vocabulary.AGE.key else key


def _limits(draws: Any, path: pd.DataFrame) -> tuple[FloatArray, FloatArray]:
    if draws is None:
        return np.full(len(path), np.nan), np.full(len(path), np.nan)
    return percentile_limits(draws.risk(path))


def _joint(
    steps: pd.DataFrame, baseline: float, before: tuple[float, float], draws: Any
) -> Estimate:
    end = (baseline, *before) if steps.empty else steps.iloc[-1][["probability", "low", "high"]]
    value, low, high = (float(x) for x in end)
    method = "" if draws is None else f"{len(draws)} draws of the evidence"
    return Estimate(value, low, high, kind="credible", method=method)


def _multiplied(scenario: Any, known: Given, rng: Any) -> pd.DataFrame:
    """Steps of the product of the scenario's own likelihood ratios, by band where there are any."""
    keys = [_read_as(key) for key in known if key != vocabulary.MALE.key]
    own = {
        key: scenario.bands(key) if key in scenario.laboratory else scenario.accuracy(key)
        for key in keys
    }
    if not own:
        return pd.DataFrame({"finding": [], "ratio": []})
    model = LikelihoodRatioModel.from_evidence(pretest=scenario.base_rate, evidence=own)
    steps = model.explain(as_row(known, scenario.words), rng=rng).to_frame()
    return steps.rename(columns={"likelihood_ratio": "ratio"})


def _reason(scenario: Any, known: Given, steps: pd.DataFrame) -> str:
    """Why the two differ, told by the finding for which they differ most."""
    if steps.empty:
        return "Both are the base rate, because no finding is known."
    ratios = steps[["ratio", "alone"]].to_numpy(np.float64)
    gap = np.diff(np.log(ratios), axis=1)[:, 0]
    if np.abs(gap).max() < _ALIKE and abs(gap.sum()) < _ALIKE:
        return "Both agree, because these findings hardly depend on each other in this scenario."
    most = int(np.abs(gap).argmax())
    key, value = list(known.items())[most]
    ratio, alone = ratios[most]
    name = scenario.words.label(key)
    probability = scenario.probabilities(_path({key: value}))[1]
    by_value = float(probability[1] / probability[0])
    level = _level(scenario.words, key, value)
    if abs(np.log(by_value / alone)) > abs(np.log(ratio / by_value)):
        return (
            f"They differ most because the joint model reads {name} {level} as "
            f"recorded (x {by_value:.3g}), and multiplication by its band (x {alone:.3g})."
        )
    return (
        "They differ because multiplication takes the findings as independent given malignancy, "
        f"and in this scenario they are not (dependence {scenario.dependence:g}, assumed): "
        f"{name} multiplies the odds by {ratio:.3g} once the findings before it are known, "
        f"by {alone:.3g} alone."
    )
