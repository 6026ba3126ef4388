"""Covariate patterns counted from Parquet files, without loading the patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from ..numerics.patterns import Patterns, distinct_rows, sum_by
from .store import partition_files


def count_patterns(
    parquet_path: str | Path, columns: Sequence[str], *, outcome: str = "outcome", n_jobs: int = 1
) -> Patterns:
    """Collapse a cohort on disk to covariate patterns with counts.

    Parameters
    ----------
    parquet_path : str or Path
        A Parquet file, or a folder of them written by ``simulate_to_parquet``.
    columns : sequence of str
        Predictors of the patterns.
    outcome : str
        Column of the outcome, 0 or 1.
    n_jobs : int
        Workers (joblib); counts from all files add.

    Returns
    -------
    Patterns
        Without ``inverse``, because patients are not kept. ``LogisticModel().fit(*patterns.rows())`` fits from them.

    Notes
    -----
    One row group of a file is in memory at a time per worker.
    """
    path = Path(parquet_path)
    files = partition_files(path) if path.is_dir() else [path]
    _check(files[0], [*columns, outcome])
    tasks = [(file, group) for file in files for group in range(pq.ParquetFile(file).num_row_groups)]
    size = max(1, len(tasks) // (4 * max(n_jobs, 1)))
    pieces = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    counted = Parallel(n_jobs=n_jobs)(delayed(_count)(piece, list(columns), outcome) for piece in pieces)
    return _patterns(_merged(list(counted), list(columns)), list(columns))


def _check(file: Path, wanted: list[str]) -> None:
    if not file.is_file():
        raise ValueError(f"parquet_path must be a Parquet file or a folder of a cohort; {file} does not exist.")
    missing = [column for column in wanted if column not in pq.ParquetFile(file).schema_arrow.names]
    if missing:
        raise ValueError(
            f"columns must be in the files; got {', '.join(missing)}, not in {file.name}. Check the names."
        )


def _count(tasks: list[tuple[Path, int]], columns: list[str], outcome: str) -> pd.DataFrame:
    """Counts of some row groups."""
    parts = []
    for file, group in tasks:
        table = pq.ParquetFile(file).read_row_group(group, columns=[*columns, outcome]).to_pandas()
        table = table.rename(columns={outcome: "__events"}).assign(__n=1.0)
        parts.append(_merged([table], columns))
    return _merged(parts, columns)


def _merged(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Rows of equal columns added up, in ascending order."""
    table = pd.concat(tables, ignore_index=True)
    which, first = distinct_rows([table[column] for column in columns])
    result = table[columns].iloc[first].reset_index(drop=True)
    for name in ("__events", "__n"):
        result[name] = sum_by(which, table[name].to_numpy(np.float64), first.size)
    return result


def _patterns(table: pd.DataFrame, columns: list[str]) -> Patterns:
    return Patterns(X=table[columns], events=table["__events"].to_numpy(), n=table["__n"].to_numpy())
