"""Invented people: where they live and what they are called; no address leads to anybody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keepers.domain.cells import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Country:
    """A country the shop sells to.

    Parameters
    ----------
    code : str
        ISO code.
    weight : float
        Share of customers, relative to the other countries.
    cities : tuple of (city, region)
        Where people live there.
    tax : float
        Tax on top of prices, 0.07 for 7%.
    shipping : float
        What shipping costs, in money.
    free_from : float
        Order value from which shipping is free.
    """

    code: str
    weight: float
    cities: tuple[tuple[str, str], ...]
    tax: float = 0.07
    shipping: float = 5.9
    free_from: float = 60.0


COUNTRIES: tuple[Country, ...] = (
    Country(
        "US",
        0.78,
        (
            ("Burlington", "VT"),
            ("Portland", "ME"),
            ("Albany", "NY"),
            ("Providence", "RI"),
            ("Madison", "WI"),
            ("Asheville", "NC"),
            ("Boulder", "CO"),
            ("Eugene", "OR"),
            ("Santa Fe", "NM"),
            ("Ann Arbor", "MI"),
            ("Ithaca", "NY"),
            ("Duluth", "MN"),
        ),
        0.07,
        5.9,
        60.0,
    ),
    Country(
        "CA",
        0.16,
        (
            ("Halifax", "NS"),
            ("Kingston", "ON"),
            ("Victoria", "BC"),
            ("Sherbrooke", "QC"),
        ),
        0.13,
        11.5,
        110.0,
    ),
    Country(
        "GB",
        0.06,
        (("Bath", "ENG"), ("York", "ENG"), ("Stirling", "SCT")),
        0.0,
        17.0,
        180.0,
    ),
)
"""Where the customers of a store live unless the plan says otherwise."""

FIRST_NAMES = (
    "Ada", "Amara", "Anna", "Arjun", "Beatriz", "Ben", "Camille", "Carmen", "Chen", "Chloe", "Clara", "Daniel",
    "Diego", "Dora", "Elena", "Elias", "Emma", "Esra", "Ewan", "Farah", "Felix", "Fiona", "Freya", "Gabriel",
    "Grace", "Hana", "Hannah", "Harriet", "Hugo", "Ida", "Imani", "Ines", "Iris", "Isaac", "Ivy", "Jacob", "Jasmin",
    "Joan", "Jonas", "Julia", "Kai", "Katherine", "Keiko", "Kwame", "Lars", "Laura", "Leo", "Lina", "Louis", "Lucia",
    "Maeve", "Maria", "Marta", "Mateo", "Maya", "Mei", "Mila", "Nadia", "Naomi", "Nina", "Noah", "Nora", "Olive",
    "Omar", "Oscar", "Paula", "Penny", "Petra", "Priya", "Quinn", "Rafael", "Rosa", "Ruth", "Sam", "Sara", "Sofia",
    "Sven", "Tara", "Theo", "Tomas", "Uma", "Vera", "Victor", "Willa", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Adeyemi", "Alvarez", "Andersen", "Arden", "Bakker", "Baptiste", "Barlow", "Becker", "Bennett",
    "Bianchi", "Boateng", "Brooks", "Calloway", "Carver", "Castillo", "Cho", "Clarke", "Cole", "Corrigan", "Costa",
    "Dalton", "Desai", "Duarte", "Eriksen", "Fairley", "Farouk", "Fischer", "Fontaine", "Fraser", "Garnett", "Gill",
    "Greene", "Gupta", "Haddad", "Hale", "Hartley", "Hayashi", "Hobbs", "Holm", "Ibarra", "Ito", "Jansen", "Keller",
    "Khan", "Kimura", "Kowalski", "Lambert", "Larkin", "Lindqvist", "Lopez", "Marsh", "Mbeki", "Meyer", "Moreau",
    "Nakata", "Newell", "Novak", "Okafor", "Ortega", "Osborne", "Park", "Pereira", "Petrov", "Quigley", "Reyes",
    "Rossi", "Sandoval", "Sato", "Silva", "Sorensen", "Stone", "Tanaka", "Thorne", "Torres", "Tran", "Underhill",
    "Varga", "Vogel", "Walsh", "Weber", "Whitlock", "Wilder", "Yilmaz", "Young", "Zhang",
)  # fmt: skip
MAIL_HOSTS = ("mail.example", "post.example", "inbox.example", "letters.example")
COMPANY_WORDS = (
    "Alder", "Beacon", "Bluebird", "Bramble", "Brookside", "Cedar", "Copper", "Fable", "Foxglove", "Gable", "Granite",
    "Harbor", "Hazel", "Heron", "Juniper", "Lantern", "Maple", "Meadow", "Northwind", "Orchard", "Pebble", "Quarry",
    "Riverbend", "Rowan", "Saltmarsh", "Sparrow", "Summit", "Thistle", "Wharf", "Willow",
)  # fmt: skip
COMPANY_KINDS = (
    "Inn", "Books", "Bakery", "Studio", "Hotel", "Law", "Dental", "Architects", "Yoga", "Cafe", "Press", "Gallery",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Persons:
    """Codes that spell a person: names, city and mail host; one entry a person."""

    country: IntArray
    city: IntArray
    first_name: IntArray
    last_name: IntArray
    host: IntArray


def draw_persons(count: int, countries: tuple[Country, ...], rng: np.random.Generator) -> Persons:
    """So many invented people; `city` counts through the cities of all countries."""
    weight: FloatArray = np.array([country.weight for country in countries])
    country = rng.choice(len(countries), size=count, p=weight / weight.sum())
    cities = np.array([len(place.cities) for place in countries])
    offset = np.concatenate([[0], np.cumsum(cities)[:-1]])
    city = offset[country] + np.floor(rng.random(count) * cities[country]).astype(np.int64)
    return Persons(
        country,
        city,
        rng.integers(0, len(FIRST_NAMES), count),
        rng.integers(0, len(LAST_NAMES), count),
        rng.integers(0, len(MAIL_HOSTS), count),
    )
