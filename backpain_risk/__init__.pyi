"""Every public name once: where it lives. Names are resolved on first use (SPEC 1)."""

from . import plots as plots
from . import report as report
from . import vocabulary as vocabulary
from .cohort.ascertain import enrich as enrich
from .cohort.ascertain import follow_up as follow_up
from .cohort.ascertain import make_missing as make_missing
from .cohort.ascertain import misreport as misreport
from .cohort.ascertain import sample_case_control as sample_case_control
from .cohort.ascertain import verify_partially as verify_partially
from .cohort.baseline import standardised_difference as standardised_difference
from .cohort.baseline import table_one as table_one
from .cohort.description import ages as ages
from .cohort.description import case_mix as case_mix
from .cohort.description import risk_by_flags as risk_by_flags
from .cohort.imputation import impute as impute
from .cohort.own import check_cohort as check_cohort
from .cohort.partitions import simulate_to_parquet as simulate_to_parquet
from .cohort.pattern_counts import count_patterns as count_patterns
from .cohort.simulate import simulate_cohort as simulate_cohort
from .cohort.sites import simulate_sites as simulate_sites
from .cohort.store import read_cohort as read_cohort
from .cohort.store import verify_cohort as verify_cohort
from .cohort.store import write_cohort as write_cohort
from .cohort.table import Cohort as Cohort
from .evidence.band_accuracy import BandAccuracy as BandAccuracy
from .evidence.bayes_theorem import post_test_probability as post_test_probability
from .evidence.diagnostic_accuracy import Accuracy as Accuracy
from .evidence.likelihood_ratios import likelihood_ratio_table as likelihood_ratio_table
from .evidence.pooling.accuracy import pool_accuracy as pool_accuracy
from .evidence.pooling.base_rate import pool_prevalence as pool_prevalence
from .evidence.pooling.one_measure import pool_measure as pool_measure
from .evidence.pooling.pooled_accuracy import PooledAccuracy as PooledAccuracy
from .evidence.pooling.pooled_estimate import PooledEstimate as PooledEstimate
from .evidence.tables import Evidence as Evidence
from .evidence.tables import load_evidence as load_evidence
from .evidence.tests_in_order import post_test as post_test
from .measures.calibration.curve import CalibrationCurve as CalibrationCurve
from .measures.calibration.curve import calibration_curve as calibration_curve
from .measures.calibration.level_and_slope import (
    calibration_in_the_large as calibration_in_the_large,
)
from .measures.calibration.level_and_slope import calibration_slope as calibration_slope
from .measures.calibration.level_and_slope import miller_tests as miller_tests
from .measures.calibration.level_and_slope import observed_expected as observed_expected
from .measures.calibration.subgroups import subgroup_calibration as subgroup_calibration
from .measures.catalogue import MEASURES as MEASURES
from .measures.coverage import coverage_of_limits as coverage_of_limits
from .measures.decision.bayesian import BayesianDecisionCurve as BayesianDecisionCurve
from .measures.decision.bayesian import bayesian_decision_curve as bayesian_decision_curve
from .measures.decision.benefit_curve import DecisionCurve as DecisionCurve
from .measures.decision.net_benefit import decision_curve as decision_curve
from .measures.discrimination.area import auroc as auroc
from .measures.discrimination.area import discrimination_slope as discrimination_slope
from .measures.discrimination.area import somers_d as somers_d
from .measures.discrimination.comparison import compare_auroc as compare_auroc
from .measures.discrimination.partial_area import partial_auroc as partial_auroc
from .measures.discrimination.roc import PrecisionRecallCurve as PrecisionRecallCurve
from .measures.discrimination.roc import RocCurve as RocCurve
from .measures.discrimination.roc import precision_recall_curve as precision_recall_curve
from .measures.discrimination.roc import roc_curve as roc_curve
from .measures.overall import brier_score as brier_score
from .measures.overall import cox_snell_r2 as cox_snell_r2
from .measures.overall import log_loss as log_loss
from .measures.overall import nagelkerke_r2 as nagelkerke_r2
from .measures.overall import scaled_brier as scaled_brier
from .measures.overall import spiegelhalter_z as spiegelhalter_z
from .measures.risks_by_outcome import risk_distribution as risk_distribution
from .measures.summary import performance as performance
from .models.assessment import assess as assess
from .models.bayesian.calibration_by_simulation import (
    simulation_based_calibration as simulation_based_calibration,
)
from .models.bayesian.evidence_prior import EvidencePrior as EvidencePrior
from .models.bayesian.implied import implied_accuracy as implied_accuracy
from .models.bayesian.implied import risk_by_count as risk_by_count
from .models.bayesian.loo import leave_one_out as leave_one_out
from .models.bayesian.model import BayesianLogisticModel as BayesianLogisticModel
from .models.bayesian.prior import Prior as Prior
from .models.bayesian.prior_sensitivity import power_scaling as power_scaling
from .models.bayesian.replicated_cohorts import predictive_check as predictive_check
from .models.imputed import ImputedModel as ImputedModel
from .models.likelihood_ratio.model import LikelihoodRatioModel as LikelihoodRatioModel
from .models.logistic.model import LogisticModel as LogisticModel
from .models.logistic.separation import Separation as Separation
from .models.logistic.separation import detect_separation as detect_separation
from .models.recalibrated import recalibrate as recalibrate
from .models.recalibrated import shift_prevalence as shift_prevalence
from .models.saved import load_model as load_model
from .models.saved import save_model as save_model
from .models.statsmodels_result import StatsmodelsModel as StatsmodelsModel
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
from .report.explorer.page import write_explorer as write_explorer
from .report.explorer.scenario_export import export_scenario as export_scenario
from .results.estimate import Estimate as Estimate
from .results.hypothesis_test import HypothesisTest as HypothesisTest
from .scenario.dependence import associations as associations
from .scenario.facts import published_facts as published_facts
from .scenario.files import load_scenario as load_scenario
from .scenario.scenario import Scenario as Scenario
from .studies.performance import study_performance as study_performance
from .validation.cross_validation import CrossValidatedRisk as CrossValidatedRisk
from .validation.cross_validation import cross_validate_risk as cross_validate_risk
from .validation.internal_external import InternalExternalValidation as InternalExternalValidation
from .validation.internal_external import (
    internal_external_validation as internal_external_validation,
)
from .validation.optimism import InternalValidation as InternalValidation
from .validation.optimism import optimism_bootstrap as optimism_bootstrap
from .vocabulary import NOTICE as NOTICE
from .vocabulary import RED_FLAGS as RED_FLAGS
from .vocabulary import data_dictionary as data_dictionary

__version__: str
