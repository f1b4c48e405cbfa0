"""Mail: one message, handed to a mail server once, with the moment from which on it may have been sent."""

from __future__ import annotations

import datetime as dt
import smtplib
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr
from enum import Enum

from keepers.domain.errors import EngineError

_PATIENCE = 30.0
"""Seconds to wait for a mail server."""
_FROM_HERE = 500
"""Answers of a mail server from here on are final; those below may be other ones later."""


class Outcome(Enum):
    """What an error of mail means for the message."""

    LATER = "not sent; another try may succeed"
    NEVER = "not sent; it will not be sent as it is"
    UNCLEAR = "may have been sent"


class MailError(EngineError):
    """A mail server did not take a message."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over.

    Parameters
    ----------
    host, port : str, int
        Of the server.
    security : str
        ``"starttls"``: encrypted from the greeting on; ``"tls"``: from the first byte; ``"none"``.
    user, password : str
        Who signs in; nobody where empty.
    """

    host: str
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)


def new_message_id(sender: str) -> str:
    """An id of a message, of the sender's own domain."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    return make_msgid(domain=domain or None)


def composed(
    sender: str,
    recipients: Sequence[str],
    subject: str,
    plain: str,
    html: str,
    message_id: str,
    at: dt.datetime,
) -> EmailMessage:
    """A message as plain text with the same as HTML beside it."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(subject.split())
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id
    # No answering machine shall answer to it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(plain)
    message.add_alternative(html, subtype="html")
    return message


def send(server: MailServer, message: EmailMessage, recipients: Sequence[str], handing_over: Callable[[], None]) -> str:
    """Hand a message to a mail server; gives what it came to, in words.

    Parameters
    ----------
    server : MailServer
    message : EmailMessage
    recipients : sequence of str
    handing_over : callable
        Called right before the message itself goes out: until then it has certainly not been sent.

    Raises
    ------
    MailError
        With what it means for the message.
    """
    where = f"The mail server {server.host}:{server.port}"
    try:
        connection = _connected(server)
    except smtplib.SMTPResponseException as error:
        raise _refused(where, error.smtp_code, error.smtp_error) from None
    except smtplib.SMTPNotSupportedError as error:
        raise MailError(
            f"{where} cannot do what [letter] asks of it ({error}). Change security or user.", Outcome.NEVER
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise MailError(
            f"{where} shows a certificate that is not to be trusted ({error.verify_message}).", Outcome.NEVER
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(
            f"{where} cannot be reached ({_why(error)}). Look at host, port and security of [letter] in keepers.toml.",
            Outcome.LATER,
        ) from None
    try:
        refused = _addressed(connection, where, message, recipients)
        handing_over()
        try:
            code, answer = connection.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            raise _refused(where, error.smtp_code, error.smtp_error) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(
                f"{where} did not say whether it took the message ({_why(error)}): it may have arrived.",
                Outcome.UNCLEAR,
            ) from None
        if code != 250:
            raise _refused(where, code, answer)
    finally:
        _leave(connection)
    if refused:
        return f"Sent, but the mail server refused {', '.join(refused)}."
    return f"Sent to {', '.join(recipients)}."


def _connected(server: MailServer) -> smtplib.SMTP:
    if server.security == "tls":
        context = ssl.create_default_context()
        connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=_PATIENCE, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=_PATIENCE)
    try:
        if server.security == "starttls":
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _addressed(connection: smtplib.SMTP, where: str, message: EmailMessage, recipients: Sequence[str]) -> list[str]:
    """Say from whom and to whom; gives those whom the server refuses.

    Raises
    ------
    MailError
        It refuses the sender, or everybody.
    """
    try:
        connection.ehlo_or_helo_if_needed()
        code, answer = connection.mail(parseaddr(str(message["From"]))[1])
        if code != 250:
            raise _refused(where, code, answer)
        refused: dict[str, tuple[int, bytes]] = {}
        for one in recipients:
            code, answer = connection.rcpt(parseaddr(one)[1])
            if code not in (250, 251):
                refused[one] = (code, answer)
    except (OSError, smtplib.SMTPException) as error:
        raise MailError(f"{where} broke off before it took anything ({_why(error)}).", Outcome.LATER) from None
    if len(refused) == len(recipients):
        raise _refused(where, *min(refused.values()))
    return list(refused)


def _why(error: Exception) -> str:
    """A failure without numbers that say nothing to people."""
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def _refused(where: str, code: int, answer: bytes | str) -> MailError:
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    outcome = Outcome.NEVER if code >= _FROM_HERE else Outcome.LATER
    return MailError(f"{where} refused the letter: {code} {' '.join(text.split())}", outcome)


def _leave(connection: smtplib.SMTP) -> None:
    """Say goodbye; the message has been taken or not whatever the answer to that."""
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()
