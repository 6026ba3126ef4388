"""Scenarios from TOML: what a file states, over what it extends, over the published evidence."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from .. import vocabulary
from ..evidence.band_accuracy import BandAccuracy
from ..evidence.diagnostic_accuracy import Accuracy
from ..evidence.tables import Evidence, load_evidence
from ..numerics.checks import check_kind, check_path
from .problems import shortened
from .scenario import Scenario, merged, moved_interval, positive_probabilities, validated

SHIPPED = tuple(vocabulary.SETTINGS)
_DEEPEST = 8  # levels of tables; a scenario needs five


def load_scenario(name_or_path: str | Path, *, evidence: Evidence | None = None) -> Scenario:
    """Load a shipped scenario by name, or a user's own TOML file.

    Parameters
    ----------
    name_or_path : str or Path
        ``"primary_care"``, ``"walk_in"``, ``"primary_care_pooled"``, ``"emergency_department"``,
        ``"spine_clinic"``, or the path of a TOML file. A file may start from another scenario with
        ``extends = "primary_care"``; accuracy and case mix that it does not state come from the
        evidence tables. A file that states a base rate without its interval takes the interval of
        what it extends along on the logit scale, as :meth:`Scenario.replace` does, and the base
        rate then counts as assumed unless it says otherwise. A finding or test that the vocabulary
        lacks is declared by ``new`` beside its accuracy and effects::

            [findings.thoracic_pain]
            new = { label = "Thoracic pain", definition = "Pain of the upper back" }
            sensitivity = 0.20
            specificity = 0.93

            [laboratory.crp_mg_l]
            new = { label = "CRP", unit = "mg/L", low = 1, high = 300, cutoffs = [10, 50] }
            sensitivity = [0.75, 0.45]
            specificity = [0.70, 0.95]
    evidence : Evidence, optional
        Where accuracy and case mix come from that the file does not state; findings and tests that
        it declares become those of the scenario. The packaged tables when None.

    Raises
    ------
    ValueError
        For an unknown name or key and for numbers out of range, every problem at once.

    Examples
    --------
    >>> load_scenario("primary_care").base_rate
    0.01
    """
    check_path("name_or_path", name_or_path)
    data, name = _read(name_or_path)
    if evidence is not None:
        check_kind("evidence", evidence, Evidence, "Load it with load_evidence.")
    filled = _with_evidence(data, load_evidence() if evidence is None else evidence)
    return validated({"name": name, **filled}, f"scenario {shortened(str(name_or_path))}")


def _read(name_or_path: str | Path, below: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
    """The TOML of a scenario, merged over what it extends, and its name; ``below`` are the files
    that extend it.
    """
    path = Path(name_or_path)
    given = str(name_or_path)
    if given in SHIPPED:
        text = (resources.files(__package__) / "settings" / f"{given}.toml").read_text("utf-8")
    elif path.suffix == ".toml" and path.is_file():
        text = _text(path)
    else:
        raise ValueError(
            f"scenario must be one of {', '.join(SHIPPED)} or the path of a TOML file; got "
            f"{shortened(given)!r}. "
            "Check the name, or that the file exists."
        )
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = (
            "tables nested too deeply"
            if isinstance(error, RecursionError)
            else shortened(str(error))
        )
        raise ValueError(
            f"scenario {shortened(given)} must be valid TOML; got: {why}. Mend that line."
        ) from None
    if _depth(data) > _DEEPEST:
        raise ValueError(
            f"scenario {shortened(given)} must nest tables at most {_DEEPEST} deep; got more. "
            "Flatten it."
        )
    return _extended(data, (*below, given)), path.stem


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise ValueError(
            f"scenario {shortened(str(path))} must be UTF-8 text; got other bytes. Save it so."
        ) from None


def _depth(data: Any) -> int:
    """How deep tables nest, without recursion."""
    depth = 0
    level = [data]
    while level:
        depth = depth + 1
        level = [v for table in level if isinstance(table, dict) for v in table.values()]
    return depth


def _extended(data: dict[str, Any], below: tuple[str, ...]) -> dict[str, Any]:
    """What a file states, over what it extends. A base rate stated alone takes the interval
    along and is assumed.
    """
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise ValueError(
            "extends must be the name or path of a scenario, as text; got a "
            f"{type(parent).__name__}."
        )
    if str(parent) in below:
        raise ValueError(
            "scenarios must not extend themselves; got "
            f"{' -> '.join(map(shortened, (*below[-3:], parent)))}. Break it."
        )
    inherited = _read(parent, below)[0]
    rate = data.get("base_rate")
    if isinstance(rate, float) and 0 < rate < 1 and "base_rate_interval" not in data:
        moved = moved_interval(inherited["base_rate_interval"], inherited["base_rate"], rate)
        inherited |= {"base_rate_interval": moved, "base_rate_status": "assumed"}
    return merged(inherited, data)


def _with_evidence(data: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Fill accuracy and case mix that the file does not state."""
    findings = {
        key: _published(evidence.finding(key)) | _declared(evidence.words, key)
        for key in (*evidence.words.findings, *evidence.words.imaging)
    }
    laboratory = {
        key: _published_bands(evidence.bands(key), test) | _declared(evidence.words, key)
        for key, test in evidence.words.laboratory.items()
    }
    shares = evidence.case_mix[evidence.case_mix.preferred == 1]
    causes = {
        str(r.key): {"share": r.share, "status": r.status}
        for r in shares[shares.group == "cause"].itertuples()
    }
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
            if isinstance(stated, Mapping) and {"sensitivity", "specificity", "share"} & set(
                stated
            ):
                entries[key] = {
                    k: v for k, v in entries.get(key, {}).items() if k not in _PROVENANCE
                }
    return merged(published, data)


