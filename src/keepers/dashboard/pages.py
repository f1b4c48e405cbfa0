"""What pages share: who looks, what every page shows, forms that cannot be forged, and the files of the look."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import jinja2
from fastapi import Depends, Form, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from keepers.dashboard import words
from keepers.dashboard.context import bar_of
from keepers.dashboard.looked import shown_on
from keepers.dashboard.looking import View, converted, meaning
from keepers.dashboard.menu import ACCESS, CUSTOMERS, OF_ORDERS, SUBSCRIBED, SUBSCRIBERS, menu
from keepers.dashboard.wanted import BESIDE, Wanted
from keepers.domain.access import Scope, Visitor
from keepers.reports import formatting
from keepers.reports.compiled import Kept
from keepers.reports.page import asset as report_asset
from keepers.reports.page import style_sheet
from keepers.storage.generation import Generation
from keepers.web.access import TheSite, session_cookie, the_site
from keepers.web.once import new_name
from keepers.web.secrets import csrf_token, is_csrf_token
from keepers.web.site import Site

_HERE = Path(__file__).parent
_ASSETS = (
    "report.css", "dashboard.css", "dashboard.js", "theme.js", "echarts.min.js", "charts.js", "saving.js", "map.js",
    "asking.js",
)  # fmt: skip


LONGEST_ADDRESS = 4_000
"""Characters of a page's address to which signing in leads back."""


class NotSignedInError(Exception):
    """Somebody looks who has to sign in first."""

    def __init__(self, wanted: str) -> None:
        super().__init__(wanted)
        self.wanted = wanted


async def person_of(request: Request) -> Visitor:
    """Who looks at a page.

    Raises
    ------
    NotSignedInError
        Nobody is signed in.
    """
    session = request.cookies.get(session_cookie(request))
    visitor = None if session is None else await the_site(request).of_session(session)
    if visitor is None:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        leads_back = request.method == "GET" and len(wanted) <= LONGEST_ADDRESS
        raise NotSignedInError(wanted if leads_back else "/")
    return visitor


def changer(scope: Scope) -> Any:
    """Who changes something by a form of a page of ours."""

    def allowed(
        visitor: Annotated[Visitor, Depends(person_of)], csrf: Annotated[str, Form(max_length=200)] = ""
    ) -> Visitor:
        if visitor.session is None or not is_csrf_token(visitor.session, csrf):
            raise HTTPException(
                403, "The form is not of a page of yours, or you signed in anew since. Go back and reload."
            )
        if not visitor.may(scope):
            raise HTTPException(403, "Your role does not allow this. Ask an owner.")
        return visitor

    return Depends(allowed)


Person = Annotated[Visitor, Depends(person_of)]


def page(request: Request, visitor: Visitor, template: str, **said: Any) -> HTMLResponse:
    """A page with what every page shows."""
    site = the_site(request)
    generation = site.generation()
    wanted = Wanted.of(request)
    view = None if generation is None else shown_on(request.url.path, generation, wanted)
    currency = None if generation is None else generation.settings.get("currency")
    left_out = _left_out(site, generation, visitor)
    with formatting.shown_in(None if view is None else view.conversion):
        text = (
            _environment()
            .get_template(f"{template}.html.j2")
            .render(
                store=site.name,
                visitor=visitor,
                csrf="" if visitor.session is None else csrf_token(visitor.session),
                menu=menu(request.url.path, left_out),
                subscribed=SUBSCRIBERS not in left_out,
                finds=CUSTOMERS if CUSTOMERS not in left_out else SUBSCRIBERS,
                looking=wanted.looks,
                bar=None if generation is None else bar_of(site, generation, request.url.path, wanted, visitor),
                view=view,
                go=wanted.context.address,
                look=wanted.everybody.address,
                keep=wanted.fields,
                beside=[(name, request.query_params[name]) for name in BESIDE if request.query_params.get(name)],
                here=quote(request.url.path),
                freshness=words.freshness(generation, site.now()),
                trust=None if generation is None else words.trust(_said(site, generation)),
                meaning=None if view is None else _meaning(site, generation, request.url.path, view),
                generation=generation,
                money=partial(formatting.money, currency=currency),
                short_money=partial(formatting.short_money, currency=currency),
                version=assets_version(),
                **said,
            )
        )
    return HTMLResponse(text)


