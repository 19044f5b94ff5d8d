"""The page where a resident chooses a meter and agrees, as Enedis and GRDF have, and the city's tokens."""

from collections.abc import Mapping
from html import escape
from typing import Any

from django.conf import settings
from django.urls import reverse

from demo.holders import tokens
from demo.holders.cases import Case, cases
from demo.holders.frame import Answer, App, Request, page, redirect, say
from demo.holders.reach import CLIENT_ID, CLIENT_SECRET


def meters(holder: str) -> dict[str, tuple[Case, Mapping[str, Any]]]:
    """Return each meter's case and data, by the meter's number."""
    return {str(one["id"]): (case, one) for case in cases().values() for one in case.of(holder) or []}


def case_of(holder: str, meter: str) -> Case | None:
    found = meters(holder).get(meter)
    return found[0] if found else None


def back_to(connector: str) -> str:
    """Return the return URL declared by the city. Holders redirect to no other URL."""
    return settings.SITE_URL + reverse("holders:connection_back", args=[connector])


def ask(request: Request, holder: str, name: str) -> Answer:
    if request.one("client_id") != CLIENT_ID or request.one("response_type") != "code":
        return page(name, "<p>Cette application n’est pas connue.</p>", 400)
    listed = "".join(
        f'<p><input type="radio" name="meter" id="m{meter}" value="{meter}">'
        f' <label for="m{meter}">{escape(case.name)}, '
        f"{escape(str(case.facts['street']))}, compteur {meter}</label></p>"
        for meter, (case, _known) in sorted(meters(holder).items(), key=lambda one: one[1][0].name)
    )
    return page(
        f"Partager vos données {name} avec la ville",
        "<p>Démonstration : choisissez de qui est le compteur, puis acceptez ou refusez.</p>"
        f'<form method="post" action="{request.base}{request.path}">'
        f"<fieldset><legend>Quel compteur ?</legend>{listed}</fieldset>"
        f'<input type="hidden" name="state" value="{escape(request.one("state"))}">'
        '<p><button name="answer" value="yes">J’accepte</button>'
        ' <button name="answer" value="no">Je refuse</button></p></form>',
    )


def agreed_meter(request: Request, holder: str, name: str) -> tuple[str, str] | Answer:
    """Return the meter and the state if the resident agreed, else the page or redirection to send."""
    state, meter = request.one("state"), request.one("meter")
    if request.one("answer") != "yes":
        return redirect(back_to(holder), error="access_denied", state=state)
    if meter not in meters(holder):
        return page(name, "<p>Choisissez un compteur, puis acceptez ou refusez. Revenez à la page d’avant.</p>", 400)
    return meter, state


def token(request: Request, app: App) -> Answer:
    """Issue a token for client credentials. GRDF's exchange of a code is separate."""
    if request.mode("*") == "city_refused" or (request.one("client_id"), request.one("client_secret")) != (
        CLIENT_ID,
        CLIENT_SECRET,
    ):
        return say({"error": "invalid_client"}, 401)
    if request.one("grant_type") != "client_credentials":
        return say({"error": "unsupported_grant_type"}, 400)
    return say({"access_token": tokens.make(app=app.name), "token_type": "Bearer", "expires_in": 12600})


def refused(request: Request, app: App) -> Answer | None:
    if tokens.read(request.bearer).get("app") != app.name:
        return say({"error": "invalid_token"}, 401)
    return None
