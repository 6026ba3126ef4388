"""Covariate patterns counted from Parquet files, without loading the patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from ..numerics.checks import check_kind, check_name, check_names, check_outcome, check_workers
from ..numerics.patterns import Patterns, distinct_rows, sum_by
from ..numerics.values import shown
from .manifest import own_manifest
from .store import partition_files, reading
from .stored_columns import refuse_values


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
        Without ``inverse``, because patients are not kept.
        ``LogisticModel().fit(*patterns.rows())`` fits from them.

    Raises
    ------
    ValueError
        When a file is damaged or differs from its manifest, the outcome is not 0 or 1, or a value
        breaks the rules of the vocabulary.

    Notes
    -----
    One row group of a file is in memory at a time per worker.
    """
    check_kind("parquet_path", parquet_path, (str, Path), "Pass the path of a file or folder.")
    path = Path(parquet_path)
    wanted = list(check_names("columns", columns))
    if not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(
            f"columns must name one or more columns, each once; got {shown(columns)}. Leave "
            "repeats out."
        )
    check_name("outcome", outcome)
    check_workers("n_jobs", n_jobs)
    files = _files(path)
    tasks = [(file, group) for file in files for group in range(_groups(file, [*wanted, outcome]))]
    size = max(1, len(tasks) // (4 * max(n_jobs, 1)))
    pieces = [tasks[i : i + size] for i in range(0, len(tasks), size)]
    counted = Parallel(n_jobs=n_jobs)(delayed(_count)(piece, wanted, outcome) for piece in pieces)
    patterns = _merged(list(counted), wanted)
    refuse_values(patterns[wanted], (patterns["__events"] > 0).astype(int), f"patterns of {path}")
    return Patterns(
        X=patterns[wanted], events=patterns["__events"].to_numpy(), n=patterns["__n"].to_numpy()
    )


def _files(path: Path) -> list[Path]:
    """The files of a folder, or one file, every byte as its manifest says; a file without a
    manifest as it is.
    """
    if path.is_dir():
        return partition_files(path)
    if not path.is_file():
        raise ValueError(
            f"parquet_path must be a Parquet file or a folder of a cohort; {path} does not exist."
        )
    own_manifest(path)
    return [path]


def _groups(file: Path, wanted: list[str]) -> int:
    """Row groups of a file that holds the columns."""
    with reading(file):
        opened = pq.ParquetFile(file)
    missing = [column for column in wanted if column not in opened.schema_arrow.names]
    if missing:
        raise ValueError(
            f"columns must be in the files; got {', '.join(missing)}, not in {file.name}. Check "
            "the names."
        )
    return opened.num_row_groups


def _count(tasks: list[tuple[Path, int]], columns: list[str], outcome: str) -> pd.DataFrame:
    """Counts of some row groups."""
    parts = []
    for file, group in tasks:
        with reading(file):
            table = (
                pq.ParquetFile(file).read_row_group(group, columns=[*columns, outcome]).to_pandas()
            )
        events = check_outcome(table[outcome])
        parts.append(_merged([table[columns].assign(__events=events, __n=1.0)], columns))
    return _merged(parts, columns)


def _merged(tables: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Rows of equal columns added up, in ascending order."""
    table = pd.concat(tables, ignore_index=True)
    which, first = distinct_rows([table[column] for column in columns])
    result = table[columns].iloc[first].reset_index(drop=True)
    for name in ("__events", "__n"):
        result[name] = sum_by(which, table[name].to_numpy(np.float64), first.size)
    return result
