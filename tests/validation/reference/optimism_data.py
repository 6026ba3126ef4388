"""Patients and resamples for optimism.R: python optimism_data.py FOLDER writes patients.csv and
rows.csv (from 1).
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd


def patients():
    """400 patients with a common outcome, three findings and a measurement."""
    rng = np.random.default_rng(20)
    X = pd.DataFrame(
        {
            f"flag{j}": (rng.random(400) < share).astype(int)
            for j, share in enumerate((0.1, 0.3, 0.6))
        }
    )
    X["value"] = rng.normal(size=400).round(2)
    eta = -2.2 + X.to_numpy() @ np.array([1.2, 0.4, -0.3, 0.5])
    return X, (rng.random(400) < 1 / (1 + np.exp(-eta))).astype(int)


def rows():
    """Sixty resamples, row numbers from 0."""
    return np.random.default_rng(21).integers(400, size=(60, 400))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    X, y = patients()
    X.assign(y=y).to_csv(folder / "patients.csv", index=False)
    pd.DataFrame(rows().T + 1).to_csv(folder / "rows.csv", index=False, header=False)
