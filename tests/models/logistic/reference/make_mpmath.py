"""Logistic fits in 60-digit arithmetic, for test_logistic_digits.py.

    python tests/models/logistic/reference/make_mpmath.py

writes mpmath.json beside this file: the data (short decimals, so that they are exact on every
machine), coefficients and standard errors to 25 digits, and the condition number of the information
scaled to unit diagonal.
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp
import numpy as np

mp.mp.dps = 60


def decimals(values: np.ndarray, digits: int) -> list[str]:
    return [f"{value:.{digits}g}" for value in values]


def cases() -> dict[str, dict[str, list]]:
    """Columns as strings, events and patients per row, offset per row."""
    rng = np.random.default_rng(20260101)
    result = {}

    def add(name, columns, log_odds, n=None, offset=None, digits=6):
        columns = [decimals(c, digits) for c in columns]
        size = len(columns[0])
        n = np.ones(size, dtype=int) if n is None else n
        offset = decimals(np.zeros(size) if offset is None else offset, 4)
        risk = 1 / (1 + np.exp(-(log_odds + np.array(offset, float))))
        events = rng.binomial(n, risk)
        result[name] = {
            "columns": columns,
            "events": events.tolist(),
            "n": n.tolist(),
            "offset": offset,
        }

    a, b, c = rng.normal(size=(3, 150))
    add("benign", [a, b, c], -0.3 + 0.8 * a - 0.5 * b + 0.2 * c)
    patterns = np.array([[i >> j & 1 for j in range(6)] for i in range(64)]).T
    share = np.prod(
        np.where(patterns == 1, np.array([[0.3], [0.05], [0.1], [0.5], [0.4], [0.05]]), 0.5), axis=0
    )
    n = rng.multinomial(3000, share / share.sum())
    add(
        "rare",
        list(patterns[:, n > 0]),
        -5.5 + np.array([1.2, 2.0, 0.7, 0.9, 0.1, 0.8]) @ patterns[:, n > 0],
        n=n[n > 0],
    )
    x = rng.normal(size=200)
    add(
        "collinear",
        [x, x + 1e-3 * rng.normal(size=200), rng.normal(size=200)],
        0.5 * x - 0.2,
        digits=9,
    )
    age = rng.integers(18, 96, 250)
    add("badly scaled", [age * 1e6, rng.normal(size=250) * 1e-6, age**2], -3 + 0.03 * age)
    levels = rng.integers(0, 4, (2, 40))
    add(
        "grouped", list(levels), -2 + 0.4 * levels[0] - 0.2 * levels[1], n=rng.integers(5, 4000, 40)
    )
    y = rng.normal(size=(2, 120))
    add(
        "offset and weights",
        list(y),
        -1 + 0.5 * y[0],
        n=rng.integers(1, 9, 120),
        offset=rng.normal(size=120),
    )
    return result


def fit(case: dict[str, list]) -> dict[str, object]:
    rows = [
        [mp.mpf(1), *(mp.mpf(column[i]) for column in case["columns"])]
        for i in range(len(case["n"]))
    ]
    X = mp.matrix(rows)
    offset = [mp.mpf(value) for value in case["offset"]]
    # work on columns divided by their largest entry, so that 60 digits are plenty
    scale = [max(abs(X[i, j]) for i in range(X.rows)) for j in range(X.cols)]
    for j in range(X.cols):
        for i in range(X.rows):
            X[i, j] /= scale[j]
    beta = mp.matrix(X.cols, 1)
    for _ in range(100):
        eta = X * beta
        risk = [1 / (1 + mp.exp(-(eta[i] + offset[i]))) for i in range(X.rows)]
        gradient = mp.matrix(X.cols, 1)
        information = mp.matrix(X.cols, X.cols)
        for i in range(X.rows):
            residual = case["events"][i] - case["n"][i] * risk[i]
            weight = case["n"][i] * risk[i] * (1 - risk[i])
            for j in range(X.cols):
                gradient[j] += residual * X[i, j]
                for k in range(X.cols):
                    information[j, k] += weight * X[i, j] * X[i, k]
        step = mp.lu_solve(information, gradient)
        beta += step
        if mp.norm(step) < mp.mpf(10) ** -50:
            break
    inverse = information**-1
    scaled = np.array(
        [
            [
                float(information[j, k] / mp.sqrt(information[j, j] * information[k, k]))
                for k in range(X.cols)
            ]
            for j in range(X.cols)
        ]
    )
    return {
        "coefficient": [mp.nstr(beta[j] / scale[j], 25) for j in range(X.cols)],
        "standard_error": [mp.nstr(mp.sqrt(inverse[j, j]) / scale[j], 25) for j in range(X.cols)],
        "condition": float(np.linalg.cond(scaled)),
    }


if __name__ == "__main__":
    done = {name: case | fit(case) for name, case in cases().items()}
    for name, case in done.items():
        print(
            f"{name:20s} rows {len(case['n']):4d} events {sum(case['events']):6d} condition "
            f"{case['condition']:.3g}"
        )
    Path(__file__).with_name("mpmath.json").write_text(json.dumps(done) + "\n", "utf-8")
