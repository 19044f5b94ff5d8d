"""The consultations of the town: one is closed, with 3,000 contributors and a counted vote; one is open.

The contributors have no vault: their rows are sealed as the portal seals a resident's. Everything else is the verbs of
agents, and the worker of releases, which makes the keys, draws the noise, signs and destroys. Idempotent.
"""

import os
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid5

from django.db import transaction
from django.utils import timezone
from django_scopes import scope

from accounts.models import User
from campaigns.contributions import sealing, stamping, store, withdrawing
from campaigns.contributions.actions import following
from campaigns.contributions.enums import QUEUE
from campaigns.contributions.models import Arrival, Publication
from campaigns.contributions.tasks import EXPIRES, release_due
from campaigns.noise.plan import Plan, Window
from campaigns.noise.rows import Row, pack, steps_of
from campaigns.plans import drafting, geojson, opening
from campaigns.plans.actions import campaigns
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from core.models import City
from demo.people.accounts import find
from demo.seeding import voting
from vault.records.actions.bulk import write_many
from vault.records.enums import Assurance, Method
from vault.records.models import Record
from vault.types.envelope import build, provenance

CLOSED, OPEN = "vos-trajets", "vos-trajets-de-l-hiver"
WHO = "leo"
#: Contributors of each publication.
CONTRIBUTORS = (1_800, 1_200)
#: Days of the two consultations, from today.
PAST, PRESENT = (-70, -41, -12), (-5, 24, 52)
SECONDS = 60
MAP = Path(__file__).with_name("villebrume.geojson")
SOURCE = "Population inventée de Villebrume"


class NotReleased(Exception):
    """The worker of releases did not do its part within a minute."""


def furnish(say: Callable[[str], None] = lambda line: None) -> None:
    """Furnish both consultations, and the trips of the resident who contributes in the tour."""
    if opening.refusals():
        say("consultations: none, this database lacks the role of releases")
        return
    furnish_vault()
    for code, title, title_en, days in (
        (CLOSED, "Vos trajets", "Your trips", PAST),
        (OPEN, "Vos trajets de l’hiver", "Your winter trips", PRESENT),
    ):
        if not Campaign.objects.filter(code=code).exists():
            approved(code, title, title_en, days)
    campaign = Campaign.objects.get(code=CLOSED)
    if campaign.state != State.DESTROYED:
        wait(lambda: has_keys(campaign), "make the keys")
        contribute(campaign)
        wait(_are_done, "publish the results")
        say(f"consultations: {sum(CONTRIBUTORS)} contributions counted, one consultation open")
    if not {"RELEASE_DATABASE_URL", "MIGRATION_DATABASE_URL"} <= set(os.environ):
        say("consultations: no vote, RELEASE_DATABASE_URL or MIGRATION_DATABASE_URL is not set")
        return
    voting.counted_vote(campaign=campaign, author=_agent("agathe"), approver=_agent("hugo"))
    say(f"consultations: {voting.BALLOTS} ballots of a vote counted")


def planned(code: str, title: str, title_en: str, days: tuple[int, ...], sponsor: str) -> dict[str, Any]:
    """Return the travel survey of the template, on the town's map, with these days from today."""
    today = timezone.localdate()
    zoning = {
        "code": "quartiers",
        "label": {"fr": "Quartiers", "en": "Quarters"},
        "source": SOURCE,
        "zones": geojson.zones(MAP.read_bytes()),
    }
    document = drafting.from_template(
        "travel", code=code, title={"fr": title, "en": title_en}, sponsor=sponsor, zoning=zoning, today=today
    )
    opens, *windows = ((today + timedelta(days=count)).isoformat() for count in days)
    partner = {
        "name": "Transports de Villebrume",
        "role": {"fr": "Trace les lignes de bus.", "en": "Plans bus lines."},
    }
    return document | {"opens": opens, "windows": windows, "partners": [partner]}


def approved(code: str, title: str, title_en: str, days: tuple[int, ...]) -> None:
    """Take a plan from its template to its approval: its author, the data protection officer, a second person."""
    author, officer, second = _agent("agathe"), _agent("ines"), _agent("hugo")
    document = planned(code, title, title_en, days, City.current().name)
    # The town's first consultation opened before the demonstration did.
    eve = date.fromisoformat(document["opens"]) - timedelta(days=1)
    with transaction.atomic():
        campaign = campaigns.begin(by=author, template="travel", document=document)
        campaign = campaigns.submit(campaign=campaign, by=author, today=eve)
        campaigns.give_opinion(campaign=campaign, by=officer, favourable=True, words="Les cases sont larges.")
        campaigns.approve(campaign=campaign, by=second, today=eve)


def contribute(campaign: Campaign, counts: tuple[int, ...] = CONTRIBUTORS) -> None:
    """Seal the rows of the invented contributors into the inbox, in one transaction: all of them, or none.

    Before the consultation opens: its days are past, so the next tick after its opening publishes.
    """
    plan, drawn = campaign.plan, random.Random(13)  # noqa: S311 - an invented town
    packed_rows = [
        (window, pack(plan, row))
        for window, count in zip(plan.windows, counts, strict=True)
        for row in rows(plan, count, drawn)
    ]
    # Sealed outside the transaction: a batch key serves once it is committed.
    waiting = _arrivals(campaign, packed_rows)
    with transaction.atomic():
        held = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
        if held.state == State.APPROVED and not store.holds(
            campaign_id=campaign.pk, pseudonym=bytes(waiting[0].pseudonym)
        ):
            Arrival.objects.bulk_create(waiting, batch_size=1_000)


