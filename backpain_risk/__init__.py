"""Red flags, post-test probability and risk models for spinal malignancy in back pain.

Evidence -> scenario -> cohort -> model -> risk -> measures -> decision -> report. Synthetic data,
for research; not for clinical use. Names are resolved on first use, so importing the package loads
nothing heavy.

``dir``, ``help`` and ``from backpain_risk import *`` show what works here: names that need the
extra ``bayes`` are shown where it is installed. Elsewhere, naming one says what to install.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import lazy_loader

__version__ = "0.1.0"

_resolve, _, _NAMES = lazy_loader.attach_stub(__name__, __file__)
_SAMPLER = ("jax", "numpyro", "arviz_base", "arviz_stats", "xarray")
_SAMPLED = {
    "BayesianLogisticModel",
    "leave_one_out",
    "power_scaling",
    "predictive_check",
    "simulation_based_calibration",
}

__all__ = sorted(_NAMES if all(find_spec(name) for name in _SAMPLER) else set(_NAMES) - _SAMPLED)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return _resolve(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__name__):
            raise
        raise ImportError(
            f"{name} needs {error.name}, which is not installed. Run: pip install "
            "'backpain-risk[bayes,report]'"
        ) from error
