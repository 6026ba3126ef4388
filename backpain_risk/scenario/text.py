"""A scenario in words and tables, for the command line."""

from __future__ import annotations

import pandas as pd

from .. import vocabulary
from .dependence import associations
from .scenario import Scenario


def scenario_text(scenario: Scenario) -> str:
    """Targets with status, case mix, and what each finding adds once the others are known."""
    low, high = scenario.base_rate_interval
    head = (
        f"{scenario.name}: {scenario.title}\n{scenario.description}\n"
        f"Base rate {scenario.base_rate:.3%} ({low:.3%} to {high:.3%}), "
        f"{scenario.base_rate_status}. "
        f"Dependence {scenario.dependence:g}, assumed. Digest {scenario.digest[:12]}. "
        f"{vocabulary.notice(scenario)}"
    )
    return "\n\n".join([head, _targets(scenario), _case_mix(scenario), _associations(scenario)])


def _targets(scenario: Scenario) -> str:
    table = scenario.to_frame()
    return "Targets\n" + table.to_string(index=False, float_format=lambda x: f"{x:.3g}", na_rep="")


def _case_mix(scenario: Scenario) -> str:
    causes = pd.DataFrame(
        [(vocabulary.label(key), f"{c.share:.2%}", c.status) for key, c in scenario.causes.items()],
        columns=["cause without malignancy", "share", "status"],
    )
    sites = pd.DataFrame(
        [
            (vocabulary.label(key), f"{s.share_male:.1%}", f"{s.share_female:.1%}", s.status)
            for key, s in scenario.primary_sites.items()
        ],
        columns=["primary site of malignancy", "men", "women", "status"],
    )
    return f"Case mix\n{causes.to_string(index=False)}\n\n{sites.to_string(index=False)}"


def _associations(scenario: Scenario) -> str:
    table = associations(scenario).odds_ratios
    changed = [str(key) for key in table.index[~table.same_sign]]
    reasons = [
        f"{key} changes sign: {scenario.findings[key].reason or 'no reason is stated.'}"
        for key in changed
    ]
    shown = table[["marginal", "conditional"]].round(2)
    title = (
        "Log odds ratios: marginal, and conditional on the other findings (exact, all effects "
        "assumed)"
    )
    return "\n".join([title, shown.to_string(), *reasons])
