"""Everything assumed about a setting, frozen, validated and readable as TOML."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy.special import expit, logit

from .. import vocabulary
from ..evidence.diagnostic_accuracy import Accuracy, BandAccuracy, band_probabilities
from ..evidence.tables import Evidence, load_evidence
from ..numerics.checks import FloatArray, as_generator
from .structure import Structure, build_structure

Status = Literal["reported", "unconfirmed", "assumed"]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Effect = Annotated[float, Field(ge=-3, le=3)]
Loading = Annotated[float, Field(ge=-0.5, le=0.5)]
Positive = Annotated[float, Field(gt=0)]

SHIPPED = tuple(vocabulary.SETTINGS)
STATES = (*vocabulary.CAUSES, *vocabulary.PRIMARY_SITES, *vocabulary.MECHANISMS)


class Part(BaseModel):
    """A frozen piece of a scenario; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Severity(Part):
    """Loading on the shared severity factor in each class."""

    malignant: Loading = 0.0
    non_malignant: Loading = 0.0


class Effects(Part):
    """What moves a finding between patients of one class, on the probit scale at dependence 1."""

    age: Effect = Field(0.0, description="per 10 years of age")
    male: Effect = Field(0.0, description="for men")
    severity: Severity = Severity()
    shifts: dict[str, Effect] = Field(default_factory=dict, description="by cause, primary site or mechanism")

    @model_validator(mode="after")
    def _known_states(self) -> Self:
        unknown = sorted(set(self.shifts) - set(STATES))
        if unknown:
            raise ValueError(f"shifts must name causes, primary sites or mechanisms; got {', '.join(unknown)}")
        return self


class FindingTarget(Effects):
    """Accuracy of a finding, and what it depends on."""

    sensitivity: Fraction
    specificity: Fraction
    effective_n_malignant: Positive = 10.0
    effective_n_non_malignant: Positive = 100.0
    accuracy_status: Status = "assumed"
    study: str = "this scenario"


class LaboratoryTarget(Effects):
    """Accuracy of a laboratory value at each of its cut-offs, and what it depends on."""

    sensitivity: tuple[Fraction, ...]
    specificity: tuple[Fraction, ...]
    effective_n_malignant: Positive = 10.0
    effective_n_non_malignant: Positive = 100.0
    accuracy_status: Status = "assumed"
    study: str = "this scenario"
    median_non_malignant: Positive | None = None


class Age(Part):
    """Normal base distributions of age by class, before tilting."""

    malignant_mean: Positive
    malignant_sd: Positive
    non_malignant_mean: Positive
    non_malignant_sd: Positive


class Cause(Part):
    """Share of a non-malignant cause and its log-weights by age (per 10 years) and sex."""

    share: Share
    age: Effect = 0.0
    male: Effect = 0.0
    status: Status = "assumed"


class Mechanisms(Part):
    """Probability of each tumour mechanism."""

    vertebral_destruction: Fraction
    neural_compression: Fraction
    inflammatory_mediators: Fraction


class PrimarySite(Part):
    """Share of a primary site in each sex, its log-weight by age (per 10 years) and its mechanisms."""

    share_male: Share
    share_female: Share
    age: Effect = 0.0
    status: Status = "assumed"
    mechanisms: Mechanisms


