"""Sample sizes of pmsampsize and pmvalsampsize.

Python 3.12, in an environment of its own: pip install pmsampsize==0.1.0 pmvalsampsize==0.2.1
"pandas<3" python make_planning.py > planning.json
"""

from __future__ import annotations

import json
from importlib.metadata import version

DEVELOPMENT = [
    (0.01, 10, 0.0138, 0.9),
    (0.01, 12, 0.02, 0.9),
    (0.01, 24, 0.03, 0.95),
    (0.0032, 12, 0.0045, 0.9),
    (0.0066, 9, 0.015, 0.85),
    (0.03, 15, 0.04, 0.9),
    (0.05, 8, 0.1, 0.9),
    (0.1, 30, 0.1, 0.9),
    (0.174, 24, 0.288, 0.9),
    (0.2, 20, 0.2, 0.8),
    (0.5, 10, 0.3, 0.9),
    (0.77, 17, 0.21, 0.9),
    (0.9, 1, 0.05, 0.9),
]
VALIDATION = [
    {"prevalence": 0.018, "cstatistic": 0.8, "oeciwidth": 1, "cstatciwidth": 0.1},
    {"prevalence": 0.01, "cstatistic": 0.8, "oeciwidth": 0.4, "cstatciwidth": 0.05},
    {"prevalence": 0.0032, "cstatistic": 0.88, "oeciwidth": 0.2, "cstatciwidth": 0.06},
    {"prevalence": 0.03, "cstatistic": 0.7, "oeciwidth": 0.3, "cstatciwidth": 0.05},
    {"prevalence": 0.2, "cstatistic": 0.95, "oeciwidth": 0.5, "cstatciwidth": 0.1},
    {"prevalence": 0.5, "cstatistic": 0.6, "oeciwidth": 0.2, "cstatciwidth": 0.2},
]


def development(prevalence, parameters, r2, shrinkage):
    from pmsampsize.pmsampsize import pmsampsize

    out = pmsampsize(
        type="b",
        csrsquared=r2,
        parameters=parameters,
        prevalence=prevalence,
        shrinkage=shrinkage,
        noprint=True,
    )
    return {
        "prevalence": prevalence,
        "n_parameters": parameters,
        "r2_cox_snell": r2,
        "shrinkage": shrinkage,
        "n": [row[1] for row in out["results_table"] if str(row[0]).startswith("Criteria")],
    }


def validation(case):
    from pmvalsampsize.pmvalsampsize import pmvalsampsize

    rows = pmvalsampsize(type="b", lpnormal=(-4, 1), simobs=1000, noprint=True, **case)[
        "results_table"
    ]
    n = {
        str(row[0]).split(" - ")[-1]: int(row[1])
        for row in rows
        if str(row[0]).startswith("Criteria")
    }
    return {**case, "observed_expected": n["O/E"], "c_statistic": n["C statistic"]}


if __name__ == "__main__":
    print(
        json.dumps(
            {
                "made_with": {name: version(name) for name in ("pmsampsize", "pmvalsampsize")},
                "development": [development(*case) for case in DEVELOPMENT],
                "validation": [validation(case) for case in VALIDATION],
            },
            indent=1,
        )
    )
