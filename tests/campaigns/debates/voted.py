"""Debates and votes for tests: proposals without residents, voters without vaults."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import freezing, sealing
from campaigns.debates import standing
from campaigns.debates.actions import casting
from campaigns.debates.ballots import Taken
from campaigns.debates.enums import Choice, Kind, Means, VoteState
from campaigns.debates.models import Moderation, Post, ProvenIdentity, Vote
from campaigns.debates.models.posts import TIME_TO_APPEAL
from campaigns.noise.publication import Publication as Drawn
from campaigns.plans.models import Campaign
from tests.accounts.factories import AgentFactory

#: The birth date of who votes on paper.
BORN = date(1988, 5, 4)
YES, NO, NONE = Choice.FOR, Choice.AGAINST, Choice.NONE


def proposal(campaign: Campaign, title: str = "Un bus toutes les 15 minutes") -> Post:
    today = timezone.localdate()
    text = "La ligne 4 passe trop peu."
    return Post.objects.create(campaign=campaign, kind=Kind.PROPOSAL, title=title, text=text, written_on=today)


def argument(post: Post, kind: Kind = Kind.FOR, text: str = "Les élèves rentreraient seuls.") -> Post:
    today = timezone.localdate()
    return Post.objects.create(campaign=post.campaign, about=post, kind=kind, text=text, written_on=today)


def age(moderation: Moderation) -> None:
    """Make a post as if it had been set aside before the time in which its author may contest."""
    held = Moderation.objects.get(pk=moderation.pk)
    held.at -= TIME_TO_APPEAL
    held.save()


def asked(campaign: Campaign, *, closes_at: datetime | None = None, **changes: Any) -> Vote:
    """Return an approved vote on two proposals, that closes in a day."""
    posts = [proposal(campaign, title) for title in ("Un bus", "Un parking")]
    told: dict[str, Any] = {
        "campaign": campaign,
        "options": [{"id": str(one.pk), "title": one.title, "text": one.text} for one in posts],
        "closes_at": closes_at or timezone.now() + timedelta(days=1),
        "state": VoteState.APPROVED,
        "created_by": AgentFactory(),
        "decided_by": AgentFactory(),
    }
    return Vote.objects.create(**(told | changes))


def give_keys(vote: Vote, url: str) -> None:
    """Insert a vote's keys, as the worker of releases does."""
    made = sealing.made_keys(vote.pk)
    with psycopg.connect(url, autocommit=True) as release:
        release.execute(
            "INSERT INTO keystore.campaign_key (campaign_id, public, private, private_kid, pseudonyms)"
            " VALUES (%s, %s, %s, %s, %s)",
            [made.campaign_id, made.public, made.private, made.private_kid, made.pseudonyms],
        )


def proven(resident: Any, who: bytes = b"i" * 32) -> ProvenIdentity:
    """Give a resident an identity proven at the desk."""
    with scope(resident=resident.pk):
        made = ProvenIdentity(resident_id=resident.pk, pseudonym=who, means=Means.DESK)
        made.save(force_insert=True)
    return made


def put(vote: Vote, number: int, choices: Any = (YES, NO), **changes: Any) -> Taken:
    """Cast the ballot of a person without a vault."""
    told: dict[str, Any] = {"account": f"person {number}", "identity": number.to_bytes(32, "big")}
    return casting.put(vote=vote, choices=list(choices), **(told | changes))


def put_on_paper(vote: Vote, number: int, choices: Any = (YES, NO), *, identity: bytes = b"", **changes: Any) -> Taken:
    """Cast the paper ballot of a person, by two agents. `agent`: the second one."""
    who = identity or number.to_bytes(32, "big")
    slip = casting.give_number(vote=vote, identity=who, birthdate=BORN, agent=AgentFactory())
    told: dict[str, Any] = {"agent": AgentFactory(), "birthdate": BORN}
    return casting.put_on_paper(vote=vote, number=slip, choices=list(choices), **(told | changes))


@contextmanager
def at(moment: datetime, databases: Any) -> Iterator[None]:
    """Set the clock by which the database takes ballots, as the owner of its tables alone can; Python's stays."""
    create = "CREATE OR REPLACE FUNCTION campaigns.clock() RETURNS timestamptz"
    create += " LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS"
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        [[former]] = owner.execute("SELECT prosrc FROM pg_proc WHERE proname = 'clock'").fetchall()
        owner.execute(f"{create} $$SELECT timestamptz '{moment.isoformat()}'$$")
        try:
            yield
        finally:
            owner.execute(f"{create} '{former}'")


def document(vote: Vote, counts: list[dict[str, int]]) -> dict[str, Any]:
    """Return the document of a count; void without counts."""
    told: dict[str, Any] = {
        "kind": "vote",
        "version": 1,
        "window": standing.COUNT,
        "consultation": vote.campaign.code,
        "vote": str(vote.pk),
        "closed_at": vote.closes_at.isoformat(timespec="seconds"),
        "options": vote.options,
        "previous_sha256": "",
        "outcome": "counted" if counts else "void",
    }
    in_all = sum(counts[0].values()) if counts else 0
    more = {"ballots": {"in_all": in_all, "on_paper": 3, "unreadable": 0}, "counts": counts}
    return told | (more if counts else {})


def publish_count(vote: Vote, counts: list[dict[str, int]], url: str) -> None:
    """Freeze a count on a connection of the role `release`, for a portal that runs in another process."""
    drawn = Drawn(document(vote, counts))
    row = freezing.frozen(campaign_id=vote.pk, window=standing.COUNT, drawn=drawn, previous="")
    with psycopg.connect(url, autocommit=True) as release:
        release.execute(
            "INSERT INTO campaigns.publication"
            ' (id, campaign_id, "window", published_on, document, sha256, previous_sha256, note)'
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [row.pk, row.campaign_id, row.window, row.published_on, row.document, row.sha256, "", row.note],
        )
