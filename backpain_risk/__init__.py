"""Red flags, post-test probability and risk models for spinal malignancy in back pain.

Evidence -> scenario -> cohort -> model -> risk -> measures -> decision -> report. Synthetic data,
for research; not for clinical use. Names are resolved on first use, so importing the package loads
nothing heavy.
"""

from __future__ import annotations

from typing import Any

import lazy_loader

__version__ = "0.1.0"

_resolve, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
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
