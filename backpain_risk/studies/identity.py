"""Names for what was asked, made from its content: a changed method or setting is another one."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from ..numerics.values import shown


def digest_of(content: Any) -> str:
    """SHA-256, in hexadecimal, of what :func:`described` says.

    Examples
    --------
    >>> digest_of({"a": 1.0}) == digest_of({"a": 1.0}), digest_of([1]) == digest_of([2])
    (True, False)
    """
    text = json.dumps(described(content), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def described(value: Any) -> Any:
    """A value as JSON can hold it: numbers exactly, objects by class, version and parameters.

    Raises
    ------
    ValueError
        For an object whose content cannot be told, and so whose change would pass unseen.
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (float, np.generic)):
        return {"number": repr(value.item() if isinstance(value, np.generic) else value)}
    if isinstance(value, Mapping):
        return {"mapping": [[described(k), described(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [described(each) for each in value]
    if isinstance(value, np.ndarray):
        return {"array": str(value.dtype), "of": described(value.tolist())}
    if isinstance(value, pd.DataFrame):
        return {"table": value.to_csv(float_format=repr)}
    if isinstance(value, BaseModel):
        return {"class": class_name(type(value)), "of": value.model_dump(mode="json")}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            "class": class_name(type(value)),
            "of": {f.name: described(getattr(value, f.name)) for f in fields(value)},
        }
    if hasattr(value, "get_params"):
        parameters = value.get_params(deep=False)
        return {
            "class": class_name(type(value)),
            "of": {k: described(parameters[k]) for k in parameters},
        }
    if inspect.isfunction(value) or isinstance(value, type):
        return {"code": class_name(value)}
    raise ValueError(
        f"methods must have parameters whose content can be told; got {shown(value)}. Pass "
        "numbers, text, tables, dataclasses or estimators."
    )


def class_name(kind: Any) -> str:
    """Full name of a class or function, with the version of its package, or its code where it has
    none.
    """
    name = f"{kind.__module__}.{kind.__qualname__}"
    package = sys.modules.get(kind.__module__.split(".")[0])
    version = getattr(package, "__version__", None)
    return f"{name} {version}" if version else f"{name} {_code(kind)}"


def _code(kind: Any) -> str:
    try:
        text = inspect.getsource(kind)
    except (OSError, TypeError):
        text = repr(getattr(kind, "__code__", None) and kind.__code__.co_code.hex())
    return hashlib.sha256(text.encode()).hexdigest()[:16]
