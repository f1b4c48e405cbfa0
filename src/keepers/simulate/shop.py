"""Fernhollow Tea & Pottery, an invented shop in Vermont: what it sells, and when its customers buy."""

from __future__ import annotations

from keepers.simulate.catalogue import Article, Catalogue, Category
from keepers.simulate.season import Peak, Season

NAME = "Fernhollow Tea & Pottery"


def _category(
    code: str, name: str, margin: float, popularity: float, articles: tuple[tuple[str, float], ...]
) -> Category:
    numbered = tuple(Article(f"{code}-{row:02d}", title, price) for row, (title, price) in enumerate(articles, start=1))
    return Category(name, margin, numbered, popularity)


CATALOGUE = Catalogue(
    (
        _category("BLK", "Black tea", 0.58, 2.2, (
            ("Morning Assam, 2 oz", 6.5), ("Smoky Lapsang, 2 oz", 7.5), ("Earl Grey with Cornflower, 4 oz", 11.0),
            ("Darjeeling First Flush, 2 oz", 14.5), ("Orchard Breakfast, 8 oz", 18.0), ("Keemun Reserve, 4 oz", 24.0),
            ("Mountain Nilgiri, 1 lb", 34.0),
        )),
        _category("GRN", "Green & white tea", 0.61, 1.5, (
            ("Everyday Sencha, 2 oz", 7.0), ("Jasmine Pearls, 2 oz", 9.5), ("Genmaicha, 4 oz", 12.0),
            ("White Peony, 2 oz", 15.0), ("Gyokuro, 2 oz", 22.0), ("Ceremonial Matcha, 30 g", 29.0),
            ("Silver Needle, 2 oz", 38.0),
        )),
        _category("HRB", "Herbal tea", 0.66, 2.0, (
            ("Lemon Balm, 1.5 oz", 5.5), ("Peppermint Meadow, 2 oz", 6.0), ("Rooibos Vanilla, 4 oz", 10.5),
            ("Ginger & Turmeric, 4 oz", 11.5), ("Sleepy Hollow Blend, 4 oz", 13.0), ("Elderflower Spring, 4 oz", 16.5),
            ("Winter Spice, 8 oz", 21.0),
        )),
        _category("SWT", "Honey & sweets", 0.44, 1.1, (
            ("Maple Sugar Drops", 4.5), ("Shortbread with Lavender", 8.0), ("Wildflower Honey, 8 oz", 10.0),
            ("Dark Chocolate with Sea Salt", 12.0), ("Apple Butter, 12 oz", 13.5), ("Maple Syrup, 16 oz", 22.0),
            ("Honey Trio", 31.0),
        )),
        _category("POT", "Teapots", 0.52, 0.7, (
            ("Travel Infuser", 14.0), ("Glass Pot for One", 24.0), ("Stoneware Pot, Moss", 38.0),
            ("Stoneware Pot, Ash", 42.0), ("Cast Iron Pot", 58.0), ("Hand-thrown Pot, Large", 84.0),
        )),
        _category("MUG", "Mugs & bowls", 0.55, 1.3, (
            ("Little Dipper Cup", 9.0), ("Everyday Mug, Fern", 16.0), ("Everyday Mug, Clay", 18.0),
            ("Ramen Bowl, Slate", 24.0), ("Matcha Bowl", 32.0), ("Set of Four Mugs", 62.0),
        )),
        _category("HOM", "Candles & linen", 0.50, 0.8, (
            ("Beeswax Tapers, Pair", 11.0), ("Linen Tea Towel", 15.0), ("Candle, Cedar", 19.0), ("Candle, Fig", 21.0),
            ("Linen Napkins, Set of Four", 36.0), ("Wool Throw, Heather", 79.0),
        )),
        _category("GFT", "Gift boxes", 0.47, 0.8, (
            ("Thank-you Tin", 17.0), ("Tasting Box, Six Teas", 28.0), ("Cozy Evening Box", 39.0),
            ("Potter's Choice Box", 56.0), ("The Long Winter Box", 88.0), ("Office Tea Chest", 140.0),
        )),
    ),
    lines=1.9,
    loyalty=0.45,
)  # fmt: skip
"""Everything on the shelves of Fernhollow."""

SEASON = Season(
    weekly=(1.06, 1.0, 1.0, 1.02, 0.96, 0.9, 1.12),
    monthly=(0.94, 0.95, 0.97, 0.98, 1.02, 0.95, 0.92, 0.94, 0.99, 1.04, 1.13, 1.17),
    peaks=(Peak(2, 10, 4, 1.2), Peak(5, 6, 6, 1.3), Peak(11, 24, 6, 1.8), Peak(12, 8, 9, 1.2), Peak(12, 24, 4, 0.5)),
    hours=(
        0.5, 0.25, 0.12, 0.08, 0.08, 0.2, 0.6, 1.2, 1.9, 2.3, 2.5, 2.5, 2.6, 2.4, 2.2, 2.1, 2.1, 2.2, 2.5, 3.0, 3.4,
        3.2, 2.3, 1.2,
    ),
)  # fmt: skip
"""When people buy tea and pots."""
