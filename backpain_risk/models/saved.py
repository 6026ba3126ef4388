"""Models as JSON: what they learned, where it came from, and an example that loading recomputes.
No pickle.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__, vocabulary
from ..evidence.band_accuracy import BandAccuracy
from ..evidence.diagnostic_accuracy import Accuracy
from ..files import read_json, write_atomically
from ..numerics.checks import FloatArray, check_path
from ..results.notebook import as_html
from .classifier import RiskClassifier
from .design import Design
from .likelihood_ratio.levels import Counts, FindingLevels
from .likelihood_ratio.model import LikelihoodRatioModel
from .logistic.model import LogisticModel
from .recalibrated import RecalibratedModel
from .saved_state import check_file

FORMAT, VERSION = "backpain_risk model", 1


@dataclass(frozen=True, eq=False, kw_only=True)
class SavedLogisticResult:
    """What a loaded logistic model knows of its fit: the table, without the likelihood it came
    from.

    ``table`` has coefficient, standard_error, odds_ratio, low and high (95 % profile limits) per
    term.
    """

    table: pd.DataFrame
    n: float
    n_events: float
    penalty: str | None
    correction: str
    converged: bool

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table)


def save_model(model: RiskClassifier, path: str | Path) -> None:
    """Write a fitted model as JSON.

    Parameters
    ----------
    model : LogisticModel, LikelihoodRatioModel or RecalibratedModel
        Fitted.
    path : str or Path
        Ends in ``.json``.

    Notes
    -----
    The file holds no patient: the worked example is made from reference values. Its SHA-256 is over
    everything else in the file. A file that is there is replaced in one step: whatever stops the
    writing, the old model or the new one is whole.

    Examples
    --------
    >>> import tempfile
    >>> model = LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.json")
    ...     float(abs(load_model(f"{folder}/model.json").risk([[1]]) - model.risk([[1]]))[0])
    0.0
    """
    target = check_path("path", path)
    if target.suffix != ".json":
        raise ValueError(f"path must end in .json; got {target.name!r}. Models are saved as JSON.")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "notice": vocabulary.RESEARCH_NOTICE,
        "package_version": __version__,
        "model": _state(model),
        "example": _example(model),
    }
    text = json.dumps(content | {"sha256": _digest(content)}, indent=1, allow_nan=False) + "\n"
    write_atomically(target, lambda part: part.write_text(text, "utf-8"))


def load_model(path: str | Path) -> Any:
    """Read a model written by :func:`save_model`.

    Raises
    ------
    ValueError
        For another format or version, a file that was changed, keys or numbers that are missing or
        disagree, or an example that comes out differently.

    Notes
    -----
    The SHA-256 shows damage, not intent: somebody who signs a file anew can state any model that
    agrees with itself.
    """
    target = check_path("path", path)
    if not target.is_file():
        raise ValueError(
            f"path must be a model saved as JSON; {target} is no file. Check the name."
        )
    content = read_json(target, "Save the model again.")
    found, version = content.pop("format", None), content.pop("version", None)
    if found != FORMAT or type(version) is not int or version != VERSION:
        raise ValueError(
            f"{target} must be of format {FORMAT!r}, version {VERSION}; got {found!r:.100}, "
            f"version {version!r:.20}. "
            "Save it again with this version of the package."
        )
    _check_digest(content, target)
    check_file(content, target)
    model = _restored(content["model"])
    _recompute(model, content["example"], target)
    return model


def _check_digest(content: dict[str, Any], target: Path) -> None:
    """Take the digest out of the content and compare it with that of the rest."""
    expected = content.pop("sha256", None)
    try:
        found = _digest({"format": FORMAT, "version": VERSION} | content)
    except (ValueError, RecursionError):  # what JSON cannot hold: infinite numbers, endless nesting
        found = ""
    if found != expected:
        raise ValueError(
            f"{target} must have the SHA-256 it states; it was changed by hand or damaged. Save "
            "it again."
        )


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, allow_nan=False).encode()).hexdigest()


def _state(model: Any) -> dict[str, Any]:
    for kind, (cls, dump, _) in _KINDS.items():
        if type(model) is cls:
            return {"kind": kind, "classes": model.classes_.tolist(), **dump(model)}
    known = ", ".join(_KINDS)
    raise ValueError(
        f"model must be a fitted {known}; got {type(model).__name__}. Save others with their own "
        "tools."
    )


def _restored(state: dict[str, Any]) -> Any:
    _, _, restore = _KINDS[state["kind"]]
    model = restore(state)
    model.classes_ = np.array(state["classes"])
    if state.get("columns"):
        model.n_features_in_ = len(state["columns"])
        if state.get("named", True):
            model.feature_names_in_ = np.array(state["columns"], dtype=object)
    return model


def _numbers(values: FloatArray | float) -> Any:
    """Nested lists; what JSON has no numbers for, infinities and NaN, as text."""
    if isinstance(values, np.ndarray):
        return [_numbers(value) for value in values]
    return float(values) if np.isfinite(values) else str(float(values))


def _array(values: list[Any]) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _dump_logistic(model: LogisticModel) -> dict[str, Any]:
    table, design = model.result_.to_frame(), model.design_
    return {
        "columns": list(design.columns),
        "named": hasattr(model, "feature_names_in_"),
        "options": {
            "penalty": model.penalty,
            "correction": model.correction,
            "ridge_strength": model.ridge_strength,
        },
        "knots": {str(j): knots.tolist() for j, knots in design.knots.items()},
        "interactions": [list(pair) for pair in design.interactions],
        "coefficient": _numbers(model.finite_coefficient_),
        "direction": _numbers(model.direction_),
        "covariance": _numbers(model.covariance_),
        "reference": _numbers(model.reference_),
        "range": _numbers(model.range_),
        "result": {
            "terms": list(table.index),
            **{name: _numbers(table[name].to_numpy()) for name in table.columns},
        },
        "n": model.result_.n,
        "n_events": model.result_.n_events,
        "converged": model.result_.converged,
    }


def _restore_logistic(state: dict[str, Any]) -> LogisticModel:
    columns = tuple(state["columns"])
    splines = {columns[int(j)]: len(knots) for j, knots in state["knots"].items()}
    pairs = [tuple(columns[j] for j in pair) for pair in state["interactions"]]
    model = LogisticModel(splines=splines or None, interactions=pairs, **state["options"])
    model.design_ = Design(
        columns=columns,
        knots={int(j): _array(knots) for j, knots in state["knots"].items()},
        interactions=tuple((int(a), int(b)) for a, b in state["interactions"]),
    )
    model.finite_coefficient_, model.direction_ = (
        _array(state["coefficient"]),
        _array(state["direction"]),
    )
    model.covariance_, model.reference_ = _array(state["covariance"]), _array(state["reference"])
    model.range_ = _array(state["range"])
    result = dict(state["result"])
    table = pd.DataFrame(
        {k: _array(v) for k, v in result.items() if k != "terms"},
        index=pd.Index(result["terms"], name="term"),
    )
    model.intercept_ = table.coefficient.to_numpy()[:1]
    model.coef_ = table.coefficient.to_numpy()[None, 1:]
    kept = {key: state[key] for key in ("n", "n_events", "converged")}
    options = {"penalty": state["options"]["penalty"], "correction": state["options"]["correction"]}
    model.result_ = SavedLogisticResult(table=table, **kept, **options)  # type: ignore[assignment]
    return model


def _dump_ratios(model: LikelihoodRatioModel) -> dict[str, Any]:
    names = getattr(model, "feature_names_in_", None)
    return {
        "columns": [] if names is None else list(map(str, names)),
        "dependence": model.dependence,
        "pretest": model.pretest_,
        "baseline": model.baseline_,
        "exponents": dict(model.exponents_),
        "findings": [_dump_levels(levels) for levels in model.findings_.values()],
    }


def _dump_levels(levels: FindingLevels) -> dict[str, Any]:
    source = levels.source
    values = {
        k: _numbers(v) if isinstance(v, (np.ndarray, float)) else v for k, v in vars(source).items()
    }
    return {
        "key": levels.key,
        "labels": list(levels.labels),
        "edges": levels.edges.tolist(),
        "source": type(source).__name__,
        "values": values,
    }


def _restore_levels(state: dict[str, Any]) -> FindingLevels:
    kind: Any = {"Accuracy": Accuracy, "BandAccuracy": BandAccuracy, "Counts": Counts}[
        state["source"]
    ]
    arrays = ("malignant", "healthy", "events", "others")
    values: dict[str, Any] = {
        k: _array(v) if k in arrays else tuple(v) if k == "labels" else v
        for k, v in state["values"].items()
    }
    if state["source"] == "Accuracy":  # infinite, so written as text, where no bound is reported
        values["lr_positive_below"] = float(values["lr_positive_below"])
    return FindingLevels(
        key=state["key"],
        labels=tuple(state["labels"]),
        edges=_array(state["edges"]),
        source=kind(**values),
    )


def _restore_ratios(state: dict[str, Any]) -> LikelihoodRatioModel:
    findings = {entry["key"]: _restore_levels(entry) for entry in state["findings"]}
    model = LikelihoodRatioModel(None, None, state["dependence"])
    model._keep(findings, state["pretest"])
    model.baseline_, model.exponents_ = state["baseline"], dict(state["exponents"])
    return model


def _dump_recalibrated(model: RecalibratedModel) -> dict[str, Any]:
    options = {"method": model.method, "from_": model.from_, "to": model.to}
    return {
        "options": options,
        "intercept": model.intercept_,
        "slope": model.slope_,
        "inside": _state(model.model),
    }


def _restore_recalibrated(state: dict[str, Any]) -> RecalibratedModel:
    model = RecalibratedModel(_restored(state["inside"]), **state["options"])
    return model._keep(state["intercept"], state["slope"])


_KINDS: dict[str, tuple[type[Any], Any, Any]] = {
    "LogisticModel": (LogisticModel, _dump_logistic, _restore_logistic),
    "LikelihoodRatioModel": (LikelihoodRatioModel, _dump_ratios, _restore_ratios),
    "RecalibratedModel": (RecalibratedModel, _dump_recalibrated, _restore_recalibrated),
}


def _example(model: Any) -> dict[str, Any]:
    """Two made-up patients and their risk: reference values, and every column raised."""
    inside = model
    while isinstance(inside, RecalibratedModel):
        inside = inside.model
    if isinstance(inside, LogisticModel):
        rows = pd.DataFrame(
            [inside.reference_, inside.range_[1]], columns=list(inside.design_.columns)
        )
        table: Any = rows if hasattr(inside, "feature_names_in_") else rows.to_numpy()
    else:
        rows = pd.DataFrame({key: f.extremes() for key, f in inside.findings_.items()})
        table = rows
    return {
        "rows": rows.to_dict("list"),
        "named": isinstance(table, pd.DataFrame),
        "risk": model.risk(table).tolist(),
    }


def _recompute(model: Any, example: dict[str, Any], target: Path) -> None:
    rows = pd.DataFrame(example["rows"])
    with np.errstate(all="ignore"):
        found = model.risk(rows if example["named"] else rows.to_numpy())
    if not np.allclose(found, example["risk"], rtol=1e-9, atol=1e-15):
        raise ValueError(
            f"{target} must give its own worked example {example['risk']}; got {found.tolist()}. "
            "Do not trust it: save "
            "it again."
        )
