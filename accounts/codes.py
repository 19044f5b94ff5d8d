"""Six figures sent to an address prove that it is yours: to sign in, to open or claim a vault, to change address, to do a sensitive act.
Sent to a telephone they prove its number.

What is asked lies in the visitor's session: the address, what it is for, the code's hash. A code lives ten minutes and three tries.
The rate limits (ACCOUNT_RATE_LIMITS) leave 45 guesses in a million per address and hour.
"""

import hmac
import secrets
import time
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Self

from allauth.account.adapter import get_adapter
from allauth.core.internal import ratelimit
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.template.loader import render_to_string

from core.messages import sms

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
        """What this browser was last asked for `use`, while it can still be answered."""
        kept = request.session.get(PLACE)
        asked = cls(**kept) if kept and kept["use"] == use.value else None
        return asked if asked and time.time() - asked.sent_at <= LASTS else None

    def keep(self, request: HttpRequest) -> None:
        request.session[PLACE] = asdict(self)


def may_send(request: HttpRequest, email: str) -> bool:
    return ratelimit.consume(request, app="allauth.account", action="send_code", key=email.lower()) is not None


def may_try_sheet(request: HttpRequest) -> bool:
    return ratelimit.consume(request, app="allauth.account", action="sheet_code") is not None


def may_check(request: HttpRequest) -> bool:
    return ratelimit.consume(request, app="allauth.account", action="check_code") is not None


def send(request: HttpRequest, *, use: Use, email: str, next_page: str = "", mail: str = "account/email/code") -> None:
    """The same work and the same time whether or not someone signs in with this address.

    The mail goes to the address as accounts are looked up: written otherwise (a Kelvin sign for a k), it could be another mailbox.
    """
    address = email.strip().lower()
    code = _new(request, use, address, next_page)
    get_adapter().send_mail(mail, address, {"code": code, "minutes": LASTS // 60})


def send_to_phone(request: HttpRequest, *, number: str) -> bool:
    """False: it could not be sent. In the language of the page: its person is there."""
    code = _new(request, Use.KEEP_PHONE, number, "")
    return sms.send(
        number=number, text=render_to_string("account/sms/code.txt", {"code": code, "minutes": LASTS // 60}).strip()
    )


def may_text(request: HttpRequest, number: str) -> bool:
    """A text message costs, and may ring at somebody else's."""
    return ratelimit.consume(request, app="allauth.account", action="send_sms", key=number) is not None


def check(request: HttpRequest, *, use: Use, typed: str) -> Answer:
    """A right code serves once; the third wrong one, or ten minutes, ends it."""
    asked = Asked.of(request, use)
    turn = _turn(asked) if asked else 0
    if asked is None or not turn:
        forget(request)
        return Answer.OVER
    if hmac.compare_digest(_digest("".join(filter(str.isdigit, typed))), asked.digest):
        forget(request)
        return Answer.RIGHT
    if turn == TRIES:
        forget(request)
        return Answer.OVER
    return Answer.WRONG


def forget(request: HttpRequest) -> None:
    request.session.pop(PLACE, None)


def _new(request: HttpRequest, use: Use, target: str, next_page: str) -> str:
    code = f"{secrets.randbelow(1_000_000):06}"
    serial = secrets.token_hex(16)
    Asked(use=use.value, email=target, digest=_digest(code), sent_at=time.time(), next=next_page, serial=serial).keep(
        request
    )
    return code


def _turn(asked: Asked) -> int:
    """Which try this is, from 1, or 0 when none is left. Counted in the shared cache: tries sent together all read the same session."""
    return next((turn for turn in range(1, TRIES + 1) if cache.add(f"code:{asked.serial}:{turn}", 1, LASTS)), 0)


def _digest(code: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), code.encode(), "sha256").hexdigest()
