"""How many patients the external validation of a model needs."""

from __future__ import annotations

from dataclasses import dataclass

from ..numerics.checks import check_fraction
from . import standard_errors as variance
from .demands import both_or_neither, discriminating, inner_fraction, normal_predictor, width
from .linear_predictor import LinearPredictor, binormal, shift_from_c
from .sample_size import Z95, Criterion, SampleSize


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ValidationSize(SampleSize):
    """Patients that a validation needs; see :class:`SampleSize`.

    Attributes
    ----------
    c_statistic : float
        As expected.
    linear_predictor : LinearPredictor
        Distribution that the calibration slope was planned with.
    sensitivity, specificity : float or None
        At the threshold of the net benefit.
    """

    c_statistic: float
    linear_predictor: LinearPredictor
    sensitivity: float | None = None
    specificity: float | None = None


def sample_size_validation(
    *,
    prevalence: float,
    c_statistic: float,
    linear_predictor: tuple[float, float] | None = None,
    oe_width: float = 0.2,
    slope_width: float = 0.2,
    c_width: float = 0.1,
    net_benefit_width: float | None = None,
    threshold: float | None = None,
    sensitivity: float | None = None,
    specificity: float | None = None,
) -> ValidationSize:
    """Patients for validating a model: widths of the 95 % intervals of O:E, slope, C-statistic and
    net benefit.

    Parameters
    ----------
    prevalence : float
        P(malignancy), inside (0, 1).
    c_statistic : float
        Expected, above 0.5 and below 1.
    linear_predictor : (mean, sd), optional
        Normal distribution of the log odds over all patients. When absent: normal in each class,
        with the prevalence and C-statistic given.
    oe_width, slope_width, c_width : float
        Whole width of each interval, at O:E 1 and slope 1.
    net_benefit_width, threshold : float, optional
        Whole width of the interval of the *standardised* net benefit (divided by prevalence) at a
        threshold probability.
    sensitivity, specificity : float, optional
        Expected at that threshold; from the linear predictor when absent.

    Returns
    -------
    ValidationSize
        ``.n``, ``.to_frame()`` with rows observed_expected, calibration_slope, c_statistic,
        net_benefit.

    Raises
    ------
    ValueError
        For numbers outside their range, or one without its partner.

    Notes
    -----
    O:E: log scale, variance (1 - pi) / (n pi). Slope: Fisher information of the linear predictor.
    C: Newcombe's formula with n / 2 patients in both classes. The conventions are those of
    pmvalsampsize (1.96; whole widths), computed: no SE is walked to in steps, rounded or
    simulated, and no n is out of reach. A linear predictor that contradicts the prevalence or
    C-statistic is reported in the notes of the result.

    References
    ----------
    Riley and others (2021), Statistics in Medicine 40:4230. Archer and others (2021), Statistics
    in Medicine 40:133.

    Examples
    --------
    >>> sample_size_validation(prevalence=0.01, c_statistic=0.8, oe_width=0.4).to_frame()
               criterion     n  drives
    0  observed_expected   9634   False
    1  calibration_slope  29360    True
    2        c_statistic   7590   False
    """
    pi = inner_fraction("prevalence", prevalence)
    c = discriminating(c_statistic)
    lp = (
        binormal(pi, shift_from_c(c))
        if linear_predictor is None
        else normal_predictor(linear_predictor)
    )
    criteria = [
        _observed_expected(pi, width("oe_width", oe_width)),
        _slope(lp, width("slope_width", slope_width)),
        _discrimination(pi, c, width("c_width", check_fraction("c_width", c_width))),
    ]
    rates: tuple[float | None, float | None] = (None, None)
    decision = both_or_neither(net_benefit_width=net_benefit_width, threshold=threshold)
    if decision:
        rates = rates_at(lp, decision[1], sensitivity, specificity)
        criteria.append(_net_benefit(pi, *rates, *decision))
    elif both_or_neither(sensitivity=sensitivity, specificity=specificity):
        raise ValueError(
            "sensitivity must come with threshold and net_benefit_width; got neither. Pass both."
        )
    return ValidationSize(
        title="External validation",
        criteria=tuple(criteria),
        prevalence=pi,
        notes=tuple(filter(None, [disagreement(lp, pi, c)])),
        c_statistic=c,
        linear_predictor=lp,
        sensitivity=rates[0],
        specificity=rates[1],
    )


def _observed_expected(pi: float, wide: float) -> Criterion:
    patients = variance.log_observed_expected(pi) / variance.standard_error_of_ratio(wide) ** 2
    return Criterion(
        name="observed_expected", patients=patients, aim=f"O:E of 1, limits {wide:g} apart"
    )


def _slope(lp: LinearPredictor, wide: float) -> Criterion:
    patients = variance.calibration_slope(lp) / (wide / (2 * Z95)) ** 2
    return Criterion(
        name="calibration_slope", patients=patients, aim=f"slope of 1, limits {wide:g} apart"
    )


def _discrimination(pi: float, c: float, wide: float) -> Criterion:
    patients = variance.patients_for_c((wide / (2 * Z95)) ** 2, pi, c)
    return Criterion(
        name="c_statistic", patients=patients, aim=f"C-statistic of {c:g}, limits {wide:g} apart"
    )


def _net_benefit(
    pi: float, sensitivity: float, specificity: float, wide: float, threshold: float
) -> Criterion:
    half = width("net_benefit_width", wide) / 2
    unit = variance.standardised_net_benefit(pi, sensitivity, specificity, threshold)
    return Criterion(
        name="net_benefit",
        patients=unit / (half / Z95) ** 2,
        aim=f"standardised net benefit at {threshold:g}, limits {wide:g} apart",
    )


def rates_at(
    lp: LinearPredictor, threshold: float, sensitivity: float | None, specificity: float | None
) -> tuple[float, float]:
    """Sensitivity and specificity at a threshold: as given, or as the linear predictor has them."""
    t = check_fraction("threshold", threshold)
    given = both_or_neither(sensitivity=sensitivity, specificity=specificity)
    if given:
        return inner_fraction("sensitivity", given[0]), inner_fraction("specificity", given[1])
    rates = lp.sensitivity(t), lp.specificity(t)
    if not (0 < rates[0] < 1 and 0 < rates[1] < 1):
        raise ValueError(
            f"threshold must leave patients with and without malignancy on both sides; got {t:g}, "
            "where the linear "
            f"predictor has sensitivity {rates[0]:.3g} and specificity {rates[1]:.3g}. Pass a "
            "threshold nearer to the "
            "prevalence, or sensitivity and specificity."
        )
    return rates


def disagreement(lp: LinearPredictor, prevalence: float, c_statistic: float) -> str | None:
    """What a linear predictor implies, where that is not what was given; None where it is."""
    pi = lp.prevalence
    c = lp.c_statistic
    if abs(pi / prevalence - 1) < 0.05 and abs(c - c_statistic) < 0.01:
        return None
    return (
        f"The linear predictor contradicts what was given: a calibrated model with it implies a "
        f"prevalence of {pi:.3g} (given {prevalence:.3g}) and a C-statistic of {c:.3f} "
        f"(given {c_statistic:.3g})."
    )
