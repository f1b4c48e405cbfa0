"""One name for each channel, whatever table writes it in whatever way."""

import pytest

from keepers.data.engine import Engine
from keepers.data.read import Dataset
from keepers.data.table import Table
from keepers.summaries.channel_words import canonical_channel, is_place_of_sale
from keepers.summaries.channels import channel_names


@pytest.mark.parametrize(
    ("channel", "medium", "campaign", "spend", "name"),
    [
        ("google", None, False, True, "google ads"),
        ("Google Ads", None, False, False, "google ads"),
        ("google", "cpc", True, False, "google ads"),
        ("google", "organic", False, False, "organic search"),
        ("google", None, False, False, "organic search"),
        ("google", None, True, False, "google ads"),
        ("google / cpc", None, False, False, "google ads"),
        ("Organic: Google", None, False, False, "organic search"),
        ("fb", "paid_social", True, False, "meta ads"),
        ("Instagram", "paid", False, False, "meta ads"),
        ("l.instagram.com", "referral", False, False, "organic social"),
        ("www.bing.co.uk", "organic", False, False, "organic search"),
        ("klaviyo", None, False, False, "email"),
        ("facebook", "email", False, False, "email"),
        ("(not set)", "email", False, False, "email"),
        ("(direct)", "(none)", False, False, "direct"),
        ("Paid_Social", None, False, False, "paid social"),
        ("partner.example.org", "referral", False, False, "referral"),
        ("Craft fairs", "offline", False, False, "craft fairs"),
        ("Messe Köln", None, False, False, "messe koln"),
        ("(not set)", None, False, False, None),
        (None, None, False, False, None),
    ],
)
def test_a_channel_is_named_by_source_and_medium(channel, medium, campaign, spend, name):
    assert canonical_channel(channel, medium, campaign=campaign, spend=spend).name == name


def test_a_name_stays_when_it_is_named_again():
    for channel in ("google ads", "meta ads", "paid search", "organic social", "email", "craft fairs", "influencers"):
        assert canonical_channel(channel).name == channel
        assert canonical_channel(channel, spend=True).name == channel


def test_where_an_order_was_placed_is_no_channel():
    assert all(is_place_of_sale(text) for text in ("web", "Online Store", "shopify_draft_order", "3890849"))
    assert not is_place_of_sale("paid search")


def _dataset(**tables):
    engine = Engine()
    made = {name: Table(engine, engine.from_columns(engine.new_name(name), rows)) for name, rows in tables.items()}
    return Dataset(engine, made, [], None)


def _channels(dataset, table):
    found = dataset.tables[table]
    return [row[0] for row in found.engine.rows(f"SELECT channel FROM {found.name} ORDER BY row")]


def test_tables_agree_and_what_was_read_stays():
    dataset = _dataset(
        spend={"row": [0, 1], "channel": ["facebook", "google"], "campaign": ["a", None]},
        touches={"row": [0, 1, 2], "channel": ["fb", "google", None], "medium": ["cpc", "cpc", None],
                 "campaign": [None, "b", None]},
        orders={"row": [0, 1], "channel": ["web", "Facebook Ads"], "campaign": [None, None]},
    )  # fmt: skip
    names = channel_names(dataset)
    renamed = names.renamed(dataset)
    assert _channels(renamed, "spend") == ["meta ads", "google ads"]
    assert _channels(renamed, "touches") == ["meta ads", "google ads", None]
    assert _channels(renamed, "orders") == [None, "meta ads"]
    assert _channels(dataset, "spend") == ["facebook", "google"]
    assert names.sentences == ()
    assert renamed.tables["touches"].columns == ("row", "channel", "medium", "campaign")


def test_platforms_count_under_their_family_where_another_table_says_only_that():
    dataset = _dataset(
        spend={"row": [0, 1, 2], "channel": ["facebook", "tiktok", "google"], "campaign": ["a", "b", "c"]},
        leads={"row": [0, 1], "channel": ["Paid Social", "google"], "campaign": [None, "c"]},
    )
    names = channel_names(dataset)
    renamed = names.renamed(dataset)
    assert _channels(renamed, "spend") == ["paid social", "paid social", "google ads"]
    assert _channels(renamed, "leads") == ["paid social", "google ads"]
    assert names.sentences == (
        "Meta ads and tiktok ads are counted together as paid social, because the leads say only that. Names of your "
        "own can be given in keepers.toml under [channels].",
    )


def test_a_name_of_ones_own_goes_before_everything():
    dataset = _dataset(
        spend={"row": [0, 1], "channel": ["facebook", "google"], "campaign": ["a", "b"]},
        orders={"row": [0, 1], "channel": ["IG_story", "meta ads"], "campaign": [None, None]},
    )
    renamed = channel_names(dataset, {"ig_story": "Social", "Meta Ads": "social"}).renamed(dataset)
    assert _channels(renamed, "spend") == ["social", "google ads"]
    assert _channels(renamed, "orders") == ["social", "social"]


def test_a_medium_names_what_no_other_table_knows():
    dataset = _dataset(
        touches={"row": [0, 1], "channel": ["spring news", "office gifts"], "medium": ["email", "email"],
                 "campaign": [None, None]},
        leads={"row": [0], "channel": ["Office gifts"], "campaign": [None]},
    )  # fmt: skip
    assert _channels(channel_names(dataset).renamed(dataset), "touches") == ["email", "office gifts"]
