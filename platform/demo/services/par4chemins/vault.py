"""The vault of whoever agreed: OAuth by Authlib, reading and writing by the portal's API."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from demo.services.par4chemins.choosing import Known

PORTAL = os.environ.get("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/")
SECONDS = 10
POINTS = "loisirs.points"
AGENDA, TRIP, TASTE = "agenda.evenement#/", "mobilite.trajet#/", "loisirs.gouts#/"


class Ended(Exception):
    """The resident stopped, or the agreement is over. What was read is forgotten."""


class Vault:
    """One browser's way into one vault. `verifier` is for the code; the session has the tokens."""

    def __init__(self, back: str) -> None:
        client = json.loads(Path(os.environ["PAR4CHEMINS_CLIENT"]).read_text())
        self._session = OAuth2Session(
            client["client_id"],
            client["secret"],
            scope="openid vault",
            redirect_uri=back,
            code_challenge_method="S256",
            token_endpoint=f"{PORTAL}/oauth/token",
        )
        self._verifier, self._purpose = generate_token(48), client["purpose"]
        self._state = ""

    def address(self) -> str:
        """Return the address of the page of consent, for the resident's browser, which must come within a minute."""
        at = f"{PORTAL}/oauth/authorize"
        address, self._state = self._session.create_authorization_url(
            at, code_verifier=self._verifier, purpose=self._purpose
        )
        pushed = self._session.post(
            f"{PORTAL}/oauth/par",
            dict(parse_qsl(urlsplit(address).query)),
            auth=(self._session.client_id, self._session.client_secret),
            withhold_token=True,
            timeout=SECONDS,
        )
        pushed.raise_for_status()
        handle = {"client_id": self._session.client_id, "request_uri": pushed.json()["request_uri"]}
        return f"{at}?{urlencode(handle)}"

    def come_back(self, address: str) -> None:
        """Exchange the code of the address by which the browser came back.

        Raises:
            Ended: the resident refused, or the code or the state is not the one that was asked for.
        """
        try:
            self._session.fetch_token(
                f"{PORTAL}/oauth/token",
                authorization_response=address,
                code_verifier=self._verifier,
                state=self._state,
                timeout=SECONDS,
            )
        except OAuthError as error:
            raise Ended from error

    def read(self) -> Known:
        """Return what the resident granted. Anything may be missing: they chose line by line.

        Raises:
            Ended
        """
        found = self._call("GET", "/api/v1/me/fields")
        values = {one["field"]: [entry["value"] for entry in one["values"]] for one in found["fields"]}
        tastes = values.get(f"{TASTE}gout", [])
        busy = [_span(start, end) for start, end in _pairs(values, f"{AGENDA}debut", f"{AGENDA}fin")]
        trips = [
            (datetime.fromisoformat(start), to)
            for start, to in _pairs(values, f"{TRIP}debut", f"{TRIP}destination_zone")
            if to
        ]
        return Known(tastes, busy, trips)

    def write_points(self, title: str, points: int, day: date) -> int:
        """Write the points of a challenge into the vault. Return how many are new: 0 the second time.

        Raises:
            Ended
            PermissionError: the resident did not let points be written.
        """
        payload = {"service": "Par 4 Chemins", "date": day.isoformat(), "motif": title, "points": points}
        found = self._call("POST", "/api/v1/me/values", json={"values": [{"type": POINTS, "payload": payload}]})
        return int(found["written"])

    def give_back(self) -> None:
        with suppress(Ended):
            self._call("DELETE", "/api/v1/me/grant")

    def _call(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            answer = self._session.request(method, f"{PORTAL}{path}", timeout=SECONDS, **more)
        except OAuthError as error:
            raise Ended from error
        if answer.status_code == 401:
            raise Ended
        if answer.status_code == 403:
            raise PermissionError(answer.json()["code"])
        answer.raise_for_status()
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found


def _pairs(values: Mapping[str, list[Any]], first: str, second: str) -> list[tuple[Any, Any]]:
    """Return values of the same records, which the API gives in the same order; none if one was not granted."""
    found, others = values.get(first, []), values.get(second, [])
    return list(zip(found, others, strict=True)) if len(found) == len(others) else []


def _span(start: str, end: str) -> tuple[datetime, datetime]:
    begun = datetime.fromisoformat(start).replace(tzinfo=None)
    over = datetime.fromisoformat(end).replace(tzinfo=None)
    return begun, over if over > begun else begun + timedelta(hours=1)
