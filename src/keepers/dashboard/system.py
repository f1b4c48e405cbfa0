"""The pages about the system itself: signing in, data and runs, users and tokens."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from keepers.dashboard.pages import LONGEST_ADDRESS, Back, Person, TheSite, changer, page, person_of, sign_in_page
from keepers.domain.access import Role, Scope, Visitor
from keepers.domain.place import named_place
from keepers.pipeline.uploads import CHECKED, COMING, UPLOADS
from keepers.storage.failures import told_of_files
from keepers.storage.state import FOLDER
from keepers.web.once import OnceField
from keepers.web.pulls import pulled_sources
from keepers.web.secrets import hash_password, new_token, token_hash
from keepers.web.signing_in import begun, ended, give_cookie, refuse_other_sites, take_cookie
from keepers.web.site import Site

router = APIRouter(include_in_schema=False)

LARGEST_UPLOAD = 2 * 2**30
"""Bytes of a file."""

_AT_ONCE = 3
"""Files that are read at once."""

_LONGEST_CHECK = 600.0
_PIECE = 2**20
_Governs = Annotated[Visitor, changer(Scope.ADMIN)]
_Decides = Annotated[Visitor, changer(Scope.DECIDE)]
_Line = Annotated[str, Form(max_length=320)]
_Secret = Annotated[str, Form(max_length=1_000)]


@router.get("/sign-in")
def ask(site: TheSite, wanted: Annotated[str, Query(max_length=LONGEST_ADDRESS)] = "/") -> Response:
    """The page on which people sign in."""
    return sign_in_page(site, _inside(wanted))


@router.post("/sign-in")
def sign_in(
    request: Request, site: TheSite, email: _Line, password: _Secret,
    wanted: Annotated[str, Form(max_length=LONGEST_ADDRESS)] = "/",
) -> Response:  # fmt: skip
    """Sign in, and go on to where one wanted to."""
    refuse_other_sites(request)
    found = begun(site, request, email, password)
    if found is None:
        return sign_in_page(site, _inside(wanted), "No user has this address and password.", 401)
    answer = RedirectResponse(_inside(wanted), 303)
    give_cookie(site, request, answer, found[1])
    return answer


@router.post("/sign-out")
def sign_out(request: Request, site: TheSite, visitor: Annotated[Visitor, changer(Scope.READ)]) -> RedirectResponse:
    """Sign out."""
    assert visitor.session is not None
    ended(site, visitor.session, visitor.name)
    answer = RedirectResponse("/sign-in", 303)
    take_cookie(site, request, answer)
    return answer


@router.get("/data")
def data(request: Request, site: TheSite, visitor: Person) -> Response:
    """Where data come from, what was read of them, and runs."""
    with site.state.reading() as books:
        jobs, events = books.jobs.listed(20), books.inbox.count()
    generation = site.generation()
    said: dict[str, Any] = {}
    if generation is not None and (Path(generation.folder) / "summary.json").exists():
        said = site.said(generation)
    places = (*site.project.sources, *site.project.spend)
    return page(
        request, visitor, "data", jobs=jobs, events=events, sources=[named_place(one).split("/")[-1] for one in places],
        uploads=_uploads(site), pulls=pulled_sources(site),
        account=said.get("data"), write_address=str(request.base_url),
    )  # fmt: skip


_ERASED = (
    "Somebody was erased while this file came in, and it names them or may. It was not taken in: send it again without "
    "them."
)


@router.post("/data/run")
def ask_run(site: TheSite, visitor: _Decides, back: Back, once: OnceField = "") -> RedirectResponse:
    """Ask for a run over everything."""
    once = once and f"run {once}"
    with site.state.writing() as books:
        if books.once.said(visitor.name, once, site.now()) is not None:
            return back("/data")
        books.once.keep(visitor.name, once, {}, site.now())
        job = books.jobs.ask("run", visitor.name, site.now())
        books.users.note(visitor.name, "job asked", "run", site.now(), {"job": job.number})
    return back("/data")


async def upload(request: Request, site: TheSite, visitor: _Decides, file: UploadFile) -> Response:
    """Take a file in: read it, and show where every amount went before anybody relies on it."""
    folder = site.project.folder / FOLDER / UPLOADS
    name = _safe(file.filename or "upload.csv")
    begins = uuid.uuid4().hex
    coming, beside = folder / f"{COMING}{begins}-{name}", folder / f"{CHECKED}{begins}-{name}"
    with told_of_files(str(folder)):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            await run_in_threadpool(_written, file, coming)
            _moved(coming, beside)
            found, complaint = await _in_turn(site, beside)
            if not beside.exists():
                raise HTTPException(409, _ERASED)
            if not complaint:
                await run_in_threadpool(_taken_in, site, visitor, beside, folder / name)
        finally:
            coming.unlink(missing_ok=True)
            beside.unlink(missing_ok=True)
    return await run_in_threadpool(page, request, visitor, "uploaded", name=name, found=found, complaint=complaint)


class _ForDeciders(APIRoute):
    """A route that looks who asks before it takes in what they send, which goes to the disk first of all."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers."""
        answer = super().get_route_handler()

        async def allowed(request: Request) -> Response:
            if not (await person_of(request)).may(Scope.DECIDE):
                raise HTTPException(403, "Your role does not allow this. Ask an owner.")
            return await answer(request)

        return allowed


router.add_api_route("/data/upload", upload, methods=["POST"], route_class_override=_ForDeciders)


@router.post("/data/forget")
def forget(
    site: TheSite, visitor: _Decides, back: Back, name: Annotated[str, Form(max_length=300)]
) -> RedirectResponse:
    """Leave an uploaded file out of later runs."""
    path = site.project.folder / FOLDER / UPLOADS / _safe(name)
    path.unlink(missing_ok=True)
    with site.state.writing() as books:
        books.users.note(visitor.name, "upload removed", path.name, site.now())
    return back("/data")


