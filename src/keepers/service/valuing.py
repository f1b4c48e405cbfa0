"""The process that values customers beside the one that answers: a line in, a batch of events, a line of JSON out."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from keepers.domain.errors import KeepersError


def main() -> None:
    """Take a batch of events in for each line that is read, until there are no more lines."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from keepers.pipeline.project import project_of
    from keepers.service.updater import Values
    from keepers.web.site import Site

    project = project_of(Path(sys.argv[1]))
    assert project is not None
    with project.open_state(pooled=True) as state:
        values = Values(Site(project, state))
        for _ in sys.stdin:
            try:
                said = values.step()
            except KeepersError as error:
                said = {"error": str(error)}
            print(json.dumps(said), flush=True)


if __name__ == "__main__":
    # The other process is gone: nobody waits for an answer.
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
