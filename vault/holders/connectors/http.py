"""HTTP client for the holders' APIs, with time-outs, retries and a size limit.

It follows no redirection, keeps no cookie and reads no proxy or password file of the machine's user. `requests` is
already a dependency of sign-in (allauth's providers).
"""

import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from vault.holders.connectors.faults import Fault

CONNECT_SECONDS = 3.05
READ_SECONDS = 10.0
#: For one call, from its start to its last byte, retries included.
TOTAL_SECONDS = 40.0
MAX_BYTES = 8 * 1024 * 1024
TRIES = 3
#: If a holder asks to wait longer than this, another job tries again.
LONGEST_WAIT = 5.0
TRY_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Heard:
    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def wait(self) -> timedelta | None:
        """The Retry-After header, given in seconds or as a date."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal() and len(value) < 8:
            return timedelta(seconds=int(value))
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(timedelta(0), (until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC))

    def json(self) -> Any:  # noqa: ANN401 - a holder's JSON
        """Parse the body.

        Raises:
            Fault: broken.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise Fault("broken") from None


@dataclass
class Client:
    """A client of one API for one pull. `counts` is called before each try and may raise a fault (quotas)."""

    url: str
    counts: Callable[[], None] = lambda: None
    read_seconds: float = READ_SECONDS
    total_seconds: float = TOTAL_SECONDS
    sleep: Callable[[float], None] = time.sleep

    def ask(
        self,
        path: str,
        *,
        query: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] = {},
        form: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        method: str = "GET",
    ) -> Heard:
        """Make one call, with retries. The caller interprets the status.

        Raises:
            Fault: slow, down, or broken (the answer is too long).
        """
        method = "POST" if form is not None else method
        end = time.monotonic() + self.total_seconds
        url = path if path.startswith(("http://", "https://")) else self.url.rstrip("/") + "/" + path.lstrip("/")
        for attempt in range(1, TRIES + 1):
            last = attempt == TRIES
            self.counts()
            try:
                heard = self._once(method, url, list(query), headers, form, body, end)
            except requests.Timeout:
                raise Fault("slow") from None
            except requests.RequestException:
                if last or not self._rest(attempt, None, end):
                    raise Fault("down") from None
                continue
            if last or heard.status not in TRY_AGAIN or not self._rest(attempt, heard.wait, end):
                return heard
        raise AssertionError

    def _rest(self, attempt: int, asked: timedelta | None, end: float) -> bool:
        """Wait before the next try. Return False, without waiting, if the wait would be too long."""
        jitter = 0.5 + random.random()  # noqa: S311 - no secret
        pause = asked.total_seconds() if asked is not None else 0.2 * 2**attempt * jitter
        if pause > LONGEST_WAIT or time.monotonic() + pause > end:
            return False
        self.sleep(pause)
        return True

    def _once(
        self,
        method: str,
        url: str,
        query: list[tuple[str, str]],
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        body: Mapping[str, Any] | None,
        end: float,
    ) -> Heard:
        with requests.Session() as session:
            session.trust_env = False
            with session.request(
                method,
                url,
                params=query,
                headers={"Accept": "application/json", "User-Agent": "Garant", **headers},
                data=form,
                json=body,
                timeout=(CONNECT_SECONDS, min(self.read_seconds, max(0.01, end - time.monotonic()))),
                allow_redirects=False,
                stream=True,
            ) as answer:
                if 300 <= answer.status_code < 400:
                    raise Fault("down")
                content = bytearray()
                for chunk in answer.iter_content(64 * 1024):
                    content += chunk
                    if len(content) > MAX_BYTES:
                        raise Fault("broken")
                    if time.monotonic() > end:
                        raise requests.Timeout
                return Heard(
                    answer.status_code, bytes(content), {name.lower(): value for name, value in answer.headers.items()}
                )
