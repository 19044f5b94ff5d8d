"""Short text messages. A provider is a class with `send`, named by SMS_PROVIDER; without one, no page offers messages.

Numbers are always E.164 (ITU-T): a plus, the country and the subscriber, fifteen digits at most. Neither numbers nor
texts are logged.
"""

import json
import logging
import re
import sys
from datetime import datetime
from functools import lru_cache
from typing import Protocol
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from core.telemetry import counters

logger = logging.getLogger(__name__)
E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
#: Characters that people type between digits.
BETWEEN = re.compile(r"[\s\u00a0\u202f().\-/]")
FRANCE = "+33"


class Provider(Protocol):
    def send(self, *, number: str, text: str) -> None:
        """Send a text. Any exception means that sending failed."""


class Console:
    """Provider for development: prints to stderr."""

    def send(self, *, number: str, text: str) -> None:
        sys.stderr.write(f"SMS to {number}: {text}\n")


class Files:
    """Provider for the demonstration and the tests: writes a file per message in `var/sms`."""

    def send(self, *, number: str, text: str) -> None:
        folder = settings.VAR / "sms"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        now: datetime = timezone.now()
        (folder / f"{now:%Y%m%d-%H%M%S-%f}-{uuid4().hex[:8]}.json").write_text(
            json.dumps({"to": number, "text": text}, ensure_ascii=False)
        )


def offered() -> bool:
    return bool(settings.SMS_PROVIDER)


def read_number(typed: str) -> str:
    """Return the E.164 number of what people type: 06 12 34 56 78, 0033 6…, +33 (0)6…

    Raises:
        ValueError: it is no telephone number.
    """
    kept = BETWEEN.sub("", typed.strip().replace("(0)", ""))
    if kept.startswith("00"):
        kept = f"+{kept[2:]}"
    if re.fullmatch(r"0[1-9]\d{8}", kept):
        kept = f"{FRANCE}{kept[1:]}"
    if not E164.match(kept):
        raise ValueError("no telephone number")
    return kept


def shown(number: str) -> str:
    """Format a French number as 06 12 34 56 78; return another country's number unchanged."""
    if not re.fullmatch(r"\+33\d{9}", number):
        return number
    digits = f"0{number[len(FRANCE) :]}"
    return "\u00a0".join(digits[at : at + 2] for at in range(0, len(digits), 2))


def send(*, number: str, text: str) -> bool:
    """Send a text message. Return False if sending failed; callers need not handle it.

    Raises:
        ValueError: the number is not E.164.
    """
    if not E164.match(number):
        raise ValueError("no telephone number")
    try:
        _provider(settings.SMS_PROVIDER).send(number=number, text=text)
    except Exception as error:  # noqa: BLE001 - a provider's own library raises what it likes
        counters.add("garant_text_failures_total")
        logger.warning("a text message could not be sent", extra={"code": type(error).__name__})
        return False
    return True


@lru_cache
def _provider(name: str) -> Provider:
    made: Provider = import_string(name)()
    return made