class Scenario(Part):
    """Everything assumed about a setting.

    Load one with :func:`load_scenario`; change it with :meth:`replace`. Equal scenarios have equal digests.

    Attributes
    ----------
    base_rate : float
        P(malignancy) at the index visit.
    dependence : float
        0 to 1.5; scales every effect of age, sex, cause, mechanism and severity on findings. Marginal accuracy does not
        move with it.
    findings, laboratory : dict
        Targets and effects of each finding, test and laboratory value.
    """

    name: str
    title: str = ""
    description: str = ""
    setting: Literal[SHIPPED]  # type: ignore[valid-type]  # the literal is built from the vocabulary
    base_rate: Fraction
    base_rate_interval: tuple[Fraction, Fraction]
    base_rate_status: Status = "assumed"
    dependence: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    male_share: Fraction = 0.45
    age: Age
    causes: dict[str, Cause]
    primary_sites: dict[str, PrimarySite]
    findings: dict[str, FindingTarget]
    laboratory: dict[str, LaboratoryTarget]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        problems = list(_problems(self))
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every number in the scenario, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()

    @cached_property
    def structure(self) -> Structure:
        """The calibrated joint distribution of this scenario."""
        return build_structure(self)

    def risk(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact P(malignancy | the columns given).

        Parameters
        ----------
        predictors : DataFrame, shape (n, any columns of a cohort)
            ``age_years``, ``age_50_or_over``, ``male``, findings and imaging as 0/1, laboratory values as recorded or
            as band labels of the vocabulary. Missing values (NaN, None) are integrated out.

        Returns
        -------
        ndarray, shape (n,)

        Raises
        ------
        ValueError
            For a column the scenario does not know, a value it cannot produce, or age and age band in contradiction.

        Notes
        -----
        The probability is a finite sum over causes, mechanisms, ages, sexes and 21 severity nodes; nothing is
        estimated. Integrating missing values out is right when they are missing at random given the columns present.

        Examples
        --------
        >>> scenario = load_scenario("primary_care")
        >>> scenario.risk(pd.DataFrame({"history_of_cancer": [0, 1]})).round(4)
        array([0.0071, 0.1295])
        """
        return self.structure.risk(predictors)

    def replace(
        self,
        *,
        base_rate: float | None = None,
        dependence: float | None = None,
        accuracy: Mapping[str, tuple[float, float]] | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """A scenario with some numbers changed.

        Parameters
        ----------
        base_rate : float, optional
            Its interval moves along on the logit scale, and it counts as assumed.
        dependence : float, optional
        accuracy : mapping of finding to (sensitivity, specificity), optional
            These count as assumed.
        changes : mapping, optional
            Anything else, nested as in the TOML file.
        """
        data = self.model_dump()
        if base_rate is not None:
            data |= {"base_rate": base_rate, "base_rate_status": "assumed"}
            if 0 < base_rate < 1:
                moved = expit(logit(self.base_rate_interval) + logit(base_rate) - logit(self.base_rate))
                data["base_rate_interval"] = tuple(float(limit) for limit in moved)
        if dependence is not None:
            data["dependence"] = dependence
        for key, (sensitivity, specificity) in (accuracy or {}).items():
            _known_finding(self, key)
            group = "laboratory" if key in self.laboratory else "findings"
            data[group][key] |= {"sensitivity": sensitivity, "specificity": specificity}
            data[group][key] |= {"accuracy_status": "assumed", "study": "this scenario"}
        return _validated(_merged(data, changes or {}), f"scenario {self.name}")

    def accuracy(self, key: str) -> Accuracy:
        """Target accuracy of a yes/no finding or test, with its effective counts."""
        _known_finding(self, key)
        if key in self.laboratory:
            raise ValueError(
                f"accuracy is for yes/no findings; got {key!r}, which has bands. Use scenario.bands({key!r})."
            )
        t = self.findings[key]
        tp, tn = t.sensitivity * t.effective_n_malignant, t.specificity * t.effective_n_non_malignant
        return Accuracy(
            tp=tp,
            fn=t.effective_n_malignant - tp,
            tn=tn,
            fp=t.effective_n_non_malignant - tn,
            finding=key,
            study=t.study,
            definition=vocabulary.FINDINGS[key].definition if key in vocabulary.FINDINGS else "",
            status=t.accuracy_status,
        )

    def bands(self, key: str) -> BandAccuracy:
        """Target accuracy of a laboratory value by band."""
        _known_finding(self, key)
        test, t = vocabulary.LABORATORY[key], self.laboratory[key]
        return BandAccuracy(
            finding=key,
            labels=test.bands,
            malignant=band_probabilities(t.sensitivity, test.abnormal),
            healthy=band_probabilities(1 - np.asarray(t.specificity), test.abnormal),
            effective_n_malignant=t.effective_n_malignant,
            effective_n_healthy=t.effective_n_non_malignant,
            status=t.accuracy_status,
            study=t.study,
        )

    def draw(self, *, rng: int | np.random.SeedSequence | np.random.Generator | None = None) -> Scenario:
        """A scenario with base rate, sensitivities and specificities drawn from their uncertainty.

        Notes
        -----
        Logit base rate: normal, median at ``base_rate``, SD from the width of its 95 % interval. Findings:
        :meth:`Accuracy.draw`. Laboratory values: all cut-offs of a test together, :meth:`BandAccuracy.draw`.
        """
        generator = as_generator(rng)
        low, high = logit(self.base_rate_interval)
        rate = expit(logit(self.base_rate) + (high - low) / 3.919927969 * generator.standard_normal())
        findings = {key: self._drawn_finding(key, generator) for key in self.findings}
        laboratory = {key: self._drawn_laboratory(key, generator) for key in self.laboratory}
        changes = {"base_rate": float(rate), "findings": findings, "laboratory": laboratory}
        return _validated(_merged(self.model_dump(), changes), f"draw of scenario {self.name}")

    def difference(self, other: Scenario) -> pd.DataFrame:
        """The numbers that differ between two scenarios: index ``key``, columns ``self`` and ``other``."""
        mine, theirs = dict(_flat(self.model_dump())), dict(_flat(other.model_dump()))
        keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
        table = {"self": [mine.get(k) for k in keys], "other": [theirs.get(k) for k in keys]}
        return pd.DataFrame(table, index=pd.Index(keys, name="key"), dtype=object)

    def to_frame(self) -> pd.DataFrame:
        """Targets: one row per finding and cut-off with sensitivity, specificity, LRs, status and study."""
        rows = [
            (key, np.nan, t.sensitivity, t.specificity, t.accuracy_status, t.study) for key, t in self.findings.items()
        ]
        for key, lab in self.laboratory.items():
            cuts = zip(vocabulary.LABORATORY[key].cutoffs, lab.sensitivity, lab.specificity, strict=True)
            rows += [(key, cut, se, sp, lab.accuracy_status, lab.study) for cut, se, sp in cuts]
        table = pd.DataFrame(rows, columns=["finding", "threshold", "sensitivity", "specificity", "status", "study"])
        table.insert(4, "lr_positive", table.sensitivity / (1 - table.specificity))
        table.insert(5, "lr_negative", (1 - table.sensitivity) / table.specificity)
        return table

    def _repr_html_(self) -> str:
        head = f"<p><b>{self.name}</b>: {self.title}. Base rate {self.base_rate:.3%} ({self.base_rate_status}), "
        return f"{head}dependence {self.dependence:g}. {vocabulary.NOTICE}</p>{self.to_frame().to_html(index=False)}"

    def _drawn_finding(self, key: str, rng: np.random.Generator) -> dict[str, float]:
        drawn = self.accuracy(key).draw(1, rng=rng)
        return {"sensitivity": float(drawn.sensitivity[0]), "specificity": float(drawn.specificity[0])}

    def _drawn_laboratory(self, key: str, rng: np.random.Generator) -> dict[str, tuple[float, ...]]:
        malignant, healthy = self.bands(key).draw(1, rng=rng)
        positive = [_positive(p[0], vocabulary.LABORATORY[key].abnormal) for p in (malignant, healthy)]
        return {"sensitivity": tuple(positive[0]), "specificity": tuple(1 - positive[1])}


def _positive(bands: FloatArray, abnormal: str) -> FloatArray:
    """P(test positive) at each ascending cut-off from the ascending band probabilities."""
    below: npt.NDArray[np.float64] = np.cumsum(bands)[:-1]
    return below if abnormal == "low" else 1 - below


def _known_finding(scenario: Scenario, key: str) -> None:
    if key not in scenario.findings and key not in scenario.laboratory:
        known = ", ".join((*scenario.findings, *scenario.laboratory))
        raise ValueError(f"finding must be one of {known}; got {key!r}. Check the spelling.")


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Load a shipped scenario by name, or a user's own TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"primary_care"``, ``"walk_in"``, ``"primary_care_pooled"``, ``"emergency_department"``, ``"spine_clinic"``, or
        the path of a TOML file. A file may start from another scenario with ``extends = "primary_care"``; accuracy and
        case mix that it does not state come from the evidence tables.

    Raises
    ------
    ValueError
        For an unknown name or key and for numbers out of range, every problem at once.

    Examples
    --------
    >>> load_scenario("primary_care").base_rate
    0.01
    """
    data, name = _read(name_or_path)
    filled = _with_evidence(data, load_evidence())
    return _validated({"name": name, **filled}, f"scenario {name_or_path}")


def _read(name_or_path: str | Path) -> tuple[dict[str, Any], str]:
    """The TOML of a scenario, merged over what it extends, and its name."""
    path = Path(name_or_path)
    if str(name_or_path) in SHIPPED:
        text = (resources.files(__package__) / "scenarios" / f"{name_or_path}.toml").read_text("utf-8")
    elif path.suffix == ".toml" and path.is_file():
        text = path.read_text("utf-8")
    else:
        raise ValueError(
            f"scenario must be one of {', '.join(SHIPPED)} or the path of a TOML file; got {str(name_or_path)!r}. "
            "Check the name, or that the file exists."
        )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"scenario {name_or_path} must be valid TOML; got: {error}. Mend that line.") from None
    parent = data.pop("extends", None)
    return (_merged(_read(parent)[0], data) if parent else data), path.stem


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings merged, the second winning."""
    result = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = _merged(result[key], value) if both else value
    return result


def _with_evidence(data: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Fill accuracy and case mix that the file does not state."""
    findings = {key: _published(evidence.finding(key)) for key in (*vocabulary.FINDINGS, *vocabulary.IMAGING)}
    laboratory = {key: _published_bands(evidence.bands(key)) for key in vocabulary.LABORATORY}
    shares = evidence.case_mix[evidence.case_mix.preferred == 1]
    causes = {str(r.key): {"share": r.share, "status": r.status} for r in shares[shares.group == "cause"].itertuples()}
    sites: dict[str, Any] = {key: {} for key in vocabulary.PRIMARY_SITES}
    for row in shares[shares.group == "primary_site"].itertuples():
        sites[str(row.key)] |= {f"share_{row.sex}": row.share, "status": row.status}
    published: dict[str, dict[str, Any]] = {
        "findings": findings,
        "laboratory": laboratory,
        "causes": causes,
        "primary_sites": sites,
    }
    for group, entries in published.items():
        for key, stated in data.get(group, {}).items():
            if isinstance(stated, Mapping) and {"sensitivity", "specificity", "share"} & set(stated):
                entries[key] = {k: v for k, v in entries.get(key, {}).items() if k not in _PROVENANCE}
    return _merged(published, data)


