"""Designs of studies from TOML files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .. import vocabulary
from ..numerics.checks import check_path
from ..scenario.files import load_scenario
from ..scenario.problems import sentence
from ..scenario.scenario import Scenario, validated
from .drawn_truth import DrawnTruth
from .study_design import THRESHOLDS, StudyDesign
from .toml_words import MODELS, PUBLISHED, model_class, published_accuracy


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _ScenarioWords(_Part):
    """A scenario by name or path with changes, or by all its numbers."""

    scenario: str = ""
    numbers: dict[str, Any] = Field(default_factory=dict)
    drawn: bool = False
    base_rate: float | None = None
    dependence: float | None = None
    accuracy: dict[str, list[float]] = Field(default_factory=dict)


class _DesignWords(_Part):
    """What a file of a design holds."""

    seed: int
    sizes: list[int]
    scenarios: Annotated[dict[str, _ScenarioWords], Field(min_length=1)]
    methods: Annotated[dict[str, dict[str, Any]], Field(min_length=1)]
    aims: str = ""
    predictors: list[str] = Field(default_factory=lambda: list(vocabulary.RED_FLAGS))
    thresholds: list[float] = Field(default_factory=lambda: list(THRESHOLDS))
    replicates: int | dict[str, int] = 1000
    target: dict[str, float] = Field(default_factory=dict)
    draw: str = "counts"
    level: float = 0.95
    time_limit: float = 60.0


def load_study_design(path: str | Path) -> StudyDesign:
    """The design of a simulation study from a TOML file.

    Parameters
    ----------
    path : str or Path
        Keys are the parameters of :class:`StudyDesign`. A scenario is a table
        ``[scenarios.NAME]`` with ``scenario`` (name or path), and ``dependence``, ``base_rate``,
        ``accuracy.FINDING = [sensitivity, specificity]`` and ``drawn = true`` where wanted. A
        method is a table ``[methods.NAME]`` with ``model`` (``"LogisticModel"``,
        ``"LikelihoodRatioModel"`` or ``"BayesianLogisticModel"``) and its parameters; ``evidence =
        "published"`` is the published accuracy of the predictors.

    Returns
    -------
    StudyDesign

    Raises
    ------
    ValueError
        For a file that is not there, is not TOML, or describes no study; every problem at once.
    """
    file = check_path("path", path)
    if not file.is_file():
        raise ValueError(f"path must be a TOML file; {file} is not there. Check the name.")
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{file} must be UTF-8 text; got other bytes. Save it so.") from None
    return parse_design(text, str(file), file.parent)


def parse_design(text: str, where: str, folder: Path | None = None) -> StudyDesign:
    """A design from the text of a TOML file; paths in it start from the folder."""
    try:
        words = _DesignWords.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"{where} must be valid TOML; got: {error}. Mend that line.") from None
    except ValidationError as error:
        problems = " ".join(sentence(problem) for problem in error.errors()[:20])
        raise ValueError(f"{where}: {problems}") from None
    plain = words.model_dump(exclude={"scenarios", "methods"})
    return StudyDesign(
        scenarios={name: _scenario(name, s, folder) for name, s in words.scenarios.items()},
        methods={name: _method(name, m, words.predictors) for name, m in words.methods.items()},
        **plain,
    )


def _scenario(name: str, words: _ScenarioWords, folder: Path | None) -> Scenario | DrawnTruth:
    if bool(words.scenario) == bool(words.numbers):
        raise ValueError(
            f"scenarios.{name} must have scenario or numbers; got "
            f"{'both' if words.scenario else 'neither'}. Write scenario = 'primary_care'."
        )
    found = (
        _stated(words, folder) if words.scenario else validated(words.numbers, f"scenario {name}")
    )
    pairs = {key: _pair(name, key, pair) for key, pair in words.accuracy.items()}
    if pairs or words.base_rate is not None or words.dependence is not None:
        found = found.replace(
            base_rate=words.base_rate, dependence=words.dependence, accuracy=pairs
        )
    return DrawnTruth(scenario=found) if words.drawn else found


def _stated(words: _ScenarioWords, folder: Path | None) -> Scenario:
    own = Path(words.scenario)
    beside = own.suffix == ".toml" and not own.is_absolute() and folder is not None
    return load_scenario(folder / own if beside and folder is not None else words.scenario)


def _pair(name: str, key: str, pair: list[float]) -> tuple[float, float]:
    if len(pair) != 2:
        raise ValueError(
            f"scenarios.{name}.accuracy.{key} must be a sensitivity and a specificity; got {pair}. "
            "Write [0.3, 0.98]."
        )
    return pair[0], pair[1]


def _method(name: str, words: Mapping[str, Any], predictors: list[str]) -> Any:
    if words.get("model") not in MODELS:
        raise ValueError(
            f"methods.{name} must have a model, one of {', '.join(MODELS)}; got "
            f"{words.get('model')!r}. Name one."
        )
    kind = model_class(words["model"])
    options = {key: value for key, value in words.items() if key != "model"}
    unknown = sorted(set(options) - set(kind().get_params(deep=False)))
    if unknown:
        raise ValueError(
            f"methods.{name} must have parameters of {kind.__name__}; got {unknown[0]!r}. Check "
            "the spelling."
        )
    if options.get("evidence") == PUBLISHED:
        options["evidence"] = published_accuracy(tuple(predictors))
    return kind(**options)
