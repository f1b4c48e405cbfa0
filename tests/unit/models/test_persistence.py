"""Saved models come back as they were, whole or not at all, and say what is wrong with a file that is none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from keepers.domain.cells import Cells
from keepers.domain.errors import ConfigError, InputError, NotFittedError
from keepers.domain.time import TimeUnit, weeks
from keepers.models import persistence
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.catalogue import CATALOGUE, load_model, model_class
from keepers.models.priors import LogNormal, Prior
from keepers.numerics.likelihoods import bg_nbd


def drawn(n: int) -> Cells:
    rng = np.random.default_rng(2)
    ages = rng.uniform(50, 400, n)
    x, t_x = bg_nbd.sample_new((0.5, 50.0, 0.8, 3.0), ages, rng)
    return Cells(x, t_x, ages, np.ones(n), TimeUnit.DAY)


@pytest.mark.parametrize("kind", [NBD, BGNBD, MBGNBD])
@pytest.mark.parametrize("n", [60, 3000])
def test_a_model_comes_back(tmp_path: Path, kind, n: int) -> None:
    data = drawn(n)
    fitted = kind().fit(data)
    path = fitted.save(tmp_path / "model.json")
    assert [found.name for found in tmp_path.iterdir()] == ["model.json"]
    again = load_model(path)
    assert type(again) is kind
    assert again.parameters_ == fitted.parameters_
    assert again.outcome_ is fitted.outcome_
    assert again.prior_ == fitted.prior_
    assert again.unit_ is TimeUnit.DAY
    assert again.covariance_ == pytest.approx(fitted.covariance_)
    for name, values in vars_of(fitted.predict_cells(data, weeks(20))).items():
        assert np.array_equal(values, vars_of(again.predict_cells(data, weeks(20)))[name]), name
    one, other = (model.posterior_.draws(500, np.random.default_rng(1)) for model in (fitted, again))
    assert one == pytest.approx(other, rel=2e-6)
    assert again.posterior_.diagnostic == fitted.posterior_.diagnostic
    assert again.to_dict() == json.loads(json.dumps(again.to_dict()))


def vars_of(predictions) -> dict[str, np.ndarray]:
    return {name: getattr(predictions, name) for name in predictions.__dataclass_fields__}


def test_a_prior_of_ones_own_is_kept(tmp_path: Path) -> None:
    prior = Prior({name: LogNormal(1.0, 1.0) for name in ["r", "alpha", "a", "b"]}, TimeUnit.MONTH)
    again = load_model(BGNBD(prior).fit(drawn(60)).save(tmp_path / "model.json"))
    assert again.prior == prior
    assert load_model(BGNBD(None).fit(drawn(60)).save(tmp_path / "model.json")).prior is None


def test_a_model_that_is_not_fitted_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        BGNBD().save(tmp_path / "model.json")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_save_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = NBD().fit(drawn(60)).save(tmp_path / "model.json")
    before = path.read_text()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        BGNBD().fit(drawn(60)).save(path)
    assert path.read_text() == before
    assert [found.name for found in tmp_path.iterdir()] == ["model.json"]


def test_what_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    with pytest.raises(InputError, match="no saved model"):
        load_model(path)
    for text, message in (
        ("{", "cannot be read"),
        ("[]", "not a saved model"),
        ('{"format": "other"}', "not a saved model"),
        (f'{{"format": "{persistence.FORMAT}", "version": 99}}', "version 99"),
        (f'{{"format": "{persistence.FORMAT}", "version": 1}}', "damaged"),
        (f'{{"format": "{persistence.FORMAT}", "version": 1, "model": "BGNBD", "settings": {{}}}}', "damaged"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            load_model(path)


def test_the_catalogue() -> None:
    for name in CATALOGUE:
        assert model_class(name).name == name
    assert model_class("bg/nbd") is BGNBD
    with pytest.raises(ConfigError, match="Use one of: NBD, BGNBD"):
        model_class("prophet")