_PROVENANCE = ("accuracy_status", "study", "status")


def _published(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "sensitivity": accuracy.tp / (accuracy.tp + accuracy.fn),
        "specificity": accuracy.tn / (accuracy.tn + accuracy.fp),
        "effective_n_malignant": accuracy.tp + accuracy.fn,
        "effective_n_non_malignant": accuracy.tn + accuracy.fp,
        "accuracy_status": accuracy.status,
        "study": accuracy.study,
    }


def _published_bands(bands: BandAccuracy) -> dict[str, Any]:
    abnormal = vocabulary.LABORATORY[bands.finding].abnormal
    return {
        "sensitivity": tuple(_positive(bands.malignant, abnormal)),
        "specificity": tuple(1 - _positive(bands.healthy, abnormal)),
        "effective_n_malignant": bands.effective_n_malignant,
        "effective_n_non_malignant": bands.effective_n_healthy,
        "accuracy_status": bands.status,
        "study": bands.study,
    }


def _validated(data: Mapping[str, Any], where: str) -> Scenario:
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        problems = [_sentence(problem) for problem in error.errors()]
        raise ValueError(f"{where}: " + " ".join(problems)) from None


_RULES = {
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "missing": "be given",
    "float_parsing": "be a number",
    "float_type": "be a number",
    "string_type": "be text",
    "model_type": "be a table",
    "dict_type": "be a table",
    "literal_error": "be one of {expected}",
}


