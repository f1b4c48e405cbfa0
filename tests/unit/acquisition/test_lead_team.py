"""Who works on which lead: the best leads within the room that there is, owners first."""

import numpy as np
import pytest

from keepers.acquisition.leads.team import TEAM, plan_team
from keepers.domain.errors import ConfigError

OWNER = np.array(["Ada", "Ada", "Ada", "Ben", None], dtype=object)
VALUE = np.array([90.0, 80.0, 70.0, 10.0, 60.0])


def test_the_best_leads_are_chosen_and_owners_keep_their_best() -> None:
    plan = plan_team(VALUE, OWNER, {"Ada": 2, "Ben": 2})
    assert plan.person.tolist() == ["Ada", "Ada", "Ben", None, "Ben"]
    assert plan.moved.tolist() == [False, False, True, False, True]
    assert plan.one_more == 10.0


def test_leads_stay_with_their_owners_where_they_may_not_move() -> None:
    plan = plan_team(VALUE, OWNER, {"Ada": 2, "Ben": 2}, may_move=False)
    assert plan.person.tolist() == ["Ada", "Ada", None, "Ben", None]
    assert plan.one_more == 70.0


def test_what_costs_more_than_it_brings_is_left_alone() -> None:
    plan = plan_team(np.array([5.0, -1.0, 0.0]), np.full(3, None, dtype=object), 3)
    assert plan.chosen.tolist() == [True, False, False]
    assert (plan.leave_alone, plan.one_more, plan.person[0]) == (2, 0.0, TEAM)


def test_a_capacity_below_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match="below zero"):
        plan_team(VALUE, OWNER, {"Ada": -1})
