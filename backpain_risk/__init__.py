"""Red flags, post-test probability and risk models for spinal malignancy in back pain.

Evidence -> scenario -> cohort -> model -> risk -> measures -> decision -> report. Synthetic data, for research; not for
clinical use. Names are resolved on first use, so importing the package loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import plots as plots
    from . import report as report
    from .cohort.ascertain import enrich as enrich
    from .cohort.ascertain import follow_up as follow_up
    from .cohort.ascertain import make_missing as make_missing
    from .cohort.ascertain import misreport as misreport
    from .cohort.ascertain import sample_case_control as sample_case_control
    from .cohort.ascertain import verify_partially as verify_partially
    from .cohort.associations import associations as associations
    from .cohort.description import ages as ages
    from .cohort.description import case_mix as case_mix
    from .cohort.description import risk_by_flags as risk_by_flags
    from .cohort.facts import published_facts as published_facts
    from .cohort.imputation import impute as impute
    from .cohort.own import check_cohort as check_cohort
    from .cohort.partitions import simulate_to_parquet as simulate_to_parquet
    from .cohort.pattern_counts import count_patterns as count_patterns
    from .cohort.scenario import Scenario as Scenario
    from .cohort.scenario_files import load_scenario as load_scenario
    from .cohort.simulate import simulate_cohort as simulate_cohort
    from .cohort.sites import simulate_sites as simulate_sites
    from .cohort.store import read_cohort as read_cohort
    from .cohort.store import verify_cohort as verify_cohort
    from .cohort.store import write_cohort as write_cohort
    from .cohort.table import Cohort as Cohort
    from .cohort.table_one import standardised_difference as standardised_difference
    from .cohort.table_one import table_one as table_one
    from .evidence.band_accuracy import BandAccuracy as BandAccuracy
    from .evidence.bayes_theorem import post_test_probability as post_test_probability
    from .evidence.diagnostic_accuracy import Accuracy as Accuracy
    from .evidence.likelihood_ratios import likelihood_ratio_table as likelihood_ratio_table
    from .evidence.pooled_accuracy import PooledAccuracy as PooledAccuracy
    from .evidence.pooled_estimate import PooledEstimate as PooledEstimate
    from .evidence.pooling import pool_accuracy as pool_accuracy
    from .evidence.post_test import post_test as post_test
    from .evidence.prevalence_pooling import pool_prevalence as pool_prevalence
    from .evidence.tables import Evidence as Evidence
    from .evidence.tables import load_evidence as load_evidence
    from .evidence.univariate_pooling import pool_measure as pool_measure
    from .measures.bayesian_net_benefit import BayesianDecisionCurve as BayesianDecisionCurve
    from .measures.bayesian_net_benefit import bayesian_decision_curve as bayesian_decision_curve
    from .measures.calibration import calibration_in_the_large as calibration_in_the_large
    from .measures.calibration import calibration_slope as calibration_slope
    from .measures.calibration import miller_tests as miller_tests
    from .measures.calibration import observed_expected as observed_expected
    from .measures.calibration_curve import CalibrationCurve as CalibrationCurve
    from .measures.calibration_curve import calibration_curve as calibration_curve
    from .measures.comparison import compare_auroc as compare_auroc
    from .measures.coverage import coverage_of_limits as coverage_of_limits
    from .measures.discrimination import auroc as auroc
    from .measures.discrimination import discrimination_slope as discrimination_slope
    from .measures.discrimination import somers_d as somers_d
    from .measures.hypothesis_test import HypothesisTest as HypothesisTest
    from .measures.net_benefit import DecisionCurve as DecisionCurve
    from .measures.net_benefit import decision_curve as decision_curve
    from .measures.overall import brier_score as brier_score
    from .measures.overall import cox_snell_r2 as cox_snell_r2
    from .measures.overall import log_loss as log_loss
    from .measures.overall import nagelkerke_r2 as nagelkerke_r2
    from .measures.overall import scaled_brier as scaled_brier
    from .measures.overall import spiegelhalter_z as spiegelhalter_z
    from .measures.partial_area import partial_auroc as partial_auroc
    from .measures.risk_distribution import risk_distribution as risk_distribution
    from .measures.roc import PrecisionRecallCurve as PrecisionRecallCurve
    from .measures.roc import RocCurve as RocCurve
    from .measures.roc import precision_recall_curve as precision_recall_curve
    from .measures.roc import roc_curve as roc_curve
    from .measures.subgroups import subgroup_calibration as subgroup_calibration
    from .measures.summary import MEASURES as MEASURES
    from .measures.summary import performance as performance
    from .models.bayesian import BayesianLogisticModel as BayesianLogisticModel
    from .models.bayesian_calibration import simulation_based_calibration as simulation_based_calibration
    from .models.evidence_prior import EvidencePrior as EvidencePrior
    from .models.imputed import ImputedModel as ImputedModel
    from .models.leave_one_out import leave_one_out as leave_one_out
    from .models.likelihood_ratio import LikelihoodRatioModel as LikelihoodRatioModel
    from .models.logistic import LogisticModel as LogisticModel
    from .models.patient import assess as assess
    from .models.population import implied_accuracy as implied_accuracy
    from .models.population import risk_by_count as risk_by_count
    from .models.power_scaling import power_scaling as power_scaling
    from .models.predictive_check import predictive_check as predictive_check
    from .models.prior import Prior as Prior
    from .models.saved import load_model as load_model
    from .models.saved import save_model as save_model
    from .models.separation import Separation as Separation
    from .models.separation import detect_separation as detect_separation
    from .models.updating import recalibrate as recalibrate
    from .models.updating import shift_prevalence as shift_prevalence
    from .models.wrapped import StatsmodelsModel as StatsmodelsModel
    from .numerics.estimate import Estimate as Estimate
    from .numerics.patterns import Patterns as Patterns
    from .numerics.patterns import collapse as collapse
    from .numerics.rubin import pool_estimates as pool_estimates
    from .pathways.comparison import PathwayComparison as PathwayComparison
    from .pathways.comparison import compare_pathways as compare_pathways
    from .pathways.doubt import Review as Review
    from .pathways.frontier import efficient_frontier as efficient_frontier
    from .pathways.information import ValueOfInformation as ValueOfInformation
    from .pathways.information import value_of_information as value_of_information
    from .pathways.net_benefit import NetBenefit as NetBenefit
    from .pathways.optimum import PathwayPolicy as PathwayPolicy
    from .pathways.optimum import best_pathway as best_pathway
    from .pathways.pathway import Pathway as Pathway
    from .pathways.pathway import Step as Step
    from .pathways.pathway import load_pathways as load_pathways
    from .pathways.sensitivity import acceptability as acceptability
    from .pathways.sensitivity import review_break_even as review_break_even
    from .pathways.sensitivity import tornado as tornado
    from .planning.accuracy import sample_size_accuracy as sample_size_accuracy
    from .planning.development import sample_size_development as sample_size_development
    from .planning.expected_precision import precision as precision
    from .planning.validation import sample_size_validation as sample_size_validation
    from .validation.cross_validation import CrossValidatedRisk as CrossValidatedRisk
    from .validation.cross_validation import cross_validate_risk as cross_validate_risk
    from .validation.internal_external import InternalExternalValidation as InternalExternalValidation
    from .validation.internal_external import internal_external_validation as internal_external_validation
    from .validation.optimism import InternalValidation as InternalValidation
    from .validation.optimism import optimism_bootstrap as optimism_bootstrap
    from .vocabulary import NOTICE as NOTICE
    from .vocabulary import RED_FLAGS as RED_FLAGS
    from .vocabulary import data_dictionary as data_dictionary

__version__ = "0.1.0"

_HOME = {
    "cohort.ascertain": ("enrich", "follow_up", "make_missing", "misreport", "sample_case_control", "verify_partially"),
    "cohort.associations": ("associations",),
    "cohort.facts": ("published_facts",),
    "cohort.imputation": ("impute",),
    "cohort.partitions": ("simulate_to_parquet",),
    "cohort.sites": ("simulate_sites",),
    "cohort.table_one": ("standardised_difference", "table_one"),
    "numerics.rubin": ("pool_estimates",),
    "cohort.description": ("ages", "case_mix", "risk_by_flags"),
    "cohort.own": ("check_cohort",),
    "cohort.scenario": ("Scenario",),
    "cohort.scenario_files": ("load_scenario",),
    "cohort.simulate": ("simulate_cohort",),
    "cohort.store": ("read_cohort", "verify_cohort", "write_cohort"),
    "cohort.table": ("Cohort",),
    "evidence.band_accuracy": ("BandAccuracy",),
    "evidence.bayes_theorem": ("post_test_probability",),
    "evidence.diagnostic_accuracy": ("Accuracy",),
    "evidence.likelihood_ratios": ("likelihood_ratio_table",),
    "evidence.pooled_accuracy": ("PooledAccuracy",),
    "evidence.pooled_estimate": ("PooledEstimate",),
    "evidence.pooling": ("pool_accuracy",),
    "evidence.post_test": ("post_test",),
    "evidence.prevalence_pooling": ("pool_prevalence",),
    "evidence.tables": ("Evidence", "load_evidence"),
    "evidence.univariate_pooling": ("pool_measure",),
    "measures.bayesian_net_benefit": ("BayesianDecisionCurve", "bayesian_decision_curve"),
    "measures.calibration": ("calibration_in_the_large", "calibration_slope", "miller_tests", "observed_expected"),
    "measures.calibration_curve": ("CalibrationCurve", "calibration_curve"),
    "measures.comparison": ("compare_auroc",),
    "measures.coverage": ("coverage_of_limits",),
    "measures.discrimination": ("auroc", "discrimination_slope", "somers_d"),
    "measures.hypothesis_test": ("HypothesisTest",),
    "measures.net_benefit": ("DecisionCurve", "decision_curve"),
    "measures.overall": ("brier_score", "cox_snell_r2", "log_loss", "nagelkerke_r2", "scaled_brier", "spiegelhalter_z"),
    "measures.partial_area": ("partial_auroc",),
    "measures.risk_distribution": ("risk_distribution",),
    "measures.roc": ("PrecisionRecallCurve", "RocCurve", "precision_recall_curve", "roc_curve"),
    "measures.subgroups": ("subgroup_calibration",),
    "measures.summary": ("MEASURES", "performance"),
    "cohort.pattern_counts": ("count_patterns",),
    "models.patient": ("assess",),
    "models.saved": ("load_model", "save_model"),
    "models.updating": ("recalibrate", "shift_prevalence"),
    "models.wrapped": ("StatsmodelsModel",),
    "models.bayesian": ("BayesianLogisticModel",),
    "models.imputed": ("ImputedModel",),
    "models.bayesian_calibration": ("simulation_based_calibration",),
    "models.evidence_prior": ("EvidencePrior",),
    "models.leave_one_out": ("leave_one_out",),
    "models.likelihood_ratio": ("LikelihoodRatioModel",),
    "models.logistic": ("LogisticModel",),
    "models.population": ("implied_accuracy", "risk_by_count"),
    "models.power_scaling": ("power_scaling",),
    "models.predictive_check": ("predictive_check",),
    "models.prior": ("Prior",),
    "models.separation": ("Separation", "detect_separation"),
    "numerics.estimate": ("Estimate",),
    "numerics.patterns": ("Patterns", "collapse"),
    "planning.accuracy": ("sample_size_accuracy",),
    "planning.development": ("sample_size_development",),
    "planning.expected_precision": ("precision",),
    "planning.validation": ("sample_size_validation",),
    "pathways.comparison": (
        "PathwayComparison",
        "compare_pathways",
    ),
    "pathways.doubt": ("Review",),
    "pathways.frontier": ("efficient_frontier",),
    "pathways.information": (
        "ValueOfInformation",
        "value_of_information",
    ),
    "pathways.net_benefit": ("NetBenefit",),
    "pathways.optimum": (
        "PathwayPolicy",
        "best_pathway",
    ),
    "pathways.pathway": (
        "Pathway",
        "Step",
        "load_pathways",
    ),
    "pathways.sensitivity": (
        "acceptability",
        "review_break_even",
        "tornado",
    ),
    "validation.cross_validation": ("CrossValidatedRisk", "cross_validate_risk"),
    "validation.internal_external": ("InternalExternalValidation", "internal_external_validation"),
    "validation.optimism": ("InternalValidation", "optimism_bootstrap"),
    "vocabulary": ("NOTICE", "RED_FLAGS", "data_dictionary"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_ROOMS = ("plots", "report", "vocabulary")

__all__ = [*_MODULE_OF, "plots", "report"]  # resolved on first use


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return _imported(name, name)
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_imported(_MODULE_OF[name], name), name)
    globals()[name] = value
    return value


def _imported(module: str, name: str) -> Any:
    try:
        return import_module(f".{module}", __name__)
    except ModuleNotFoundError as error:
        extra = "report" if module == "report" else "bayes"
        raise ImportError(
            f"{name} needs {error.name}, which is not installed. Run: pip install 'backpain-risk[{extra}]'"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