_PROVENANCE = ("accuracy_status", "study", "status", "lr_positive_below")


def _published(accuracy: Accuracy) -> dict[str, Any]:
    return {
        "sensitivity": accuracy.tp / (accuracy.tp + accuracy.fn),
        "specificity": accuracy.tn / (accuracy.tn + accuracy.fp),
        "effective_n_malignant": accuracy.tp + accuracy.fn,
        "effective_n_non_malignant": accuracy.tn + accuracy.fp,
        "accuracy_status": accuracy.status,
        "study": accuracy.study,
        "lr_positive_below": accuracy.lr_positive_below
        if np.isfinite(accuracy.lr_positive_below)
        else None,
    }


def _declared(words: vocabulary.Vocabulary, key: str) -> dict[str, Any]:
    """What a finding is that evidence declares, as a scenario says it."""
    if key in vocabulary.ALL:
        return {}
    term = words.columns[key]
    new: dict[str, Any] = {"label": term.label, "definition": term.definition}
    if isinstance(term, vocabulary.Finding):
        return {"new": new | {"group": term.group}}
    names = ("unit", "low", "high", "step", "cutoffs", "abnormal")
    return {"new": new | {name: getattr(term, name) for name in names}}


def _published_bands(bands: BandAccuracy, test: vocabulary.Measurement) -> dict[str, Any]:
    abnormal = test.abnormal
    return {
        "sensitivity": tuple(positive_probabilities(bands.malignant, abnormal)),
        "specificity": tuple(1 - positive_probabilities(bands.non_malignant, abnormal)),
        "effective_n_malignant": bands.effective_n_malignant,
        "effective_n_non_malignant": bands.effective_n_non_malignant,
        "accuracy_status": bands.status,
        "study": bands.study,
    }


def file_schema() -> dict[str, Any]:
    """JSON schema of a scenario file: nothing is required, because what is not stated comes from
    elsewhere.
    """
    schema = Scenario.model_json_schema()
    schema["properties"].pop("name", None)
    schema["properties"]["extends"] = {
        "enum": list(SHIPPED),
        "description": "scenario to start from",
    }
    for part in (schema, *schema["$defs"].values()):
        part.pop("required", None)
    return schema
