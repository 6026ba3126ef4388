"""Cohorts on disk: a table with a manifest beside it that says where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from .. import __version__
from ..files import inside, must_be_new, one_writer, sha256, unfinished
from ..numerics.checks import check_flag, check_kind
from ..scenario.scenario import validated
from ..vocabulary import STANDARD
from .csv_format import read_csv, read_own_csv, unguarded, write_csv
from .manifest import Column, Manifest, manifest_path, own_manifest, stored_manifest, write_manifest
from .simulate import GENERATOR_VERSION
from .stored_columns import assembled, default_columns, flattened, refuse_values, same_patients
from .table import Cohort

FORMATS = (".csv", ".parquet")


def write_cohort(cohort: Cohort, path: str | Path, *, overwrite: bool = True) -> Path:
    """Write a cohort and its manifest.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    path : str or Path
        Ends in ``.csv`` or ``.parquet``; the manifest is the same name with ``.manifest.json``
        added.
    overwrite : bool
        Replace a file that is there; with False it is refused.

    Returns
    -------
    Path
        Of the manifest.

    Raises
    ------
    ValueError
        When a value breaks the rules of the vocabulary, or a column would not come back from the
        file as it is.

    Notes
    -----
    File and manifest are whole or absent, and whatever happens between, the manifest belongs to the
    file that is there: before the file is replaced, the manifest names both. The cohort is read
    back and compared before anything is replaced. In CSV a text cell or heading that a spreadsheet
    would run as a formula gets a leading apostrophe, and empty text is an apostrophe (a missing
    value is nothing); reading with the manifest takes them off again.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_cohort(cohort, folder + "/clinic.parquet")
    ...     again = read_cohort(folder + "/clinic.parquet")
    >>> again.predictors.equals(cohort.predictors)
    True
    """
    check_kind("cohort", cohort, Cohort, "Make one with Cohort.from_frame.")
    check_flag("overwrite", overwrite)
    target = _checked(path)
    table, columns = flattened(cohort)
    refuse_values(table, table["outcome"], "cohort", cohort.words)
    with one_writer(target.with_name(f".{target.name}.lock"), wait=True):
        if not overwrite:
            must_be_new(target)
        with unfinished(target) as part:
            _write_file(table, part, target.suffix)
            _must_come_back(cohort, part, target.suffix, columns)
            content = _manifest(cohort, target.name, sha256(part), columns)
            before = {"replaces": _present(target)} if target.is_file() else {}
            write_manifest(target, content | before)
        return write_manifest(target, content)


def _present(target: Path) -> dict[str, Any]:
    """Checksum and manifest of the file that is there."""
    digest = sha256(target)
    try:
        before = stored_manifest(target) or {}
    except ValueError:  # a damaged one says nothing
        before = {}
    replaced = before.pop("replaces", {})
    return {
        "sha256": digest,
        "manifest": replaced.get("manifest") if replaced.get("sha256") == digest else before,
    }


def read_cohort(path: str | Path) -> Cohort:
    """Read a cohort written by :func:`write_cohort` (a file) or :func:`simulate_to_parquet` (a
    folder).

    Parameters
    ----------
    path : str or Path
        With its manifest, everything comes back: scenario and so the true risk, sites, what was
        verified, identifiers and types. A file without one is read as a table of one's own, as by
        :meth:`Cohort.from_frame`.

    Raises
    ------
    ValueError
        When any byte differs from the manifest, the file is damaged, or a value breaks the rules of
        the vocabulary.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_cohort(cohort, folder + "/clinic.csv")
    ...     again = read_cohort(folder + "/clinic.csv")
    >>> len(again)
    1000
    """
    target = _present_path(path)
    manifest = own_manifest(target)
    if manifest is None:
        return _own(target)
    table = _read_table(target, manifest)
    where = f"scenario in {manifest_path(target)}"
    scenario = validated(manifest.scenario, where) if manifest.scenario else None
    sites = {k: validated(v, where) for k, v in (manifest.sites or {}).items()}
    words = next((drawn.words for drawn in (scenario, *sites.values()) if drawn), STANDARD)
    columns = manifest.columns or default_columns(table, words)
    listed = (
        "outcome" in columns and list(table.columns) == list(columns) and len(table) == manifest.n
    )
    if not listed:
        raise ValueError(
            f"{target} must hold what its manifest lists; patients or columns differ. Write it "
            "again."
        )
    refuse_values(table, table["outcome"], str(target), words)
    return Cohort(
        **assembled(table, columns),
        scenario=scenario,
        seed=manifest.seed,
        sites=sites or None,
        words=words,
    )


def _present_path(path: str | Path) -> Path:
    target = _as_path(path)
    if target.is_dir() and not manifest_path(target).is_file():
        raise ValueError(
            f"path must hold a finished cohort; {target} has no manifest. Run simulate again to "
            "resume."
        )
    if not target.is_dir() and not _checked(target).is_file():
        raise ValueError(
            f"path must be a file or folder of a cohort; {target} does not exist. Check the name."
        )
    return target


def verify_cohort(path: str | Path) -> None:
    """Compare a cohort, a file or a folder of files, with the checksums in its manifest.

    Parameters
    ----------
    path : str or Path
        Folder of a stored cohort.

    Raises
    ------
    ValueError
        When the manifest is missing or any byte differs; every file at fault is named.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = write_cohort(cohort, folder + "/clinic.parquet")
    ...     verify_cohort(folder + "/clinic.parquet")
    """
    target = _as_path(path)
    if own_manifest(target) is None:
        raise ValueError(
            f"{target} must have a manifest to be verified; {manifest_path(target).name} is "
            "missing."
        )


def partition_files(folder: Path) -> list[Path]:
    """The Parquet files of a finished cohort, in order, every byte as it was written."""
    manifest = own_manifest(_present_path(folder))
    return [
        inside(folder, name) for name in (manifest.files if manifest and manifest.files else {})
    ]


@contextmanager
def reading(file: Path) -> Iterator[None]:
    """Turns what the readers of tables raise on a damaged file into one sentence."""
    try:
        yield
    except (ValueError, pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        kind = "CSV" if file.suffix == ".csv" else "Parquet"
        raise ValueError(
            f"{file} must be a {kind} file that can be read; it is damaged or of another kind "
            f"({str(error).splitlines()[0][:100] if str(error) else type(error).__name__}). Write "
            "it again."
        ) from None


def _read_table(target: Path, manifest: Manifest) -> pd.DataFrame:
    if manifest.files:
        files = [inside(target, name) for name in manifest.files]
        return pd.concat([_read_file(file, ".parquet", None) for file in files], ignore_index=True)
    return _read_file(target, target.suffix, manifest.columns)


def _read_file(file: Path, suffix: str, columns: Mapping[str, Column] | None) -> pd.DataFrame:
    with reading(file):
        if suffix == ".parquet":
            return pd.read_parquet(file)
        return read_csv(file, columns) if columns else unguarded(read_own_csv(file))


def _own(file: Path) -> Cohort:
    """A file without a manifest."""
    with reading(file):
        table = read_own_csv(file) if file.suffix == ".csv" else pd.read_parquet(file)
    if "outcome" not in table.columns:
        names = ", ".join(map(str, table.columns[:10]))
        raise ValueError(
            f"{file} must have a column outcome; got {names[:300]}. Use Cohort.from_frame."
        )
    return Cohort.from_frame(table)


def _write_file(table: pd.DataFrame, part: Path, suffix: str) -> None:
    if suffix == ".csv":
        write_csv(table, part)
        return
    try:
        table.to_parquet(part, index=False, compression="zstd")
    except pa.ArrowException as error:
        why = str(error).splitlines()[0][:150]
        raise ValueError(
            f"columns must each be of one type to be written; got {why}. Convert that column."
        ) from None


def _must_come_back(cohort: Cohort, part: Path, suffix: str, columns: Mapping[str, Column]) -> None:
    """What a file would lose is refused before it is lost."""
    back = Cohort(**assembled(_read_file(part, suffix, columns), columns))
    if header := same_patients(cohort, back):
        raise ValueError(
            f"{header} must come back from a {suffix} file as it is; it would not. "
            "Convert it to text, numbers or dates of one type, or write .parquet."
        )


def _as_path(path: str | Path) -> Path:
    check_kind("path", path, (str, Path), "Pass the path of a file.")
    return Path(path)


def _checked(path: str | Path) -> Path:
    target = _as_path(path)
    if target.suffix not in FORMATS:
        raise ValueError(
            f"path must end in {' or '.join(FORMATS)}; got {target.name!r}. Choose a format."
        )
    return target


def _manifest(
    cohort: Cohort, name: str, digest: str, columns: Mapping[str, Column]
) -> dict[str, Any]:
    content = {
        "notice": cohort.notice,
        "file": name,
        "sha256": digest,
        "n": len(cohort),
        "n_events": cohort.n_events,
        "seed": cohort.seed,
        "package_version": __version__,
        "generator_version": GENERATOR_VERSION,
        "scenario_digest": cohort.scenario.digest if cohort.scenario else None,
        "scenario": cohort.scenario.model_dump(mode="json") if cohort.scenario else None,
        "columns": {
            header: column.model_dump(exclude_defaults=True) for header, column in columns.items()
        },
    }
    if cohort.sites is not None:
        content["sites"] = {
            str(k): scenario.model_dump(mode="json") for k, scenario in cohort.sites.items()
        }
    return content
