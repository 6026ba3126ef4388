"""Models on disk: a JSON file of what they learned, where it came from, and an example that loading
recomputes; beside it, where there are large arrays, one NPZ file that the JSON names. No pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import __version__, vocabulary
from ..files import inside, read_json, write_atomically
from ..numerics.checks import FloatArray, check_flag, check_path
from .classifier import RiskClassifier
from .saved_state.whole_file import KINDS, check_file
from .state import numbers

FORMAT = "backpain_risk model"
VERSION = 2
Arrays = dict[str, npt.NDArray[Any]]


def save_model(model: RiskClassifier, path: str | Path, *, patients: bool = True) -> None:
    """Write a fitted model as JSON, and its large arrays as an NPZ file beside it.

    Parameters
    ----------
    model : LogisticModel, LikelihoodRatioModel, BayesianLogisticModel, RecalibratedModel or \
ImputedModel
        Fitted.
    path : str or Path
        Ends in ``.json``.
    patients : bool
        Whether to keep the covariate patterns with their counts, from which a logistic model
        computes profile limits at any level. They are the patients, without order and names, and a
        pattern that one patient has may name that patient to who knows it: save with False what
        leaves your hands. Limits at 95 % and tests are kept either way, and without patterns
        ``conf_int`` at another level is refused, never approximated. True by default, because a
        loaded model is to answer as the saved one did, and nothing leaves the folder by itself. A
        Bayesian model cannot be saved without.

    Raises
    ------
    ValueError
        For a model of another kind, another ending, or a Bayesian model without patients.

    Notes
    -----
    The JSON file holds no patient: the worked example is made from reference values, and covariate
    patterns are in the NPZ file only. Its SHA-256 is over everything else in the file, that of the
    NPZ file included, whose name has the first digits of it. The NPZ file is written first and
    under a new name, and the JSON replaced in one step: whatever stops the writing, the old model
    or the new one is whole, and no pair is mixed. Then the NPZ file that the old JSON named is
    removed; so copy a model by loading and saving it, or copy both files to another folder. Writing
    that was stopped can leave an NPZ file that no JSON names.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import LogisticModel
    >>> model = LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.json")
    ...     loaded = load_model(f"{folder}/model.json")
    >>> float(abs(loaded.risk([[1]]) - model.risk([[1]]))[0])
    0.0
    >>> loaded.result_.conf_int(0.9).equals(model.result_.conf_int(0.9))
    True
    """
    target = check_path("path", path)
    if target.suffix != ".json":
        raise ValueError(f"path must end in .json; got {target.name!r}. Models are saved as JSON.")
    check_flag("patients", patients)
    arrays: Arrays = {}
    state = _folded(model, "model", arrays, patients)
    packed = _packed(arrays)
    digest = hashlib.sha256(packed).hexdigest() if arrays else None
    content = {
        "format": FORMAT,
        "version": VERSION,
        "notice": vocabulary.RESEARCH_NOTICE,
        "package_version": __version__,
        "model": state,
        "arrays": digest and {"file": f"{target.stem}-{digest[:16]}.npz", "sha256": digest},
        "example": _example(model),
    }
    text = json.dumps(content | {"sha256": _digest(content)}, indent=1, allow_nan=False) + "\n"
    old = _arrays_named_by(target)
    if digest:
        name = content["arrays"]["file"]
        write_atomically(target.with_name(name), lambda part: part.write_bytes(packed))
    write_atomically(target, lambda part: part.write_text(text, "utf-8"))
    if old and old != (digest and content["arrays"]["file"]):
        target.with_name(old).unlink(missing_ok=True)


def load_model(path: str | Path) -> Any:
    """Read a model written by :func:`save_model`: of the same class, knowing what it knew.

    Parameters
    ----------
    path : str or Path
        The JSON file; an NPZ file that it names lies beside it.

    Raises
    ------
    ValueError
        For another format or version, a file that was changed or is missing, keys or numbers that
        are missing or disagree, or an example that comes out differently.

    Notes
    -----
    The SHA-256 shows damage, not intent: somebody who signs a file anew can state any model that
    agrees with itself.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import LikelihoodRatioModel
    >>> model = LikelihoodRatioModel.from_evidence(["history_of_cancer"], pretest=0.01)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.json")
    ...     loaded = load_model(f"{folder}/model.json")
    >>> type(loaded).__name__, loaded.pretest_
    ('LikelihoodRatioModel', 0.01)
    """
    target = check_path("path", path)
    if not target.is_file():
        raise ValueError(
            f"path must be a model saved as JSON; {target} is no file. Check the name."
        )
    content = read_json(target, "Save the model again.")
    found = content.pop("format", None)
    version = content.pop("version", None)
    if found != FORMAT or type(version) is not int or version != VERSION:
        raise ValueError(
            f"{target} must be of format {FORMAT!r}, version {VERSION}; got {found!r:.100}, "
            f"version {version!r:.20}. "
            "Save it again with this version of the package."
        )
    _check_digest(content, target)
    arrays = _read_arrays(content.get("arrays"), target)
    try:
        content["model"] = _with_arrays(content.get("model"), arrays)
    except RecursionError:
        raise ValueError(
            f"{target} must hold a whole model; it is nested too deeply. Save the model again."
        ) from None
    check_file(content, target)
    try:
        with np.errstate(all="ignore"):  # absurd numbers are found by the worked example
            model = _restored(content["model"])
            found_risk = _risk_of(model, content["example"])
    except (ValueError, np.linalg.LinAlgError) as error:
        raise ValueError(
            f"{target} must hold a whole model; {' '.join(str(error).split())[:300]} Save the "
            "model again."
        ) from None
    _compare(found_risk, content["example"]["risk"], target)
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


def _folded(value: Any, place: str, arrays: Arrays, patients: bool) -> Any:
    """The state of a model, its arrays set aside under their places and models within folded."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {"array": place}
    if isinstance(value, dict):
        return {key: _folded(x, f"{place}.{key}", arrays, patients) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [_folded(x, f"{place}.{k}", arrays, patients) for k, x in enumerate(value)]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    kind = type(value).__name__
    if kind not in KINDS or type(value) is not _class(kind) or not hasattr(value, "classes_"):
        raise ValueError(
            f"model must be a fitted {', '.join(KINDS)}; got {kind}. Save others with their own "
            "tools."
        )
    state = {"kind": kind, "classes": value.classes_.tolist(), **value.state(patients=patients)}
    return _folded(state, place, arrays, patients)


def _class(kind: str) -> Any:
    """The class of a kind; imported when wanted, because the Bayesian one brings the sampler."""
    return getattr(import_module(KINDS[kind], __package__), kind)


def _with_arrays(value: Any, arrays: Arrays) -> Any:
    """The state with its arrays where they belong."""
    if isinstance(value, list):
        return [_with_arrays(x, arrays) for x in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["array"] and isinstance(value["array"], str):
        return arrays.get(value["array"])
    return {key: _with_arrays(x, arrays) for key, x in value.items()}


def _restored(state: dict[str, Any]) -> Any:
    """The model of a state that was checked; models within first."""
    within = dict(state)
    if "inside" in state:
        within["inside"] = _restored(state["inside"])
    if "models" in state:
        within["models"] = [_restored(one) for one in state["models"]]
    model = _class(state["kind"]).from_state(within)
    model.classes_ = np.array(state["classes"])
    return model


def _packed(arrays: Arrays) -> bytes:
    """The bytes of an NPZ file, the same for the same arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _read_arrays(named: Any, target: Path) -> Arrays:
    """The arrays that the JSON names; none where it names no file."""
    if named is None:
        return {}
    if not (isinstance(named, dict) and isinstance(named.get("file"), str)):
        raise ValueError(
            f"{target} must name its arrays by file and sha256; got {named!r:.60}. Save the model "
            "again."
        )
    file = inside(target.parent, named["file"])
    if not file.is_file():
        raise ValueError(
            f"{target} must lie beside {file.name!r:.120}, which holds its arrays; it is missing. "
            "Copy both, or save the model again."
        )
    packed = file.read_bytes()
    if hashlib.sha256(packed).hexdigest() != named.get("sha256"):
        raise ValueError(
            f"{target} must lie beside arrays of the SHA-256 it states; {file.name} was changed, "
            "damaged or belongs to another model. Save the model again."
        )
    try:
        with np.load(io.BytesIO(packed), allow_pickle=False) as opened:
            return dict(opened)
    except (ValueError, OSError, EOFError, MemoryError, TypeError, zipfile.BadZipFile) as error:
        why = " ".join(str(error).split())[:100]
        raise ValueError(
            f"{target} must have plain arrays in {file.name}; got {why}. Save the model again."
        ) from None


def _arrays_named_by(target: Path) -> str:
    """The NPZ file of the model that is to be replaced, where it is one of ours."""
    with suppress(ValueError, OSError, AttributeError, TypeError):
        named = read_json(target)["arrays"]["file"]
        if re.fullmatch(re.escape(target.stem) + r"-[0-9a-f]{16}\.npz", named):
            return str(named)
    return ""


def _example(model: Any) -> dict[str, Any]:
    """Made-up patients and their risk: reference values, every column raised, and for a model that
    completes patients one whose first value is missing.
    """
    inmost = model
    imputed = False
    while not hasattr(inmost, "example_rows"):
        imputed = imputed or hasattr(inmost, "models_")
        inmost = inmost.models_[0] if hasattr(inmost, "models_") else inmost.model
    rows = inmost.example_rows()
    if imputed:
        rows = rows.apply(pd.to_numeric)
        rows = pd.concat([rows, rows.tail(1)], ignore_index=True).astype(object)
        rows.iloc[-1, 0] = np.nan
    named = hasattr(inmost, "feature_names_in_") or not hasattr(inmost, "n_features_in_")
    return {
        "rows": {str(name): [_plain(x) for x in column] for name, column in rows.items()},
        "named": named,
        "risk": model.risk(_as_given(rows, named)).tolist(),
    }


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else numbers(float(value))


def _as_given(rows: pd.DataFrame, named: bool) -> Any:
    """Columns of numbers, and of text where the site is."""
    typed = rows.infer_objects()
    return typed if named else typed.to_numpy()


def _risk_of(model: Any, example: dict[str, Any]) -> FloatArray:
    rows = pd.DataFrame(example["rows"]).replace("nan", np.nan)
    return np.asarray(model.risk(_as_given(rows, example["named"])))


def _compare(found: FloatArray, stated: list[float], target: Path) -> None:
    if not np.allclose(found, stated, rtol=1e-9, atol=1e-15):
        raise ValueError(
            f"{target} must give its own worked example {stated}; got {found.tolist()}. "
            "Do not trust it: save it again."
        )
