"""What the running system reads of a project: its sources, and files that were uploaded."""

from __future__ import annotations

from keepers.pipeline.project import Project
from keepers.storage.state import FOLDER

UPLOADS = "uploads"
"""Folder beside the state where uploaded files lie."""


def everything_to_read(project: Project) -> list[str]:
    """Files and addresses of a project, and what was uploaded."""
    uploads = project.folder / FOLDER / UPLOADS
    if not uploads.is_dir():
        return project.locations
    return project.locations + sorted(str(path) for path in uploads.iterdir() if not path.name.startswith("."))