def _sentence(problem: Any) -> str:
    """One sentence for one problem: the key, the rule, what came, what to do."""
    where, context = ".".join(map(str, problem["loc"])) or "the file", problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        return f"{where} is not a key of a scenario; remove it or check its spelling."
    if problem["type"] == "value_error":
        return f"{where}: {context['error']}; mend these."
    rule = _RULES.get(problem["type"], problem["msg"]).format(**context)
    got = "nothing" if problem["type"] == "missing" else repr(problem["input"])
    return f"{where} must {rule}; got {got}; probabilities are fractions, not percentages."


def _problems(scenario: Scenario) -> Iterator[str]:
    """What no single field can check."""
    for group, known in (
        ("causes", vocabulary.CAUSES),
        ("primary_sites", vocabulary.PRIMARY_SITES),
        ("findings", {**vocabulary.FINDINGS, **vocabulary.IMAGING}),
        ("laboratory", vocabulary.LABORATORY),
    ):
        wrong = sorted(set(known) ^ set(getattr(scenario, group)))
        if wrong:
            yield f"{group} must be exactly those of the vocabulary; got a difference in {', '.join(wrong)}"
    for name, shares in (
        ("causes.share", [c.share for c in scenario.causes.values()]),
        ("primary_sites.share_male", [s.share_male for s in scenario.primary_sites.values()]),
        ("primary_sites.share_female", [s.share_female for s in scenario.primary_sites.values()]),
    ):
        if abs(sum(shares) - 1) > 1e-9:
            yield f"{name} must sum to 1; got {sum(shares):.6f}"
    low, high = scenario.base_rate_interval
    if low >= high:
        yield f"base_rate_interval must be ascending; got {low} and {high}"
    if (age := scenario.findings.get("age_50_or_over")) and (
        age.shifts or age.age or age.male or age.severity != Severity()
    ):
        yield "findings.age_50_or_over must have no effects, because it is a band of age; got some"
    for key, lab in scenario.laboratory.items():
        yield from _laboratory_problems(key, lab)


def _laboratory_problems(key: str, lab: LaboratoryTarget) -> Iterator[str]:
    if key not in vocabulary.LABORATORY:
        return
    test = vocabulary.LABORATORY[key]
    if not len(lab.sensitivity) == len(lab.specificity) == len(test.cutoffs):
        yield f"laboratory.{key} must have a sensitivity and a specificity for each of its cut-offs {test.cutoffs}"
        return
    for bands in (
        band_probabilities(lab.sensitivity, test.abnormal),
        band_probabilities(1 - np.asarray(lab.specificity), test.abnormal),
    ):
        if np.any(bands <= 0):
            yield f"laboratory.{key} must have sensitivities and specificities in the order of its cut-offs"
    if key == "white_cell_count_10e9_l" and lab.median_non_malignant is None:
        yield f"laboratory.{key}.median_non_malignant must be given"


def _flat(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
