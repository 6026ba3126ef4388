"""Diagnostic pathways as data: ordered steps, each a test and who gets it, in Python and in TOML
by one schema.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    InstanceOf,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..numerics.checks import check_path
from ..numerics.values import shown
from ..vocabulary import STANDARD, Vocabulary
from .rule import REVIEW, Rule, read_rule

DECISIVE = "mri_positive"
"""The test that sends a patient to work-up; a malignancy is found when it is positive."""


def _said_once(build: Callable[..., None], data: Mapping[str, Any], where: str) -> None:
    """Build a part, and say what is wrong with it as one sentence a problem."""
    try:
        build(**data)
    except ValidationError as error:
        raise ValueError(f"{where}: " + " ".join(map(_sentence, error.errors()))) from None


def _sentence(problem: Any) -> str:
    if problem["type"] == "value_error":
        return f"{problem['ctx']['error']}"
    where = ".".join(map(str, problem["loc"]))
    return (
        f"{where} must be valid ({problem['msg'].lower()}); got {shown(problem['input'])}. "
        "Correct it."
    )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Part):
    """One test and who gets it.

    Attributes
    ----------
    test : str
        A laboratory value or imaging of the vocabulary, such as ``"esr_mm_h"`` or
        ``"mri_positive"``.
    who : str
        A condition on findings, on results that an earlier step has ordered, and on ``risk``;
        ``"all"`` by default. A patient has a test once, and none after an MRI, whatever later steps
        say.
    at : {"index", "review"}
        The visit. At review only patients who return are seen, and ``not_improved_at_review`` is
        known.
    words : Vocabulary
        With tests and findings that the vocabulary lacks: that of a scenario which declares them.

    Examples
    --------
    >>> Step(test="mri_positive", who="esr_mm_h >= 20 or history_of_cancer").at
    'index'
    """

    words: InstanceOf[Vocabulary] = Field(STANDARD, exclude=True, repr=False)
    test: str
    who: str = "all"
    at: Literal["index", "review"] = "index"

    def __init__(
        self, test: str, who: str = "all", at: str = "index", words: Vocabulary = STANDARD
    ) -> None:
        data = {"test": test, "who": who, "at": at, "words": words}
        _said_once(super().__init__, data, "step")

    @field_validator("test")
    @classmethod
    def _known_test(cls, test: str, info: ValidationInfo) -> str:
        known = info.data.get("words", STANDARD).tests
        if test not in known:
            raise ValueError(
                f"test must be one of {', '.join(known)}; got {test!r}. Check the spelling."
            )
        return test

    @field_validator("who")
    @classmethod
    def _readable(cls, who: str, info: ValidationInfo) -> str:
        read_rule(who, info.data.get("words", STANDARD))
        return who

    @cached_property
    def rule(self) -> Rule:
        """``who`` as a condition."""
        return read_rule(self.who, self.words)


class Pathway(_Part):
    """Ordered steps of testing.

    Attributes
    ----------
    name, title : str
    steps : tuple of Step
    source : str
        Where the rule is published, or "" for one of your own.
    status : {"reported", "unconfirmed", "assumed"}
        How well it is known that the source says so.

    Examples
    --------
    >>> Pathway("esr_first", [Step("esr_mm_h"), Step("mri_positive", who="esr_mm_h >= 50")]).tests
    ('esr_mm_h', 'mri_positive')
    """

    name: str = Field(min_length=1)
    steps: tuple[Step, ...]
    title: str = ""
    source: str = ""
    status: Literal["reported", "unconfirmed", "assumed"] = "assumed"

    def __init__(
        self, name: str, steps: Any, title: str = "", source: str = "", status: str = "assumed"
    ) -> None:
        data = {"name": name, "steps": steps, "title": title, "source": source, "status": status}
        _said_once(super().__init__, data, f"pathway {name}")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for problem in _problems(self.steps):
            raise ValueError(problem)
        return self

    @property
    def tests(self) -> tuple[str, ...]:
        """Tests it may order, each once, in order."""
        return tuple(dict.fromkeys(step.test for step in self.steps))

    @property
    def words(self) -> frozenset[str]:
        """Every word its conditions use."""
        return frozenset(word for step in self.steps for word in step.rule.words)

    @property
    def has_review(self) -> bool:
        """Whether patients are seen again."""
        return any(step.at == "review" for step in self.steps)


def _problems(steps: tuple[Step, ...]) -> Iterator[str]:
    """What no single step can check."""
    if not steps:
        yield (
            "a pathway must have at least one step; got none. For no testing, let one step have "
            "who = 'no_one'."
        )
    ordered: set[str] = set()
    reviewed = False
    for i, step in enumerate(steps, 1):
        unordered = sorted(step.rule.words & set(step.words.tests) - ordered)
        if unordered:
            yield (
                f"step {i} must use results an earlier step has ordered; got {unordered[0]}. "
                "Order that test first."
            )
        if step.at == "index" and reviewed:
            yield (
                f"step {i} must not come back to the index visit after a review; got at = "
                "'index'. Move it up."
            )
        if step.at == "index" and REVIEW in step.rule.words:
            yield (
                f"step {i} must be at review to use {REVIEW}; got at = 'index'. Write at = "
                "'review'."
            )
        reviewed = reviewed or step.at == "review"
        ordered.add(step.test)


def load_pathways(
    path: str | Path | None = None, *, words: Vocabulary = STANDARD
) -> dict[str, Pathway]:
    """Pathways shipped with the package, or read from TOML files of your own.

    Parameters
    ----------
    path : str or Path, optional
        A TOML file with one pathway, or a folder of them; the shipped ones by default. The file's
        name is the pathway's; its keys are ``title``, ``source``, ``status`` and a table
        ``[[step]]`` with ``test``, ``who`` and ``at`` for each step.
    words : Vocabulary
        That of a scenario (``scenario.words``) whose own findings and tests the pathways use.

    Returns
    -------
    dict of str to Pathway

    Raises
    ------
    ValueError
        For a file that is not there, is not TOML, or describes no pathway; one sentence a problem.

    Examples
    --------
    >>> load_pathways()["deyo_diehl"].tests
    ('xray_lesion', 'esr_mm_h', 'mri_positive')
    """
    if path is None:
        shipped = resources.files(__package__) / "shipped"
        texts = {
            Path(f.name).stem: f.read_text("utf-8")
            for f in shipped.iterdir()
            if f.name.endswith(".toml")
        }
    else:
        texts = {file.stem: file.read_text("utf-8") for file in _files(check_path("path", path))}
    return {name: _from_toml(name, text, words) for name, text in sorted(texts.items())}


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files or not all(file.is_file() and file.suffix == ".toml" for file in files):
        raise ValueError(
            f"path must be a TOML file or a folder of them; got {str(path)!r}. Check that it "
            "exists."
        )
    return files


def _from_toml(name: str, text: str, words: Vocabulary) -> Pathway:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(
            f"pathway {name} must be valid TOML; got: {error}. Mend that line."
        ) from None
    _known_keys(f"pathway {name}", data, ("title", "source", "status", "step"))
    steps = data.pop("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise ValueError(
            f"pathway {name} must have its steps as [[step]] tables; got {steps!r:.80}. Write "
            "[[step]]."
        )
    for i, step in enumerate(steps, 1):
        _known_keys(f"pathway {name}, step {i}", step, ("test", "who", "at"))
        if "test" not in step:
            raise ValueError(
                f"pathway {name}, step {i} must name its test; got none. Write test = "
                "'mri_positive'."
            )
    try:
        return Pathway(name, [Step(**step, words=words) for step in steps], **data)
    except ValueError as error:
        raise ValueError(
            f"{error}" if str(error).startswith("pathway") else f"pathway {name}: {error}"
        ) from None


def _known_keys(where: str, data: Mapping[str, Any], known: tuple[str, ...]) -> None:
    unknown = sorted(set(data) - set(known))
    if unknown:
        raise ValueError(
            f"{where} must have the keys {', '.join(known)}; got {unknown[0]!r}. Remove or rename "
            "it."
        )
