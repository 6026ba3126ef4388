"""The TRIPOD+AI checklist of a development, filled by rule; what only the author knows is said to
be missing.
"""

from __future__ import annotations

import pandas as pd

from .candidates import BAYES
from .developed import Development

NOT_PROVIDED = "NOT PROVIDED"
_AUTHOR = "the author must write it"


def checklist(found: Development) -> pd.DataFrame:
    """Columns item, topic, where: the section of the report, or NOT PROVIDED.

    References
    ----------
    Collins et al. (2024), BMJ 385:e078378.
    """
    sites = "Sites" if any(m.sites for m in found.models.values()) else _missing("no sites given")
    groups = "Subgroups" if "subgroups" in found.tables else _missing("age and sex not mapped")
    rows = [
        ("1", "Title", "Title"),
        ("2", "Abstract", "Summary"),
        ("3a", "Background: healthcare context and rationale", _missing(_AUTHOR)),
        ("3b", "Background: target population and purpose", _missing(_AUTHOR)),
        ("3c", "Background: known health inequalities", _missing(_AUTHOR)),
        ("4", "Objectives", "Summary"),
        ("5a", "Data sources", _missing(_AUTHOR)),
        ("5b", "Dates of recruitment and follow-up", _missing(_AUTHOR)),
        ("6a", "Setting, number and location of centres", _missing(_AUTHOR)),
        ("6b", "Eligibility criteria", _missing(_AUTHOR)),
        ("6c", "Treatments received", _missing(_AUTHOR)),
        ("7", "Data preparation", "Methods; columns.csv; mapping.toml"),
        ("8a", "Outcome: definition and time horizon", _missing(_AUTHOR)),
        ("8b", "Outcome: subjective interpretation", _missing(_AUTHOR)),
        ("8c", "Outcome: blinding", _missing(_AUTHOR)),
        ("9a", "Choice of initial predictors", "Methods (no selection by the data)"),
        ("9b", "Definition of predictors", "Methods; columns.csv"),
        ("9c", "Blinding of predictors", _missing(_AUTHOR)),
        ("10", "Sample size", "Methods; sample_size.csv"),
        ("11", "Missing data", "Methods; missing.csv"),
        ("12a", "Use of data: development and evaluation", "Methods"),
        ("12b", "Handling of predictors", "Methods"),
        ("12c", "Type of model, building, internal validation", "Methods"),
        ("12d", "Heterogeneity across clusters", sites),
        ("12e", "Measures and plots of performance", "Performance; Figures"),
        ("12f", "Model updating", "none"),
        ("12g", "How predictions are made", "Models; model_*.json; analysis.py"),
        ("13", "Class imbalance", "Methods (no weights, no resampling of classes)"),
        ("14", "Fairness", groups),
        ("15", "Model output", "probability of malignancy; no classification"),
        ("16", "Differences between development and evaluation data", "same patients, resampled"),
        ("17", "Ethical approval", _missing(_AUTHOR)),
        ("18a", "Funding", _missing(_AUTHOR)),
        ("18b", "Conflicts of interest", _missing(_AUTHOR)),
        ("18c", "Protocol", "Methods; registration " + _missing(_AUTHOR)),
        ("18d", "Registration", _missing(_AUTHOR)),
        ("18e", "Data sharing", _missing(_AUTHOR)),
        ("18f", "Code sharing", "analysis.py"),
        ("19", "Patient and public involvement", _missing(_AUTHOR)),
        ("20a", "Flow of participants", "Participants"),
        ("20b", "Characteristics of participants", "Table 1"),
        ("20c", "Comparison with development data", "same patients"),
        ("21", "Number of participants and events", "Participants"),
        ("22", "Full prediction model", "Models; terms.csv; model_*.json"),
        ("23a", "Performance with confidence intervals", "Performance"),
        ("23b", "Heterogeneity of performance", sites),
        ("24", "Updated model", "none"),
        ("25", "Interpretation", _missing(_AUTHOR)),
        ("26", "Limitations", "Advice by rule; the rest " + _missing(_AUTHOR)),
        ("27a", "Usability: poor or unavailable input", "Methods (missing values averaged over)"),
        ("27b", "Usability: user interaction and expertise", _missing(_AUTHOR)),
        ("27c", "Next steps", "Advice"),
    ]
    return pd.DataFrame(rows + _bayesian(found), columns=["item", "topic", "where"])


def _missing(why: str) -> str:
    return f"{NOT_PROVIDED}: {why}"


def _bayesian(found: Development) -> list[tuple[str, str, str]]:
    """Items of BARG (Kruschke 2021, Nat Hum Behav 5:1282), where there is a Bayesian model."""
    if BAYES not in found.models:
        return []
    return [
        ("BARG 1", "Likelihood and parameters", "Models"),
        ("BARG 2", "Prior and its justification", "Models (published evidence, kappa assumed)"),
        ("BARG 3", "Computation and its diagnostics", "Models (Pareto k)"),
        ("BARG 4", "Posterior", "Models; terms.csv"),
        ("BARG 5", "Posterior predictive check", _missing("run predictive_check")),
        ("BARG 6", "Sensitivity to the prior", _missing("run power_scaling")),
        ("BARG 7", "Reproducibility", "analysis.py; seed in results.json"),
    ]
