"""The two slots of the engine. Whoever has no account waits for one, so that residents' pages never wait for them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import transaction

from core.database import locks

KIND: Final = "interview engine"
SLOTS: Final = (UUID(int=1), UUID(int=2))
LONGEST: Final = 2.0  # seconds
STEP: Final = 0.05


class Busy(Exception):
    """No slot was free in time. The answers are kept."""


@contextmanager
def held(longest: float = LONGEST) -> Iterator[None]:
    """Hold a slot, for all processes of the portal together.

    Raises:
        Busy: both slots were taken for `longest` seconds.
    """
    deadline = time.monotonic() + longest
    while True:
        with transaction.atomic():
            if any(locks.try_hold(KIND, slot) for slot in SLOTS):
                yield
                return
        if time.monotonic() >= deadline:
            raise Busy
        time.sleep(STEP)
