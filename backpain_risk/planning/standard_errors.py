"""Large-sample variances of measures of performance, per patient, and what they ask of a study.

References: Riley and others (2021), Stat Med 40:4230; Archer and others (2021), Stat Med 40:133;
Newcombe (2006), Stat Med 25:559; Marsh and others (2021) for net benefit; Simel and others (1991),
J Clin Epidemiol 44:763.
"""

from __future__ import annotations

import math

from scipy.special import expit

from .linear_predictor import LinearPredictor
from .sample_size import Z95


def log_observed_expected(prevalence: float) -> float:
    """n times the variance of log O:E at O:E = 1."""
    return (1 - prevalence) / prevalence


def calibration_slope(lp: LinearPredictor) -> float:
    """n times the variance of the calibration slope at slope 1 and intercept 0, from the Fisher
    information.
    """
    i00 = lp.average(lambda x: expit(x) * expit(-x))
    i01 = lp.average(lambda x: x * expit(x) * expit(-x))
    centre = i01 / i00
    return 1 / lp.average(lambda x: (x - centre) ** 2 * expit(x) * expit(-x))


def c_statistic(n: float, prevalence: float, c: float) -> float:
    """Variance of the C-statistic in n patients: Newcombe's method 4 with n / 2 patients for
    both classes.
    """
    spread = (1 - c) / (2 - c) + c / (1 + c)
    return c * (1 - c) * (1 + (n / 2 - 1) * spread) / (n**2 * prevalence * (1 - prevalence))


def patients_for_c(variance: float, prevalence: float, c: float) -> float:
    """Patients at which :func:`c_statistic` is the variance asked for: the positive root of a
    quadratic.
    """
    spread = (1 - c) / (2 - c) + c / (1 + c)
    a = c * (1 - c) / (variance * prevalence * (1 - prevalence))
    half = a * spread / 4
    return half + math.sqrt(half**2 + a * (1 - spread))


def standardised_net_benefit(
    prevalence: float, sensitivity: float, specificity: float, threshold: float
) -> float:
    """n times the variance of net benefit divided by prevalence."""
    w = (1 - prevalence) / prevalence * threshold / (1 - threshold)
    return (
        sensitivity * (1 - sensitivity) / prevalence
        + w**2 * specificity * (1 - specificity) / (1 - prevalence)
        + w**2 * (1 - specificity) ** 2 / (prevalence * (1 - prevalence))
    )


def proportion(p: float, share: float) -> float:
    """n times the variance of a proportion that is seen in a share of the patients only."""
    return p * (1 - p) / share


def log_lr_positive(prevalence: float, sensitivity: float, specificity: float) -> float:
    """n times the variance of log LR+."""
    return (1 - sensitivity) / (sensitivity * prevalence) + specificity / (
        (1 - specificity) * (1 - prevalence)
    )


def log_lr_negative(prevalence: float, sensitivity: float, specificity: float) -> float:
    """n times the variance of log LR-."""
    return log_lr_positive(1 - prevalence, specificity, sensitivity)


def standard_error_of_ratio(width: float) -> float:
    """SE of a log ratio of 1 whose 95 % limits are ``width`` apart: 2 sinh(1.96 SE) = width."""
    return math.asinh(width / 2) / Z95