def kept_along(request: Request) -> Callable[..., str]:
    """Addresses with what the one that is asked for was looked at with, for whatever leads on to another page."""
    return Wanted.of(request).context.address


def _back(request: Request) -> Callable[..., RedirectResponse]:
    go = kept_along(request)
    return lambda path, **other: RedirectResponse(go(path, **other), 303)


Back = Annotated[Callable[..., RedirectResponse], Depends(_back)]
"""After a change: the page that shows it, looked at as before."""


def sign_in_page(site: Site, wanted: str, problem: str = "", status: int = 200) -> HTMLResponse:
    """The page on which people sign in."""
    with site.state.reading() as books:
        nobody = not books.users.listed()
    text = _environment().get_template("sign_in.html.j2").render(
        store=site.name, wanted=wanted, problem=problem, nobody=nobody, version=assets_version()
    )  # fmt: skip
    return HTMLResponse(text, status)


def trouble_page(request: Request, status: int, detail: str) -> HTMLResponse:
    """A page that says what is wrong and what to do."""
    text = _environment().get_template("trouble.html.j2").render(
        status=status, detail=detail, go=kept_along(request), version=assets_version()
    )  # fmt: skip
    return HTMLResponse(text, status)


def asset(name: str) -> Response:
    """A file of the look; it may be kept for good, as its address changes with it.

    Raises
    ------
    HTTPException
        404 for any other.
    """
    if name not in _ASSETS:
        raise HTTPException(404, "There is no such file.")
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    return Response(_text_of(name), media_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@cache
def _text_of(name: str) -> str:
    if name == "report.css":
        return style_sheet()
    own = _HERE / "assets" / name
    return own.read_text(encoding="utf-8") if own.exists() else report_asset(name)


@cache
def assets_version() -> str:
    """Changes with the files of the look."""
    return hashlib.sha256("".join(_text_of(name) for name in _ASSETS).encode()).hexdigest()[:12]


def _left_out(site: Site, generation: Generation | None, visitor: Visitor) -> tuple[str, ...]:
    """Pages that are not in the menu: those that one may not see, and of what the store does not have."""
    left_out = [] if visitor.may(Scope.ADMIN) else [ACCESS]
    said = {} if generation is None else _said(site, generation) or {}
    if not said.get("subscriptions"):
        left_out += SUBSCRIBED
    elif generation is not None and not generation.customers:
        left_out += OF_ORDERS
    return tuple(left_out)


def _meaning(site: Site, generation: Generation | None, path: str, view: View) -> str | None:
    """What money means on a page; of leads and of one subscriber it stands on the page itself."""
    if generation is None or path.startswith(("/leads", f"{SUBSCRIBERS}/")):
        return None
    if path.startswith(SUBSCRIBED):
        told = ((_said(site, generation) or {}).get("subscriptions") or {}).get("money") or {}
        return f"{told['meaning']}{converted(view)}" if told.get("meaning") else None
    return meaning(view, not generation.customers)


def _said(site: Site, generation: Generation) -> dict[str, Any] | None:
    try:
        return site.said(generation)
    except OSError:
        return None


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, bytecode_cache=Kept(_HERE / "templates"),
    )  # fmt: skip
    made.globals |= {"fmt": formatting, "words": words, "Scope": Scope, "today": dt.date.today, "once": new_name}
    made.filters["part"] = lambda text: quote(str(text), safe="")
    return made


__all__ = [
    "LONGEST_ADDRESS", "Back", "NotSignedInError", "Person", "TheSite", "asset", "changer", "kept_along", "page",
    "person_of", "sign_in_page", "trouble_page",
]  # fmt: skip
