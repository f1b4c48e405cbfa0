"""Meta Ads, Google Ads and Analytics: days that were restated are asked for again, and reports read as exports do."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from keepers.data.connectors import walk
from keepers.data.connectors.catalogue import SERVICES
from keepers.data.connectors.listing import Connection
from keepers.data.connectors.pull import Pulled, pull_service
from keepers.data.read import Dataset, read
from keepers.domain.errors import ConfigError, EngineError
from keepers.domain.ports import silent
from services import Answer, Question, Server, serving

TODAY = dt.datetime.now(dt.UTC).date()
NOW = dt.datetime.combine(TODAY, dt.time(12), dt.UTC)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BACKOFF", 0.01)
    monkeypatch.setattr(walk, "LONGEST_WAIT", 0.05)


def _pull(kind: str, server: Server, folder: Path, since: dt.date | None = None) -> Pulled:
    oauth = {"client_id": "0a", "client_secret": "shh-0123", "refresh_token": "1//0123"}
    settings = {
        "meta_ads": {"account": "77", "token": "EAAB0123"},
        "google_ads": {"customer": "123", "developer_token": "dev-0123", "manager": "99-88", **oauth},
        "ga4": {"property": "42", **oauth},
    }[kind]
    connection = Connection("ads", {**settings, "address": server.base}, since, page_size=3)
    return pull_service(SERVICES[kind], connection, folder, NOW, silent)


def _read(folder: Path) -> Dataset:
    return read(folder, now=NOW.replace(tzinfo=None) + dt.timedelta(days=1))


def _day(ago: int) -> str:
    return (TODAY - dt.timedelta(days=ago)).isoformat()


def _insight(campaign: int, ago: int, spend: str) -> dict[str, Any]:
    return {
        "campaign_id": str(campaign), "campaign_name": f"Spring {campaign}", "account_currency": "EUR",
        "date_start": _day(ago), "date_stop": _day(ago), "spend": spend, "impressions": "1000",
        "inline_link_clicks": "40",
        "actions": [
            {"action_type": "link_click", "value": "40"}, {"action_type": "purchase", "value": "3"},
            {"action_type": "omni_purchase", "value": "4"},
        ],
        "action_values": [{"action_type": "omni_purchase", "value": "210.5"}],
    }  # fmt: skip


def _graph(insights: list[dict[str, Any]]) -> Callable[[Question], Answer]:
    """Meta's graph: newest first within what is asked, cursors on every page, a code for what is wrong with a 400."""

    def answer(asked: Question) -> Answer:
        if asked.headers["authorization"] != "Bearer EAAB0123":
            return Answer({"error": {"code": 190, "message": "Error validating access token"}}, 400)
        assert asked.path == "/v25.0/act_77/insights"
        span = json.loads(asked.params["time_range"])
        assert dt.date.fromisoformat(span["until"]) - dt.date.fromisoformat(span["since"]) <= dt.timedelta(days=28)
        found = [one for one in insights if span["since"] <= one["date_start"] <= span["until"]]
        found.sort(key=lambda one: one["date_start"], reverse=True)
        begin, size = int(asked.params.get("after", 0)), int(asked.params["limit"])
        page: dict[str, Any] = {"cursors": {"after": str(begin + size)}}
        if begin + size < len(found):
            page["next"] = "https://graph.example/next?access_token=EAAB0123"
        return Answer({"data": found[begin : begin + size], "paging": page})

    return answer


def test_meta_tells_what_campaigns_cost_each_day(tmp_path: Path) -> None:
    insights = [_insight(campaign, ago, "10.50") for campaign in (1, 2) for ago in range(2, 90, 3)]
    with serving(_graph(insights)) as server:
        server.troubles = [None, Answer({"error": {"code": 17, "message": "User request limit reached"}}, 400)]
        since = dt.date.fromisoformat(_day(100))
        assert _pull("meta_ads", server, tmp_path, since).rows == {"spend": 60}
        asked = len(server.asked)
        # Two days ago is restated; what is older than four weeks is not asked for again.
        insights[0]["spend"] = "12.00"
        assert _pull("meta_ads", server, tmp_path, since).changed == 1
        assert all(json.loads(one.params["time_range"])["since"] >= _day(31) for one in server.asked[asked:])
        server.troubles = [Answer({"error": {"code": 17, "message": "limit"}}, 400)] * walk.ATTEMPTS
        with pytest.raises(EngineError, match="goes on where it was"):
            _pull("meta_ads", server, tmp_path, since)
        server.troubles = [Answer({"error": {"code": 190, "message": "Error validating EAAB0123"}}, 400)]
        with pytest.raises(ConfigError, match=r"token is refused.*ads_read") as raised:
            _pull("meta_ads", server, tmp_path, since)
        assert "EAAB" not in str(raised.value)
    dataset = _read(tmp_path)
    assert [source.format for source in dataset.sources] == ["meta ads"]
    row = dataset.engine.row(
        "SELECT count(*), sum(amount), any_value(channel), any_value(currency), sum(impressions), "
        f"sum(claimed_conversions), max(claimed_value) FROM {dataset.tables['spend'].name}"
    )
    assert row == (60, Decimal("631.50"), "meta", "EUR", 60_000, 240, Decimal("210.5"))


