"""Six-digit codes that prove an e-mail address or a telephone number.

An e-mailed code allows signing in, opening or claiming a vault, changing the address or a sensitive act. The session
holds the address, the use and the code's digest, which is under the city's key with the address, the use and the
session: a code serves them alone, and once. It expires after ten minutes or three wrong tries, which `core.once`
counts. The rate limits (ACCOUNT_RATE_LIMITS) allow strangers 45 guesses in a million per address and hour.
"""

import hmac
import secrets
import time
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Self

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.http import HttpRequest
from django.template.loader import render_to_string

from accounts import known_devices
from core import canonical, once
from core.messages import mails, sms
from core.rows import city_key

LASTS = 600
TRIES = 3
PLACE = "code"


class Use(Enum):
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"
    CHANGE_ADDRESS = "change_address"
    KEEP_PHONE = "keep_phone"
    CLAIM = "claim"


class Answer(Enum):
    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"


@dataclass
class Asked:
    use: str
    email: str
    digest: str
    sent_at: float
    next: str = ""
    serial: str = ""

    @classmethod
    def of(cls, request: HttpRequest, use: Use) -> Self | None:
        """Return the code last sent to this browser for `use`, or None once it is expired."""
        kept = request.session.get(PLACE)
        asked = cls(**kept) if kept and kept["use"] == use.value else None
        return asked if asked and time.time() - asked.sent_at <= LASTS else None

    def keep(self, request: HttpRequest) -> None:
        request.session[PLACE] = asdict(self)


def may_send(request: HttpRequest, email: str) -> bool:
    """Limit the codes sent to an address, so that strangers who ask for them do not lock its owner out.

    A browser that proved the address before has a limit of its own. Of the address's own limit, one network gets a
    part only.
    """
    address = email.strip().lower()
    if known := known_devices.known_as(request, address):
        return _may(request, "send_code_known", key=f"{address}|{known}")
    network = ratelimit.truncate_ip(ratelimit.get_ip(request))
    return _may(request, "send_code_network", key=f"{address}|{network}") and _may(request, "send_code", key=address)


def _may(request: HttpRequest, action: str, *, key: str) -> bool:
    return ratelimit.consume(request, app="allauth.account", action=action, key=key) is not None


def may_try_sheet(request: HttpRequest) -> bool:
    return ratelimit.consume(request, app="allauth.account", action="sheet_code") is not None


def may_check(request: HttpRequest) -> bool:
    return ratelimit.consume(request, app="allauth.account", action="check_code") is not None


def send(request: HttpRequest, *, use: Use, email: str, next_page: str = "", mail: str = "account/email/code") -> None:
    """E-mail a code. Does the same work in the same time, whether or not an account uses this address.

    The e-mail goes to the normalised address that accounts are found by: another spelling (a Kelvin sign for a k)
    could be another mailbox.

    Raises:
        NotSent: the page is then `core.views.mail_down`, and the code serves nothing.
    """
    address = email.strip().lower()
    code = _new(request, use, address, next_page)
    try:
        get_adapter().send_mail(mail, address, {"code": code, "minutes": LASTS // 60})
    except mails.NotSent:
        forget(request)
        raise


def send_to_phone(request: HttpRequest, *, number: str) -> bool:
    """Text a code, in the language of the page. Return False if sending failed."""
    code = _new(request, Use.KEEP_PHONE, number, "")
    return sms.send(
        number=number, text=render_to_string("account/sms/code.txt", {"code": code, "minutes": LASTS // 60}).strip()
    )


def may_text(request: HttpRequest, number: str) -> bool:
    """Rate-limit text messages: each costs money and may reach a stranger."""
    return ratelimit.consume(request, app="allauth.account", action="send_sms", key=number) is not None


def check(request: HttpRequest, *, use: Use, typed: str) -> Answer:
    """Check a typed code. The right code serves once, also if it is sent several times at once; the third wrong one
    or ten minutes end it.
    """
    asked = Asked.of(request, use)
    attempt = _count_try(asked) if asked else 0
    if asked is None or not attempt:
        forget(request)
        return Answer.OVER
    if hmac.compare_digest(_digest(request, asked, "".join(filter(str.isdigit, typed))), asked.digest):
        forget(request)
        return Answer.RIGHT if once.use("code", asked.serial) else Answer.OVER
    if attempt == TRIES:
        forget(request)
        return Answer.OVER
    return Answer.WRONG


def forget(request: HttpRequest) -> None:
    request.session.pop(PLACE, None)


def _new(request: HttpRequest, use: Use, target: str, next_page: str) -> str:
    code = f"{secrets.randbelow(1_000_000):06}"
    serial = secrets.token_hex(16)
    asked = Asked(use=use.value, email=target, digest="", sent_at=time.time(), next=next_page, serial=serial)
    asked.digest = _digest(request, asked, code)
    asked.keep(request)
    return code


def _count_try(asked: Asked) -> int:
    """Return the number of this try, from 1, or 0 if none is left.

    It is counted before the code is compared: concurrent tries all read the same session.
    """
    return once.count("try", asked.serial, most=TRIES)


def _digest(request: HttpRequest, asked: Asked, code: str) -> str:
    session = request.session.own_hash()  # type: ignore[attr-defined]  # our engine's
    bound = [session, asked.use, asked.email, asked.sent_at, asked.next, asked.serial]
    return hmac.digest(city_key(), canonical.encode(["code", *bound, code]), "sha256").hex()
