"""The engine that keepers.toml names, and the one that is named by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepers.domain.errors import ConfigError
from keepers.pipeline.config import EngineSettings, engine_settings


def test_the_file_names_the_engine_and_the_hand_goes_before_it(tmp_path: Path) -> None:
    assert engine_settings(tmp_path) == EngineSettings()
    (tmp_path / "keepers.toml").write_text('[engine]\nurl = "postgresql://a@b/c"\nschema = "ltv"\n', encoding="utf-8")
    assert engine_settings(tmp_path) == EngineSettings("postgresql://a@b/c", {"schema": "ltv"})
    assert engine_settings(tmp_path, "postgresql://x@y/z") == EngineSettings("postgresql://x@y/z", {"schema": "ltv"})
    assert engine_settings(tmp_path, "spark://yarn") == EngineSettings("spark://yarn")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[engine", "is no TOML file"),
        ("[engine]\nurl = 3\n", "needs a text"),
        ('[engine]\nschema = "a"\n', "has no url"),
    ],
)
def test_what_makes_no_sense_is_said(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "keepers.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        engine_settings(tmp_path)
