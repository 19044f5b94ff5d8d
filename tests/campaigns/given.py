"""A campaign that is open, and what residents give to it."""

from datetime import timedelta
from typing import Any

import psycopg
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from campaigns.contributions import offer, sealing, withdrawing
from campaigns.contributions.models import Participation
from campaigns.contributions.offer import Without
from campaigns.contributions.presenting import rows
from campaigns.noise.plan import sha256_of
from campaigns.plans import drafting
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from tests.accounts.factories import AgentFactory
from tests.campaigns.made import document, words
from tests.vault.made import add
from vault.records import gate

TRIP = {
    "debut": "2026-11-16T07:41:00+01:00",
    "fin": "2026-11-16T08:10:00+01:00",
    "origine_zone": "q11",
    "destination_zone": "q21",
    "segments": [{"mode": "marche", "mode_confirme": True, "distance_m": 3100}],
}


def opened(**changes: Any) -> Campaign:
    """Return a campaign that opened a month ago and publishes in ten days and in a month. It has no keys."""
    today = timezone.localdate()
    days = [today + timedelta(days=count) for count in (10, 31)]
    told = {"opens": (today - timedelta(days=30)).isoformat(), "windows": [day.isoformat() for day in days]}
    plan = document(**(told | changes))
    return Campaign.objects.create(
        code=plan["code"],
        template="travel",
        document=plan,
        sha256=sha256_of(plan),
        state=State.OPEN,
        created_by=AgentFactory(),
        approved_by=AgentFactory(),
    )


def grouped(**changes: Any) -> Campaign:
    """Return an approved campaign of an invited group of fifty, whose vote closes in ten days with twelve votes."""
    today = timezone.localdate()
    days = {name: (today + timedelta(days=count)).isoformat() for name, count in (("opens", 20), ("votes_until", 10))}
    group = {"invited": 50, "quorum": 12, "votes_until": days["votes_until"]}
    windows = [(today + timedelta(days=count)).isoformat() for count in (45, 60)]
    who = {name: changes.pop(name, None) or AgentFactory() for name in ("created_by", "approved_by")}
    told = {"code": "groupe", "title": words("Le groupe"), "opens": days["opens"], "windows": windows, "minimum": 50}
    plan = document(**(told | {"group": group} | changes))
    return Campaign.objects.create(
        code=plan["code"], template="travel", document=plan, sha256=sha256_of(plan), state=State.APPROVED, **who
    )


def asking(holder: str = "enedis", **changes: Any) -> Campaign:
    """Return an open portability campaign about a holder."""
    states = drafting.templates()["portability"]
    tables = [
        {"code": "requests", "label": words("Demandes"), "dimensions": ["request"], "rho": 0.1, "per_resident": 1}
    ]
    told: dict[str, Any] = {"code": "portabilite", "title": words("Demander ensemble"), "measures": [], "zoning": None}
    told |= {"dimensions": states["dimensions"], "tables": tables, "holder": holder}
    return opened(**(told | changes))


def give_keys(campaign: Campaign, url: str) -> None:
    """Insert a campaign's keys, as the worker of releases does."""
    made = sealing.made_keys(campaign.pk)
    with psycopg.connect(url, autocommit=True) as release:
        release.execute(
            "INSERT INTO keystore.campaign_key (campaign_id, public, private, private_kid, pseudonyms)"
            " VALUES (%s, %s, %s, %s, %s)",
            [made.campaign_id, made.public, made.private, made.private_kid, made.pseudonyms],
        )


def trip(resident: Any, **changes: Any) -> Any:
    return add(resident, "mobilite.trajet", TRIP | changes, holder="resident", method="upload", assurance="declared")


def offered(resident: Any, campaign: Campaign, without: Without | None = None) -> offer.Offer:
    """Return the offer that the page would show."""
    fields = rows.dated(campaign.plan.sources)
    values = gate.read_own(resident_id=resident.pk, purpose="test", fields=fields)
    return offer.of_records(campaign.plan, values, without or Without())


def waiting() -> int:
    """Return how many contributions wait to be counted. The portal counts no rows: each participation is asked."""
    with scopes_disabled():
        found = list(Participation.objects.all())
    count = 0
    for one in found:
        with scope(resident=one.resident_id):
            count += withdrawing.is_waiting(one)
    return count


def counted(campaign: Campaign) -> None:
    """Delete the contributions, as a release that has counted them does."""
    with scopes_disabled():
        found = list(Participation.objects.filter(campaign_id=campaign.pk))
    for one in found:
        with scope(resident=one.resident_id):
            assert withdrawing.remove(one)
