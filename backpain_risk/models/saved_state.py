"""What the file of a model must hold: every key, its kind, and what must agree with what."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

KINDS = {
    "LogisticModel": ".logistic.model",
    "LikelihoodRatioModel": ".likelihood_ratio.model",
    "BayesianLogisticModel": ".bayesian.model",
    "RecalibratedModel": ".recalibrated",
    "ImputedModel": ".imputed",
}
"""Classes of models that can be saved, and the module of each."""
_INFINITE = ("inf", "-inf", "nan")


def _as_number(value: Any) -> float:
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in _INFINITE):
        raise ValueError("must be a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("must be a number") from None


Number = Annotated[float, BeforeValidator(_as_number)]
Finite = Annotated[FiniteFloat, BeforeValidator(_as_number)]
Probability = Annotated[Finite, Field(gt=0, lt=1)]
Count = Annotated[Finite, Field(ge=0)]
Names = Annotated[list[StrictStr], Field(min_length=1)]
Label = StrictBool | StrictInt | FiniteFloat | StrictStr
_Normal = tuple[Finite, Annotated[Finite, Field(ge=0)]]


def _as_array(value: Any) -> npt.NDArray[Any]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise ValueError("must be an array of numbers in the file of arrays")
    return value


def _as_finite(value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    _require(bool(np.all(np.isfinite(value))), "must be an array of finite numbers")
    return value


AnyArray = Annotated[Any, AfterValidator(_as_array)]
Array = Annotated[Any, AfterValidator(_as_array), AfterValidator(_as_finite)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Fitted(_Part):
    classes: Annotated[list[Label], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _two_classes(self) -> Self:
        no_event, event = self.classes
        if no_event == event or isinstance(no_event, str) != isinstance(event, str):
            raise ValueError("classes must be two different labels of one kind")
        return self


class _Bands(_Part):
    labels: Names
    cutoffs: list[Finite]
    reference: StrictInt

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        rising = all(a < b for a, b in pairwise(self.cutoffs))
        fits = len(self.labels) == len(self.cutoffs) + 1 and 0 <= self.reference < len(self.labels)
        _require(rising and fits, "labels, cutoffs and reference of bands must fit each other")
        return self


class _Designed(_Fitted):
    columns: Names
    named: StrictBool
    knots: dict[str, Annotated[list[Finite], Field(min_length=3)]]
    interactions: list[tuple[StrictInt, StrictInt]]
    bands: dict[str, _Bands]

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        width = len(self.columns)
        keys = [*self.knots, *self.bands]
        positions = [
            *(int(j) if j.isdecimal() and str(int(j)) == j else -1 for j in keys),
            *(j for pair in self.interactions for j in pair),
        ]
        rising = all(a < b for knots in self.knots.values() for a, b in pairwise(knots))
        distinct = len(set(self.columns)) == width
        _require(
            distinct and rising and all(0 <= j < width for j in positions),
            "columns, knots, interactions and bands must fit each other",
        )
        return self

    @property
    def n_terms(self) -> int:
        """Terms of the design, the constant included."""
        widths = [
            len(self.bands[str(j)].labels) - 1 if str(j) in self.bands else 0
            for j in range(len(self.columns))
        ]
        splines = [
            len(self.knots[str(j)]) - 1 if str(j) in self.knots else 0 for j in range(len(widths))
        ]
        linear = sum(band == spline == 0 for band, spline in zip(widths, splines, strict=True))
        return 1 + sum(widths) + sum(splines) + linear + len(self.interactions)


class _Options(_Part):
    penalty: Literal["firth", "ridge"] | None
    correction: Literal["auto", "none", "flic", "flac"]
    ridge_strength: Count | None
    event: Label | None


class _Limits(_Part):
    low: list[Number]
    high: list[Number]


class _Tests(_Part):
    chi_squared: list[Number]
    p_value: list[Number]


class _Marginal(_Limits):
    odds_ratio: list[Number]


class _Stated(_Part):
    limits: _Limits
    tests: _Tests
    marginal: _Marginal


class _Maximum(_Part):
    parameters: list[Finite]
    log_likelihood: Finite
    n_iterations: StrictInt
    converged: StrictBool


class _Likelihood(_Part):
    X: Array
    events: Array
    n: Array
    offset: Array
    ridge: list[Count] | None
    firth: StrictBool

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        m = len(self.n) if self.n.ndim == 1 else -1
        shapes = self.events.shape == self.n.shape == self.offset.shape == (m,)
        _require(
            shapes and self.X.ndim == 2 and len(self.X) == m > 0,
            "X, events, n and offset of the likelihood must be of the same patterns",
        )
        within = np.all((self.events >= 0) & (self.events <= self.n) & (self.n > 0))
        _require(bool(within), "events of the likelihood must lie between 0 and n")
        _require(
            self.ridge is None or len(self.ridge) == self.X.shape[1],
            "ridge of the likelihood must have one entry a parameter",
        )
        return self


class _Fit(_Part):
    coefficient: list[Finite]
    covariance: list[list[Number]]
    position: list[StrictInt]
    direction: list[Finite]
    maximum: _Maximum
    likelihood: _Likelihood | None
    whole: _Likelihood | None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        p = len(self.coefficient)
        size = len(self.maximum.parameters)
        lists: list[list[Any]] = [self.position, self.direction, self.covariance, *self.covariance]
        _require(
            all(len(values) == p for values in lists),
            "coefficient, position, direction and covariance must have one entry a term",
        )
        _require(
            all(-1 <= at < size for at in self.position), "position must be that of a parameter"
        )
        _require(
            _is_covariance(self.covariance),
            "covariance must be symmetric without negative variances",
        )
        fits = self.likelihood is None or self.likelihood.X.shape[1] == size
        whole = self.whole is None or self.whole.X.shape[1] == p
        _require(fits and whole, "X of the likelihood must have one column a parameter")
        return self


class _Logistic(_Designed):
    kind: Literal["LogisticModel"]
    options: _Options
    ridge_strength: Count | None
    reference: list[Finite]
    range: Annotated[list[list[Finite]], Field(min_length=2, max_length=2)]
    terms: Names
    n: Count
    n_events: Count
    fit: _Fit
    stated: _Stated

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        width = len(self.columns)
        p = self.n_terms
        rows = [self.reference, *self.range]
        _require(
            all(len(row) == width for row in rows),
            "columns, reference and range must fit each other",
        )
        limits = self.stated.limits
        tests = self.stated.tests
        lists: list[list[Any]] = [self.terms, self.fit.coefficient, limits.low, limits.high]
        lists += [tests.chi_squared, tests.p_value]
        alone = self.stated.marginal
        few = [alone.odds_ratio, alone.low, alone.high]
        _require(
            all(len(values) == p for values in lists) and all(len(x) == p - 1 for x in few),
            "terms, coefficient and stated limits must have one entry a term",
        )
        _require(0 < self.n_events < self.n, "n_events must lie between 0 and n")
        _require(self._limits_agree(), "stated limits must lie around the coefficients")
        _require(self._counts_agree(), "n and n_events must be those of the likelihood")
        return self

    def _limits_agree(self) -> bool:
        finite = np.array(self.fit.coefficient)
        direction = np.array(self.fit.direction)
        value = np.where(direction == 0, finite, np.copysign(np.inf, direction))
        known = (direction != 0) | (np.array(self.fit.position) >= 0)
        low = np.array(self.stated.limits.low)
        high = np.array(self.stated.limits.high)
        slack = 1e-6 * (1 + np.abs(finite))
        return not np.any(known & ((low > value + slack) | (high < value - slack)))

    def _counts_agree(self) -> bool:
        all_patients = self.fit.whole or self.fit.likelihood
        flac = self.options.correction == "flac"  # whose likelihood holds pseudo-patients too
        if all_patients is None or flac:
            return True
        found = (float(all_patients.n.sum()), float(all_patients.events.sum()))
        return bool(np.allclose(found, (self.n, self.n_events), rtol=1e-9))


class _Levels(_Part):
    key: StrictStr
    labels: Names
    edges: Annotated[list[Finite], Field(min_length=1)]
    source: Literal["Accuracy", "BandAccuracy", "Counts"]
    values: dict[str, Any]


class _Accuracy(_Part):
    tp: Count
    fp: Count
    fn: Count
    tn: Count
    interval: Literal["wilson", "clopper_pearson", "jeffreys"]
    ratio_interval: Literal["adjusted", "score", "log"]
    level: Probability
    lr_positive_below: Annotated[Number, Field(gt=0)]
    finding: StrictStr
    study: StrictStr
    definition: StrictStr
    status: StrictStr


class _BandAccuracy(_Part):
    finding: StrictStr
    labels: Names
    malignant: list[Probability]
    healthy: list[Probability]
    effective_n_malignant: Count
    effective_n_healthy: Count
    level: Probability
    status: StrictStr
    study: StrictStr


class _Counts(_Part):
    events: list[Count]
    others: list[Count]
    status: StrictStr


_SOURCES: dict[str, type[_Part]] = {
    "Accuracy": _Accuracy,
    "BandAccuracy": _BandAccuracy,
    "Counts": _Counts,
}


class _Ratios(_Fitted):
    kind: Literal["LikelihoodRatioModel"]
    columns: list[StrictStr]
    n_columns: Annotated[StrictInt, Field(gt=0)] | None
    dependence: Literal["independent", "shrunk"]
    event: Label | None
    published: StrictBool
    given_pretest: Probability | None
    pretest: Probability
    baseline: Probability
    exponents: dict[str, Finite]
    findings: Annotated[list[_Levels], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        keys = [levels.key for levels in self.findings]
        _require(len(set(keys)) == len(keys), "findings must have a key each")
        _require(set(self.exponents) == set(keys), "exponents must be those of the findings")
        _require(
            not self.columns or len(set(self.columns)) == len(self.columns) == self.n_columns,
            "columns must have a name each",
        )
        for levels in self.findings:
            _check_levels(levels)
        return self


class _Update(_Part):
    method: Literal["intercept", "logistic", "prevalence"]
    from_: Probability | None
    to: Probability | None


class _Recalibrated(_Fitted):
    kind: Literal["RecalibratedModel"]
    options: _Update
    intercept: Finite
    slope: Finite
    inside: _Model


class _Given(_Part):
    """A column of the joint distribution given those before it."""

    levels: Annotated[list[Finite], Field(min_length=1)]
    share: Annotated[list[Annotated[Finite, Field(gt=0, le=1)]], Field(min_length=1)]
    scores: list[Finite]
    coefficient: list[Finite]
    spread: Annotated[Finite, Field(gt=0)]


class _Joint(_Part):
    order: list[StrictInt]
    centre: list[Finite]
    unit: list[Annotated[Finite, Field(gt=0)]]
    columns: list[_Given]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        p = len(self.columns)
        fits = sorted(self.order) == list(range(p)) and len(self.centre) == len(self.unit) == p
        for place, column in enumerate(self.columns):
            k = len(column.levels)
            rising = all(a < b for a, b in pairwise(column.levels))
            terms = len(column.coefficient) == (place + 1 if k > 1 else 0)
            scores = len(column.scores) in ((k,) if k > 2 else (0, k))
            fits = fits and rising and terms and scores and len(column.share) == k
        _require(fits, "order, scale and columns of joint must fit each other")
        return self


class _Imputed(_Fitted):
    kind: Literal["ImputedModel"]
    columns: Names
    named: StrictBool
    n_imputations: Annotated[StrictInt, Field(ge=1)]
    random_state: StrictInt | None
    event: Label | None
    joint: _Joint
    models: Annotated[list[_Model], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _require(len(self.joint.columns) == len(self.columns), "joint must be that of the columns")
        return self


class _Chances(_Part):
    """An estimate of a base rate with its limits."""

    value: Probability
    low: Probability
    high: Probability
    level: Probability
    kind: StrictStr
    method: StrictStr


class _OwnPrior(_Part):
    type: Literal["Prior"]
    name: StrictStr
    intercept: _Normal
    slopes: _Normal | dict[str, _Normal]


class _Source(_Part):
    source: Literal["Accuracy", "BandAccuracy"]
    values: dict[str, Any]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _SOURCES[self.source].model_validate(self.values)
        sizes = {len(values) for values in self.values.values() if isinstance(values, list)}
        _require(len(sizes) <= 1, "labels and shares of a finding must be of the same bands")
        for name in ("malignant", "healthy"):
            total = sum(self.values.get(name, [1.0]))
            _require(abs(total - 1) < 1e-6, f"{name} of a finding must sum to 1")
        return self


class _PublishedPrior(_Part):
    type: Literal["EvidencePrior"]
    name: StrictStr
    base_rate: _Chances
    dependence: _Normal
    interaction_sd: Annotated[Finite, Field(gt=0)]
    findings: dict[str, _Source]


_Prior = Annotated[_OwnPrior | _PublishedPrior, Field(discriminator="type")]


class _BayesianOptions(_Part):
    groups: StrictStr | StrictInt | None
    draws: Annotated[StrictInt, Field(ge=1)]
    chains: Annotated[StrictInt, Field(ge=1)]
    random_state: StrictInt | None
    method: Literal["nuts", "laplace"]
    verification_shift: Finite | None
    progress: StrictBool
    event: Label | None


class _Counted(_Part):
    events: Array
    n: Array
    site: Array


class _Reported(_Part):
    coefficient: Array
    site_sd: Array
    site_effect: Array
    accuracy: Array


class _Sampled(_Part):
    diverging: AnyArray
    energy: AnyArray


class _Weighted(_Part):
    pareto_k: Finite
    effective: Count


class _Drawn(_Part):
    parameters: Array
    posterior: _Reported
    prior: _Reported
    drawn: _Sampled | _Weighted


class _Check(_Part):
    sources: Names
    table: dict[str, list[Number]]
    statistic: Number
    degrees_of_freedom: StrictInt
    p_value: Number
    problems: list[StrictStr]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = all(len(column) == len(self.sources) for column in self.table.values())
        names = {"base_rate", "low", "high", "specificity", "specificity_low", "specificity_high"}
        _require(same and set(self.table) == names, "table must have its columns, a row a source")
        return self


class _Bayesian(_Designed):
    kind: Literal["BayesianLogisticModel"]
    options: _BayesianOptions
    asked_prior: Literal["weak", "evidence"] | _Prior
    prior: _Prior
    reference_standard: Annotated[list[Finite], Field(min_length=2, max_length=2)] | _Source | None
    sites: list[StrictStr]
    n_unverified: Count
    patterns: Array
    weight: Array
    counts: _Counted
    fit: _Drawn
    standard_check: _Check | None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        m = len(np.atleast_1d(self.weight))
        p = self.n_terms
        sites = len(self.sites)
        counts = (self.weight, self.counts.events, self.counts.n, self.counts.site)
        _require(
            self.patterns.shape == (m, len(self.columns)) and all(x.shape == (m,) for x in counts),
            "patterns, weight and counts must be of the same patterns",
        )
        events = self.counts.events
        n = self.counts.n
        site = self.counts.site
        within = (events >= 0) & (events <= n) & (self.weight > 0)
        known = (site.dtype.kind == "i") & (site >= 0) & (site < max(sites, 1))
        _require(bool(np.all(within & known)), "events and site must be those of patients")
        _require((sites > 0) == (self.options.groups is not None), "groups must have sites")
        drawn = self.fit
        shape = (self.options.chains, self.options.draws)
        size = p * (1 + (1 + sites if sites else 0)) + 2 * isinstance(
            self.reference_standard, _Source
        )
        _require(drawn.parameters.shape == (*shape, size), "parameters must be chains of draws")
        said = drawn.drawn
        if isinstance(said, _Sampled):
            same = said.diverging.shape == said.energy.shape == shape
            _require(same and said.diverging.dtype.kind == "b", "energy must be that of the draws")
        _check_reported(drawn.posterior, shape, p, sites)
        _check_reported(drawn.prior, drawn.prior.coefficient.shape[:2], p, sites)
        return self


def _check_reported(drawn: _Reported, shape: tuple[int, ...], p: int, sites: int) -> None:
    """Shapes of reported draws."""
    fits = (
        len(shape) == 2
        and min(shape) > 0
        and drawn.coefficient.shape == (*shape, p)
        and drawn.site_sd.shape == (*shape, p if sites else 0)
        and drawn.site_effect.shape == (*shape, sites + 1, p)
        and drawn.accuracy.shape in ((*shape, 0), (*shape, 2))
    )
    _require(fits, "coefficient, site_sd, site_effect and accuracy must be of the same draws")


_Model = Annotated[
    _Logistic | _Ratios | _Bayesian | _Recalibrated | _Imputed, Field(discriminator="kind")
]


def _reads_names(ratios: _Ratios) -> bool:
    """Whether a model takes tables with names: it was fitted to one, or never fitted."""
    return bool(ratios.columns) or ratios.n_columns is None


class _Example(_Part):
    rows: dict[str, Annotated[list[Number | StrictStr], Field(min_length=1)]]
    named: StrictBool
    risk: Annotated[list[Annotated[Finite, Field(ge=0, le=1)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = all(len(values) == len(self.risk) for values in self.rows.values())
        _require(same, "rows and risk must be of the same patients")
        return self


class _Arrays(_Part):
    file: StrictStr
    sha256: StrictStr


class _File(_Part):
    notice: StrictStr
    package_version: StrictStr
    model: _Model
    arrays: _Arrays | None
    example: _Example

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        inmost: Any = self.model
        while isinstance(inmost, (_Recalibrated, _Imputed)):
            inmost = inmost.inside if isinstance(inmost, _Recalibrated) else inmost.models[0]
        keys = inmost.columns or [levels.key for levels in inmost.findings]
        groups = inmost.options.groups if isinstance(inmost, _Bayesian) else None
        names = [name for name in self.example.rows if groups is None or name in keys]
        by_name = inmost.named if isinstance(inmost, _Designed) else _reads_names(inmost)
        _require(self.example.named == by_name, "named must be what the model says")
        _require(names == keys, "the rows of the example must have the columns of the model")
        return self


def check_file(content: dict[str, Any], where: object) -> None:
    """Raise ValueError, in one sentence, for the first thing that a model's file must hold and
    does not.
    """
    try:
        _FILE.validate_python(content)
    except RecursionError:
        raise ValueError(
            f"{where} must hold a whole model; it is nested too deeply. Save the model again."
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in KINDS)[:100]
        raise ValueError(
            f"{where} must hold a whole model; {place}: "
            f"{first['msg'].removeprefix('Value error, ')[:200]}. Do not "
            "trust it: save the model again."
        ) from None


def _require(held: bool, rule: str) -> None:
    if not held:
        raise ValueError(rule)


def _is_covariance(rows: list[list[float]]) -> bool:
    """Symmetric and positive semi-definite to rounding; a matrix with missing variances cannot
    be judged.
    """
    matrix = np.array(rows)
    if not np.all(np.isfinite(matrix)):
        return bool(
            np.all(np.isnan(matrix) == np.isnan(matrix.T)) and not np.any(np.diagonal(matrix) < 0)
        )
    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    scaled = matrix / np.where(scale > 0, np.outer(scale, scale), 1.0)
    return bool(
        np.allclose(scaled, scaled.T, rtol=1e-6, atol=1e-9)
        and np.linalg.eigvalsh(scaled)[0] > -1e-6
    )


def _check_levels(levels: _Levels) -> None:
    _SOURCES[levels.source].model_validate(levels.values)
    _require(all(a < b for a, b in pairwise(levels.edges)), f"edges of {levels.key} must rise")
    for name in ("malignant", "healthy"):
        total = sum(levels.values.get(name, [1.0]))
        _require(abs(total - 1) < 1e-6, f"{name} of {levels.key} must sum to 1")
    counts = [len(v) for k, v in levels.values.items() if isinstance(v, list)] or [2]
    fits = len(levels.labels) == len(levels.edges) + 1 and all(
        size == len(levels.labels) for size in counts
    )
    _require(fits, f"labels, edges and numbers of {levels.key} must fit each other")


_FILE = TypeAdapter(_File)
