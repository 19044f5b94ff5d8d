"""Publications for tests: drawn by the real mechanism, frozen by the portal's own verb."""

import itertools
import random
from typing import Any

import psycopg

from campaigns.contributions import freezing
from campaigns.contributions.models import Publication
from campaigns.noise import mechanism
from campaigns.noise.plan import Plan
from campaigns.noise.publication import Publication as Drawn
from campaigns.plans.models import Campaign
from tests.campaigns.made import document, words, zones


def square(column: int, line: int, points: int = 1) -> dict[str, Any]:
    """Return the shape of a zone in a grid. `points`: of each of its sides."""
    west, south = 2.0 + column * 0.01, 48.0 + line * 0.01
    step = 0.01 / points
    ring = [[west + step * one, south] for one in range(points)]
    ring += [[west + 0.01, south + step * one] for one in range(points)]
    ring += [[west + 0.01 - step * one, south + 0.01] for one in range(points)]
    ring += [[west, south + 0.01 - step * one] for one in range(points)]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def mapped(**changes: Any) -> dict[str, Any]:
    """Return the plan of the test's town, with the shapes of its zones."""
    told = zones()
    places = {"s1": (0, 1), "s2": (1, 1), "q11": (0, 0), "q12": (1, 0), "q13": (2, 0)}
    places |= {"q21": (0, 1), "q22": (1, 1), "q23": (2, 1)}
    shaped = [one | {"geometry": square(*places[one["code"]])} for one in told]
    zoning = {"code": "quartiers", "label": words("Quartiers"), "source": "Insee, 2023", "zones": shaped}
    return document(**({"zoning": zoning} | changes))


def rows(plan: Plan, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return rows that favour walking, with a rare last quarter."""
    chance, found = random.Random(seed), []
    homes = [*itertools.chain.from_iterable([one] * 8 for one in range(5)), 5]
    for _one in range(count):
        found.append(
            {
                "mode": chance.choice([0, 0, 0, 1, 2, 2]),
                "home": chance.choice(homes),
                "trip": sorted(chance.sample(range(4), 2)),
                "age": chance.randrange(3),
                "km": chance.randrange(40),
            }
        )
    return found


def drawn(plan: Plan, count: int, window: int = 0, seed: int = 1, previous: str = "") -> dict[str, Any]:
    publication = mechanism.release(
        plan,
        plan.windows[window],
        rows(plan, count, seed),
        charge=lambda _table, _rho: None,
        on=plan.windows[window].release,
        previous_sha256=previous,
    )
    return dict(publication.document)


def publish(campaign: Campaign, told: dict[str, Any]) -> Publication:
    """Freeze a document as a release does. The connection must be of the role `release`."""
    previous = freezing.previous_of(campaign.pk)
    row = freezing.frozen(campaign_id=campaign.pk, window=told["window"], drawn=Drawn(told), previous=previous)
    row.save(force_insert=True)
    return row


def publish_at(url: str, campaign: Campaign, told: dict[str, Any]) -> None:
    """Freeze a document on a connection of the role `release`, for a portal that runs in another process."""
    row = freezing.frozen(campaign_id=campaign.pk, window=told["window"], drawn=Drawn(told), previous="")
    with psycopg.connect(url, autocommit=True) as release:
        release.execute(
            "INSERT INTO campaigns.publication"
            ' (id, campaign_id, "window", published_on, document, sha256, previous_sha256, note)'
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [row.pk, row.campaign_id, row.window, row.published_on, row.document, row.sha256, "", row.note],
        )
