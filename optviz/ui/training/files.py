"""Trainings as files: buttons that make them when they are pressed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from optviz.export import curves
from optviz.export.tensorboard import folders
from optviz.runs import jobs

# Suffix for `curves.write` -> what the button says, and the end of the file's name.
ARCHIVES = {
    ".csv": ("Every step and epoch (CSV, zipped)", "csv"),
    ".parquet": ("Every step and epoch (Parquet, zipped)", "parquet"),
    ".tb": ("For TensorBoard (zipped)", "tensorboard"),
}


def downloads(ids: Sequence[str], key: str) -> None:
    """A button for every form that trainings can be taken away in."""
    name = "training" if len(ids) == 1 else "trainings"
    st.download_button(
        "Everything (JSON)",
        data=lambda: as_json(ids),
        file_name=f"{name}.json",
        on_click="ignore",
        key=f"{key}.json",
        width="stretch",
    )
    for suffix, (text, ending) in ARCHIVES.items():
        st.download_button(
            text,
            data=lambda suffix=suffix: as_archive(ids, suffix),
            file_name=f"{name}-{ending}.zip",
            on_click="ignore",
            key=f"{key}{suffix}",
            width="stretch",
        )


def as_json(ids: Sequence[str]) -> str:
    """One training, or several by their ids; of what cannot be read, why."""
    records: dict[str, Any] = {}
    for job_id in ids:
        try:
            records[job_id] = curves.to_json(jobs.result(job_id))
        except (ValueError, OSError) as error:
            records[job_id] = {"error": str(error)}
    whole = next(iter(records.values())) if len(records) == 1 else records
    return json.dumps(whole, allow_nan=False)


def as_archive(ids: Sequence[str], suffix: str) -> bytes:
    """A zip with a folder for each training, called by its name; of what cannot be read, why."""
    names = folders([jobs.status(job_id).name for job_id in ids])
    with TemporaryDirectory() as scratch:
        for job_id, name in zip(ids, names, strict=True):
            folder = Path(scratch) / name
            folder.mkdir()
            into = folder if suffix == ".tb" else folder / f"training{suffix}"
            try:
                curves.write(jobs.result(job_id), into)
            except ValueError as error:
                (folder / "error.txt").write_text(f"{error}\n", encoding="utf-8")
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(Path(scratch).rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(scratch))
        return file.getvalue()