def test_an_interrupted_walk_over_days_misses_none(tmp_path: Path) -> None:
    insights = [_insight(1, ago, "1.00") for ago in range(1, 120)]
    with serving(_graph(insights)) as server:
        # In the middle of a span of days, whose newest days came first.
        server.troubles = [None] * 12 + [Answer({}, 500)] * walk.ATTEMPTS
        with pytest.raises(EngineError):
            _pull("meta_ads", server, tmp_path, dt.date.fromisoformat(_day(125)))
        assert _pull("meta_ads", server, tmp_path, dt.date.fromisoformat(_day(125))).rows == {"spend": 119}


def test_google_ads_tells_what_campaigns_cost_each_day(tmp_path: Path) -> None:
    rows = [
        {
            "campaign": {"id": "5", "name": "Brand"}, "customer": {"currencyCode": "EUR"},
            "segments": {"date": _day(ago)},
            "metrics": {"costMicros": "12345600", "impressions": "900", "clicks": "30", "conversions": 1.5},
        }
        for ago in range(60, 0, -1)
    ]  # fmt: skip

    def ads(asked: Question) -> Answer:
        if asked.path == "/token":
            assert asked.body["grant_type"] == "refresh_token"
            return Answer({"access_token": "ya29"}, 200 if asked.body["refresh_token"] == "1//0123" else 400)
        assert asked.path == "/v25/customers/123/googleAds:search"
        headers = asked.headers
        assert (headers["authorization"], headers["developer-token"], headers["login-customer-id"]) == (
            "Bearer ya29", "dev-0123", "9988",
        )  # fmt: skip
        _, since, _, until, _ = asked.body["query"].split("'")
        found = [one for one in rows if since <= one["segments"]["date"] <= until]
        begin = int(asked.body.get("pageToken", 0))
        told: dict[str, Any] = {"fieldMask": "campaign.id"}
        if found[begin : begin + 25]:
            told["results"] = found[begin : begin + 25]
        if begin + 25 < len(found):
            told["nextPageToken"] = str(begin + 25)
        return Answer(told)

    with serving(ads) as server:
        assert _pull("google_ads", server, tmp_path).rows == {"spend": 60}
        del rows[-20:]
        for row in rows:
            row["segments"]["date"] = "2001-01-01"
        assert _pull("google_ads", server, tmp_path).changed == 0, "an answer without rows has no list"
    dataset = _read(tmp_path)
    assert [source.format for source in dataset.sources] == ["google ads"]
    row = dataset.engine.row(
        f"SELECT sum(amount), any_value(channel), any_value(currency), sum(clicks) FROM {dataset.tables['spend'].name}"
    )
    assert row == (Decimal("740.7360"), "google", "EUR", 1800)


def test_analytics_tells_sums_of_channels(tmp_path: Path) -> None:
    def analytics(asked: Question) -> Answer:
        if asked.path == "/token":
            return Answer({"access_token": "ya29"})
        assert asked.path == "/v1beta/properties/42:runReport"
        (span,) = asked.body["dateRanges"]
        found = [
            {
                "dimensionValues": [{"value": _day(ago).replace("-", "")}, {"value": channel}],
                "metricValues": [{"value": "120"}, {"value": "3"}, {"value": "99.5"}],
            }
            for ago in range(1, 70) for channel in ("Organic Search", "Paid Social")
            if span["startDate"] <= _day(ago) <= span["endDate"]
        ]  # fmt: skip
        return Answer({"rowCount": len(found), "rows": found} if found else {"kind": "analyticsData#runReport"})

    with serving(analytics) as server:
        assert _pull("ga4", server, tmp_path, dt.date.fromisoformat(_day(65))).rows == {"channels": 130}
    assert [source.format for source in _read(tmp_path).sources] == ["ga4 report"]


@pytest.mark.parametrize("answer", [Answer(b"<html>Sign in to the network</html>"), Answer({"token": "ya29"})])
def test_what_is_no_token_is_said_to_be_none(tmp_path: Path, answer: Answer) -> None:
    with serving(lambda _: answer) as server, pytest.raises(ConfigError, match="something else than a token"):
        _pull("ga4", server, tmp_path)
