"""What is found about one patient, step by step."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from .. import vocabulary
from ..results.estimate import Estimate
from ..results.in_words import sentence
from ..results.notebook import text_as_html


@dataclass(frozen=True, eq=False, kw_only=True)
class Assessment:
    """From the probability before any finding to the probability after all of them.

    Attributes
    ----------
    steps : DataFrame
        One row per finding: finding, level, ratio, log_odds_shift, probability after it, low, high,
        status. Under a scenario the ratio is that given the findings before, and two more columns
        say what multiplying does: alone (the finding's own likelihood ratio) and multiplied (the
        probability after it).
    baseline : float
        Probability before the first step.
    risk : Estimate
        Probability after the last, with its interval.
    ratio_name : str
        "likelihood ratio" or "odds ratio".
    unused : tuple of str
        Findings that were given and that the model has no ratio for.
    source : str
        Where the probability before the first step comes from.
    multiplied : Estimate or None
        Under a scenario: what multiplying likelihood ratios says instead.
    reason : str
        Under a scenario: why the two differ.
    words : Vocabulary
        What the findings are called.
    """

    steps: pd.DataFrame
    baseline: float
    risk: Estimate
    ratio_name: str
    unused: tuple[str, ...]
    source: str
    multiplied: Estimate | None = None
    reason: str = ""
    words: vocabulary.Vocabulary = vocabulary.STANDARD

    @property
    def notice(self) -> str:
        """What must be said with it; a scenario's patients are synthetic."""
        return vocabulary.RESEARCH_NOTICE if self.multiplied is None else vocabulary.NOTICE

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """The steps."""
        return self.steps.copy()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON; NaN as None."""
        steps = self.steps.astype(object).where(self.steps.notna(), None)
        multiplied = None if self.multiplied is None else _plain(self.multiplied)
        return {
            "notice": self.notice,
            "baseline": self.baseline,
            "source": self.source,
            "risk": _plain(self.risk),
            "ratio_name": self.ratio_name,
            "steps": steps.to_dict(orient="records"),
            "unused": list(self.unused),
            "multiplied": multiplied,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        table = self.steps.assign(finding=[self.words.label(key) for key in self.steps.finding])
        table = table.rename(columns={"ratio": self.ratio_name.replace(" ", "_")})
        lines = [
            f"Probability of malignancy before any finding: {self.baseline:.2%} ({self.source}).",
            *([] if table.empty else [_as_text(table)]),
            f"After all of them: {_in_words(self.risk)}.",
        ]
        if self.multiplied is not None:
            lines += [f"Multiplied likelihood ratios: {_in_words(self.multiplied)}.", self.reason]
        if self.unused:
            lines.append(f"Not used, because no ratio is known: {', '.join(self.unused)}.")
        return "\n".join([*lines, self.notice])

    def _repr_html_(self) -> str:
        return text_as_html(str(self))


def _as_text(table: pd.DataFrame) -> str:
    return table.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep="")


def _in_words(risk: Estimate) -> str:
    if risk.low != risk.low:  # NaN
        return f"{risk.value:.2%} (no limits)"
    how = f", {risk.method}" if risk.method else ""
    limits = f"{risk.low:.2%} to {risk.high:.2%}, {risk.level:.0%} {risk.kind} interval"
    return f"{risk.value:.2%} ({limits}{how})"


def _plain(risk: Estimate) -> dict[str, Any]:
    return {key: None if value != value else value for key, value in asdict(risk).items()}


def risk_after(steps: pd.DataFrame, baseline: float, kind: str) -> Estimate:
    """The probability after the last step, which is that before the first where there is none."""
    if steps.empty:
        return Estimate(baseline, baseline, baseline, kind=kind)
    end = steps.iloc[-1]
    return Estimate(float(end.probability), float(end.low), float(end.high), kind=kind)
