"""Time zones as exports name them: offsets, abbreviations, and names that people read."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keepers.domain.errors import ConfigError

ABBREVIATIONS = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "AST": -240, "ADT": -180, "NST": -210,
    "NDT": -150, "BRT": -180, "BRST": -120, "ART": -180, "CLT": -240, "CLST": -180, "COT": -300, "PET": -300,
    "SAST": 120, "IST": 330, "PKT": 300, "GST": 240, "SGT": 480, "HKT": 480, "PHT": 480, "MYT": 480, "AWST": 480,
    "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip
"""Minutes east of UTC of the abbreviations that exports carry."""

SUMMER_NORTH = ("CEST", "MESZ", "WEST", "BST", "EEST", "EDT", "CDT", "MDT", "PDT", "AKDT", "ADT", "NDT")
WINTER_NORTH = ("CET", "MEZ", "WET", "EET", "EST", "PST", "AKST")

NAMES = {
    "eastern time (us & canada)": "America/New_York",
    "central time (us & canada)": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles",
    "arizona": "America/Phoenix",
    "alaska": "America/Anchorage",
    "hawaii": "Pacific/Honolulu",
    "atlantic time (canada)": "America/Halifax",
    "newfoundland": "America/St_Johns",
    "saskatchewan": "America/Regina",
    "london": "Europe/London",
    "dublin": "Europe/Dublin",
    "lisbon": "Europe/Lisbon",
    "madrid": "Europe/Madrid",
    "paris": "Europe/Paris",
    "amsterdam": "Europe/Amsterdam",
    "berlin": "Europe/Berlin",
    "tokyo": "Asia/Tokyo",
    "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne",
    "brisbane": "Australia/Brisbane",
    "adelaide": "Australia/Adelaide",
    "perth": "Australia/Perth",
    "hobart": "Australia/Hobart",
    "darwin": "Australia/Darwin",
}
"""Zone names of shop and till systems, in lower case, and the zone of the tz database they mean."""


def zone_name(text: str) -> str | None:
    """The tz database's name of a zone written in words; None where the text names none.

    >>> zone_name("Eastern Time (US & Canada)"), zone_name("Europe/Berlin"), zone_name("CEST")
    ('America/New_York', 'Europe/Berlin', None)
    """
    known = NAMES.get(text.strip().casefold())
    if known:
        return known
    if "/" not in text:
        return None
    try:
        return ZoneInfo(text.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def check_zone(text: str) -> str:
    """The name of a zone that a person gave, or an error that says what is allowed."""
    if text.strip().upper() in ("UTC", "GMT", "Z"):
        return "UTC"
    found = zone_name(text)
    if found is None:
        raise ConfigError(f"`time_zone` is {text!r}, which is not a time zone. Write one such as Europe/Berlin or UTC.")
    return found
