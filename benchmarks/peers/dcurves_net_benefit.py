"""Seconds that dcurves takes for the net benefit of the models in an .npz file (outcome: y) at
its thresholds.
"""

import statistics
import sys
import time
import warnings

import dcurves
import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
arrays = dict(np.load(sys.argv[1]))
thresholds = arrays.pop("thresholds")
table = pd.DataFrame(arrays)
models = [name for name in table.columns if name != "y"]
times = []
for _ in range(3):
    start = time.perf_counter()
    dcurves.dca(data=table, outcome="y", modelnames=models, thresholds=thresholds)
    times.append(time.perf_counter() - start)
print(statistics.median(times))
