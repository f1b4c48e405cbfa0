"""What the running system reads of a project: its sources, and files that were uploaded."""

from __future__ import annotations

from pathlib import Path

from keepers.pipeline.project import Project
from keepers.storage.state import FOLDER

UPLOADS = "uploads"
"""Folder beside the state where uploaded files lie."""

COMING, CHECKED = ".coming-", ".checked-"
"""Begin the names of files there that are still coming in, and of those that are whole and being read."""


def everything_to_read(project: Project) -> list[str]:
    """Files and addresses of a project, and what was uploaded."""
    return project.locations + [str(path) for path in uploaded(project)]


def uploaded(project: Project) -> list[Path]:
    """Files that were uploaded, without those that are being taken in."""
    folder = project.folder / FOLDER / UPLOADS
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def taken_in(project: Project, begins: str) -> list[Path]:
    """Files that are being taken in: `COMING` or `CHECKED` ones."""
    return sorted((project.folder / FOLDER / UPLOADS).glob(f"{begins}*"))
