"""A token for some time, which a service gives for a secret that lasts."""

from __future__ import annotations

from collections.abc import Mapping

from keepers.domain.errors import ConfigError, EngineError


def granted(label: str, address: str, asked: Mapping[str, str], account: str, form: bool = False) -> str:
    """Ask for a token.

    Parameters
    ----------
    label : str
        What people call the service.
    address : str
        Where it gives tokens.
    asked : mapping
        What it wants to be told.
    account : str
        How to get what it wants, for the error when it refuses.
    form : bool
        Whether it is told as a form rather than as JSON.

    Raises
    ------
    ConfigError
        The service refuses.
    EngineError
        It cannot be reached.
    """
    from dlt.sources.helpers.requests import Client, RequestException

    from keepers.data.connectors.walk import alone

    session = Client(raise_for_status=False).session
    alone(session, address)
    body = {"data" if form else "json": dict(asked)}
    try:
        with session:
            answer = session.post(address, allow_redirects=False, **body)  # type: ignore[arg-type]
    except RequestException as error:
        raise EngineError(f"{label} cannot be reached ({type(error).__name__}). Try later.") from None
    if answer.status_code >= 300:
        raise ConfigError(f"{label} gives no token for what it was told ({answer.status_code}). {account}")
    try:
        return str(answer.json()["access_token"])
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{label} answers with something else than a token. {account}") from None