@router.get("/access")
def access(request: Request, site: TheSite, visitor: Person) -> Response:
    """Who may come in, and what they did."""
    return _access_page(request, site, visitor)


@router.post("/access/users")
def add_user(
    site: TheSite, visitor: _Governs, back: Back, email: _Line, password: _Secret, role: Annotated[Role, Form()]
) -> RedirectResponse:
    """Let somebody sign in."""
    address = email.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise HTTPException(422, f"{email!r} is no e-mail address.")
    kept = hash_password(password)
    with site.state.writing() as books:
        books.users.add(address, kept, role, site.now())
        books.users.note(visitor.name, "user added", address, site.now(), {"role": role.value})
    return back("/access")


@router.post("/access/users/remove")
def shut_out(site: TheSite, visitor: _Governs, back: Back, email: _Line) -> RedirectResponse:
    """Let somebody no longer sign in."""
    with site.state.writing() as books:
        books.users.change(email, disabled_at=site.now())
        books.users.note(visitor.name, "user shut out", email, site.now())
    return back("/access")


@router.post("/access/tokens")
def add_token(
    request: Request, site: TheSite, visitor: _Governs, name: Annotated[str, Form(min_length=1, max_length=200)],
    scope: Annotated[list[Scope], Form(min_length=1)],
) -> Response:  # fmt: skip
    """Let a program in, and show its token, this once."""
    token = new_token()
    with site.state.writing() as books:
        books.users.add_token(name, token_hash(token), frozenset(scope), visitor.name, site.now())
        books.users.note(visitor.name, "token made", name, site.now(), {"scopes": [one.value for one in scope]})
    return _access_page(request, site, visitor, made=(name, token))


@router.post("/access/tokens/revoke")
def revoke(
    site: TheSite, visitor: _Governs, back: Back, number: Annotated[int, Form(ge=1, le=2**31 - 1)]
) -> RedirectResponse:
    """Shut a program out."""
    with site.state.writing() as books:
        books.users.revoke(number, site.now())
        books.users.note(visitor.name, "token revoked", str(number), site.now())
    site.forget_tokens()
    return back("/access")


def _access_page(request: Request, site: Site, visitor: Visitor, made: tuple[str, str] | None = None) -> Response:
    if not visitor.may(Scope.ADMIN):
        raise HTTPException(403, "Only owners govern who may come in.")
    with site.state.reading() as books:
        users, tokens, deeds = books.users.listed(), books.users.tokens(), books.users.deeds(50)
    return page(
        request,
        visitor,
        "access",
        users=users,
        tokens=tokens,
        deeds=deeds,
        made=made,
        roles=list(Role),
        scopes=list(Scope),
    )


def _inside(wanted: str) -> str:
    """An address on this site; the beginning for any other."""
    inside = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\\" not in wanted
    return wanted if inside and not re.search(r"[\x00-\x1f]", wanted) else "/"


def _safe(name: str) -> str:
    """A file's name without a path, hidden beginnings or odd signs."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w.() -]+", "_", last).strip(". ")[-150:]
    return plain or "upload.csv"


def _uploads(site: Site) -> list[tuple[str, int]]:
    folder = site.project.folder / FOLDER / UPLOADS
    if not folder.is_dir():
        return []
    return sorted((path.name, path.stat().st_size) for path in folder.iterdir() if not path.name.startswith("."))


def _written(file: UploadFile, path: Path) -> None:
    """A file that is sent, on disk.

    Raises
    ------
    HTTPException
        413 where it is too large.
    """
    size = 0
    with path.open("wb") as kept:
        while piece := file.file.read(_PIECE):
            size += len(piece)
            if size > LARGEST_UPLOAD:
                raise HTTPException(413, "The file has more than 2 GB. Put it beside keepers.toml and name it there.")
            kept.write(piece)


def _taken_in(site: Site, visitor: Visitor, beside: Path, place: Path) -> None:
    """Put a file that was read into its place, and note who sent it: both, or neither where the note fails."""
    with site.state.writing() as books:
        books.users.note(visitor.name, "file uploaded", place.name, site.now(), {"replaced": place.exists()})
        _moved(beside, place)


def _moved(path: Path, place: Path) -> None:
    """Put a file that is being taken in elsewhere.

    Raises
    ------
    HTTPException
        409 where an erasure has removed it.
    """
    try:
        path.replace(place)
    except FileNotFoundError:
        raise HTTPException(409, _ERASED) from None


async def _in_turn(site: Site, path: Path) -> tuple[dict[str, Any] | None, str]:
    """Read a file unless many are being read, each of which may take the memory of the machine.

    Raises
    ------
    HTTPException
        503 where others are being read.
    """
    if site.reading >= _AT_ONCE:
        raise HTTPException(503, "Other files are being read at this moment. Send this one again in a minute.")
    site.reading += 1
    try:
        return await _checked(path)
    finally:
        site.reading -= 1


async def _checked(path: Path) -> tuple[dict[str, Any] | None, str]:
    """What `keepers check` says of a file, in a process of its own: its account, or its complaint."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "keepers", "check", str(path), "--json",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, error = await asyncio.wait_for(process.communicate(), _LONGEST_CHECK)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None, "Reading it takes longer than ten minutes. Put it beside keepers.toml and name it there."
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        said = error.decode(errors="replace").replace(str(path), "the file").replace(path.name, "the file")
        return None, said.partition("keepers: ")[2].strip() or "The file could not be read."
    return json.loads(out), ""