def rows(plan: Plan, count: int, drawn: random.Random) -> Iterator[Row]:
    """Yield rows of a town whose far quarters drive, and whose centre walks, of the plan's columns."""
    sectors = plan.dimension("sector").cells
    asked = {one.code for one in plan.dimensions} | {one.code for one in plan.measures}
    quarters = plan.zoning.leaves if plan.zoning else ()
    places = {one.code: index for index, one in enumerate(sectors)}
    people = [one.population for one in quarters]
    for _one in range(count):
        quarter = drawn.choices(range(len(quarters)), people)[0]
        sector = places[quarters[quarter].parent or ""]
        mode = drawn.choices(range(5), (20, 45, 15, 17, 3) if sector == 1 else (52, 15, 18, 9, 6))[0]
        towards = {sector * 3 + drawn.choices(range(3), (2, 5, 1))[0] for _trip in range(drawn.randint(1, 4))}
        far = min(40.0, drawn.expovariate(1 / (3.0 if sector == 1 else 7.5)))
        row: Row = {
            "mode": mode,
            "sector": sector,
            "quarter": quarter,
            "trip": sorted(towards),
            "moment": drawn.choices(range(4), (45, 15, 33, 7))[0],
            "km": steps_of(plan.measure("km"), far),
        }
        yield {name: value for name, value in row.items() if name in asked}


def _arrivals(campaign: Campaign, packed_rows: list[tuple[Window, bytes]]) -> list[Arrival]:
    people = [uuid5(campaign.pk, str(number)) for number in range(len(packed_rows))]
    names = sealing.pseudonyms(map(withdrawing.about, people), campaign_id=campaign.pk)
    packed = [row for _window, row in packed_rows]
    sealed = sealing.seal_all(zip(names, packed, strict=True), campaign_id=campaign.pk, plan_sha256=campaign.sha256)
    made = _sealed(campaign, packed_rows, names, sealed)
    return stamping.stamp_all(made, campaign_id=campaign.pk, plan_sha256=campaign.sha256)


def _sealed(
    campaign: Campaign, packed_rows: list[tuple[Window, bytes]], names: list[bytes], sealed: list[sealing.Sealed]
) -> Iterator[Arrival]:
    for (window, _packed), name, one in zip(packed_rows, names, sealed, strict=True):
        yield Arrival(
            campaign_id=campaign.pk,
            pseudonym=name,
            batch_id=one.batch_id,
            counts_from=window.release - timedelta(days=1),
            payload=one.payload,
        )


def furnish_vault() -> None:
    """Furnish the vault of the resident who contributes in the tour, once."""
    account = _agent(WHO)
    with scope(resident=account.pk):
        if Record.objects.filter(type="mobilite.lieu").exists():
            return
    furnish_trips(account)


def furnish_trips(account: User) -> None:
    """Put three trips and a quarter into a vault."""
    origin = provenance(holder="Carnet de trajets", method=Method.UPLOAD, assurance=Assurance.DECLARED)
    lived = {"etiquette": "domicile", "cog": "00042", "iris": "hauts-vents"}
    records: list[tuple[str, dict[str, Any]]] = [("mobilite.lieu", lived)]
    records += [("mobilite.trajet", one) for one in _trips(timezone.localdate())]
    envelopes = [build(type=type_code, payload=payload, provenance=origin) for type_code, payload in records]
    write_many(resident_id=account.pk, by=account.pk, envelopes=envelopes)


def _trips(today: date) -> Iterator[dict[str, Any]]:
    for back, there, mode, metres in (
        (2, "vieux-bourg", "bus", 5200),
        (4, "gare", "bus", 6100),
        (9, "les-chalands", "vae", 3400),
    ):
        day = today - timedelta(days=back)
        yield {
            "debut": f"{day}T07:50:00+01:00",
            "fin": f"{day}T08:20:00+01:00",
            "motif": "travail",
            "origine_zone": "hauts-vents",
            "destination_zone": there,
            "segments": [{"mode": mode, "mode_confirme": True, "distance_m": metres}],
        }


def has_keys(campaign: Campaign) -> bool:
    return sealing.has_keys(campaign.pk)


def is_open(campaign: Campaign) -> bool:
    """Return whether a consultation is open, after opening what the calendar opens today."""
    campaigns.open_due(timezone.localdate())
    return _state(campaign.code) == State.OPEN


def is_released(campaign: Campaign) -> bool:
    return Publication.objects.filter(campaign_id=campaign.pk).exists()


def _are_done() -> bool:
    campaigns.open_due(timezone.localdate())
    following.follow()
    return _state(CLOSED) == State.DESTROYED and _state(OPEN) == State.OPEN


def _state(code: str) -> str:
    return str(Campaign.objects.values_list("state", flat=True).get(code=code))


def _agent(slug: str) -> User:
    person = find(slug)
    if person is None:
        raise LookupError(slug)
    return person.account()


def wait(is_done: Callable[[], bool], what: str) -> None:
    """Wake the worker of releases, and follow it, until something is done.

    Raises:
        NotReleased
    """
    end, woken = monotonic() + SECONDS, 0.0
    while not is_done():
        if monotonic() > end:
            raise NotReleased(f"{what}: not done after {SECONDS} s")
        if monotonic() - woken > 5:
            release_due.apply_async(queue=QUEUE, expires=EXPIRES)
            woken = monotonic()
        sleep(0.2)
