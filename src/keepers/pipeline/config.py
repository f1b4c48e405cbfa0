"""keepers.toml: what a person says once about where the work is done."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keepers.domain.errors import ConfigError
from keepers.pipeline.secrets import revealed

FILE = "keepers.toml"


@dataclass(frozen=True)
class EngineSettings:
    """The section ``[engine]``.

    Parameters
    ----------
    url : str or None
        The engine; the embedded one where there is none.
    options : mapping
        Everything else in the section, for the engine: ``schema``, for Spark ``config``.
    """

    url: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def engine_settings(folder: Path, url: str | None = None) -> EngineSettings:
    """The engine that was named by hand, or else the one of the configuration file in a folder.

    Parameters
    ----------
    folder : Path
        Where ``keepers.toml`` may be.
    url : str, optional
        The engine by hand; the file's options are kept where it has the same scheme.

    Raises
    ------
    ConfigError
        The file is no TOML, its section makes no sense, or a secret that it names is not there.
    """
    path = folder / FILE
    if not path.is_file():
        return EngineSettings(url)
    section = written(folder).get("engine", {})
    if not isinstance(section, dict) or not isinstance(section.get("url", ""), str):
        raise ConfigError(f'{path}: `[engine]` needs a text as its url, such as url = "postgresql://user@host/shop".')
    options = {key: value for key, value in section.items() if key != "url"}
    named = section.get("url")
    if url is None:
        if named is None and options:
            raise ConfigError(f"{path}: `[engine]` has no url. Add one, such as postgresql://user@host/shop.")
        return EngineSettings(None if named is None else revealed(named, "[engine] url", folder), options)
    same = named is not None and named.partition(":")[0] == url.partition(":")[0]
    return EngineSettings(url, options if same or named is None else {})


def written(folder: Path) -> dict[str, Any]:
    """What the configuration file of a folder says, as it stands there; nothing where there is none.

    Raises
    ------
    ConfigError
        The file is no TOML, or cannot be read.
    """
    path = folder / FILE
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML file: {error}. Mend it, or move it away.") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}). Let it be read, or move it away.") from error
