"""One plot function per result type: draws, labels, shows uncertainty, estimates nothing.

Every function takes a result and optional axes, and returns the axes. No global style is touched.
"""

from .bayesian import (
    plot_patient_risk,
    plot_predictive_check,
    plot_prior_posterior,
    plot_ranks,
    plot_risk_by_count,
    plot_trace,
)
from .calibration import plot_calibration, plot_calibration_panels
from .cohort import plot_ages, plot_associations, plot_case_mix, plot_risk_by_flags
from .evidence import plot_fagan, plot_likelihood_ratios
from .icon_array import plot_icon_array
from .net_benefit import (
    plot_decision_curve,
    plot_decision_panels,
    plot_evpi,
    plot_interventions_avoided,
    plot_net_benefit_difference,
    plot_usefulness,
)
from .pathways import (
    plot_acceptability,
    plot_break_even,
    plot_information,
    plot_pathway_flow,
    plot_pathways,
    plot_tornado,
)
from .performance import plot_performance, plot_subgroups
from .planning import plot_precision
from .pooling import plot_forest, plot_sroc
from .risk_distribution import plot_risk_distribution
from .roc import plot_precision_recall, plot_roc
from .studies import (
    plot_learning_curve,
    plot_nested_loop,
    plot_study_contrast,
    plot_study_distribution,
)
from .terms import plot_effect, plot_odds_ratios, plot_waterfall
from .validation import (
    plot_corrected_calibration,
    plot_corrected_decision_curve,
    plot_internal_external,
    plot_stability,
)

__all__ = [
    "plot_acceptability",
    "plot_ages",
    "plot_associations",
    "plot_break_even",
    "plot_calibration",
    "plot_calibration_panels",
    "plot_case_mix",
    "plot_corrected_calibration",
    "plot_corrected_decision_curve",
    "plot_decision_curve",
    "plot_decision_panels",
    "plot_effect",
    "plot_evpi",
    "plot_fagan",
    "plot_forest",
    "plot_icon_array",
    "plot_information",
    "plot_internal_external",
    "plot_interventions_avoided",
    "plot_learning_curve",
    "plot_likelihood_ratios",
    "plot_nested_loop",
    "plot_net_benefit_difference",
    "plot_odds_ratios",
    "plot_pathway_flow",
    "plot_pathways",
    "plot_patient_risk",
    "plot_performance",
    "plot_precision",
    "plot_precision_recall",
    "plot_predictive_check",
    "plot_prior_posterior",
    "plot_ranks",
    "plot_risk_by_count",
    "plot_risk_by_flags",
    "plot_risk_distribution",
    "plot_roc",
    "plot_sroc",
    "plot_stability",
    "plot_study_contrast",
    "plot_study_distribution",
    "plot_subgroups",
    "plot_tornado",
    "plot_trace",
    "plot_usefulness",
    "plot_waterfall",
]
