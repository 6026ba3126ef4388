"""Seconds that the Gaussian copula sampler behind SDV takes to draw as many rows of as many
columns.

Marginals are beta, SDV's default; the fit on 2 000 patients is not timed.
"""

import statistics
import sys
import time
import warnings

import pandas as pd
from copulas.multivariate import GaussianMultivariate
from copulas.univariate import BetaUnivariate

warnings.filterwarnings("ignore")
path = sys.argv[1]
rows = int(sys.argv[2])
table = pd.read_csv(path, nrows=2000)
table = table[[c for c in table.columns if not c.startswith("latent_")]].astype(float)
model = GaussianMultivariate(distribution=BetaUnivariate)
model.fit(table)
model.sample(10)
times = []
for _ in range(3):
    start = time.perf_counter()
    model.sample(rows)
    times.append(time.perf_counter() - start)
print(statistics.median(times))
