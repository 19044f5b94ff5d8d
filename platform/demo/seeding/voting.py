"""A fictional vote on a consultation: proposals, arguments, ballots of nobody, counted by the real code."""

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from campaigns.debates import ballots, standing
from campaigns.debates.actions import casting, votes
from campaigns.debates.ballots import Voter
from campaigns.debates.enums import Choice, Kind, VoteState
from campaigns.debates.models import Post, Vote
from campaigns.plans.models import Campaign

#: A proposal, its text, arguments for and against, and how often of a hundred ballots it has a yes and a no.
PROPOSALS = (
    (
        "Un bus toutes les 15 minutes depuis l’Est",
        "La ligne 4 passe toutes les 35 minutes. C’est le secteur d’où viennent le plus de voitures.",
        ("Le bus a gagné des voyageurs là où il passe souvent.", "Les élèves du lycée pourraient rentrer seuls."),
        ("Il faut payer plus de conducteurs.",),
        (64, 22),
    ),
    (
        "Un parking relais à l’entrée de la ville",
        "180 places, gratuites avec un ticket de bus.",
        ("On garde sa voiture sans entrer dans le centre.",),
        ("Le terrain est le seul pré du quartier.", "Sans bus plus fréquent, il restera vide."),
        (31, 52),
    ),
    (
        "La rue de l’école à 30 km/h",
        "Un tiers des voitures venues de l’Est y passe.",
        ("Les enfants traversent deux fois par jour.",),
        ("Les voitures passeront par les petites rues.",),
        (55, 29),
    ),
)
BALLOTS, ON_PAPER = 214, 23
# The lock of campaigns.debates.actions.counting, for a session: the vote is committed while it is held.
SHARE = "SELECT pg_advisory_lock_shared(hashtextextended('count ' || %s, 0))"
PUT = """
INSERT INTO campaigns.ballot_arrival (vote_id, pseudonym, account, on_paper, sealed, stamp, arrived_on)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""
GIVE_BACK = "SELECT pg_advisory_unlock_shared(hashtextextended('count ' || %s, 0))"


def counted_vote(*, campaign: Campaign, author: User, approver: User) -> Vote:
    """Give a consultation a debate and a vote that has just closed, counted. Idempotent; takes about a second.

    Nothing is dated before the results, which the worker published today.
    `RELEASE_DATABASE_URL` must be set: the keys are made, and the ballots counted, by a process of the role `release`;
    and `MIGRATION_DATABASE_URL`: a vote that has closed takes no ballot, so the owner of the tables inserts them.
    """
    vote = standing.vote_of(campaign)
    if vote is not None and standing.count_of(vote.pk) is not None:
        return vote
    vote_id = vote.pk if vote is not None else uuid4()
    with _not_counted(vote_id):
        vote = vote or _asked(vote_id, campaign, author, approver)
        _as_release("count_votes", "--keys")
        _cast(vote)
    _as_release("count_votes")
    return vote


@contextmanager
def _not_counted(vote_id: UUID) -> Iterator[None]:
    """Share the lock that a count takes alone: the worker of releases would count a closed vote before its ballots."""
    with connection.cursor() as cursor:
        cursor.execute(SHARE, [str(vote_id)])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(GIVE_BACK, [str(vote_id)])


def _asked(id: UUID, campaign: Campaign, author: User, approver: User) -> Vote:
    with transaction.atomic():
        closes_at = timezone.localtime().replace(second=0, microsecond=0)
        written = closes_at.date()
        for title, text, arguments_for, arguments_against, _shares in PROPOSALS:
            proposal = Post.objects.create(
                campaign=campaign, kind=Kind.PROPOSAL, title=title, text=text, written_on=written
            )
            for kind, arguments in ((Kind.FOR, arguments_for), (Kind.AGAINST, arguments_against)):
                for argument in arguments:
                    Post.objects.create(
                        campaign=campaign, about=proposal, kind=kind, text=argument, written_on=written
                    )
        return Vote.objects.create(
            id=id,
            campaign=campaign,
            options=votes.options_of(campaign),
            closes_at=closes_at,
            state=VoteState.APPROVED,
            created_by=author,
            decided_by=approver,
        )


def _cast(vote: Vote) -> None:
    chance = random.Random(1)  # noqa: S311 - of fictional opinions
    shares = {title: shares for title, _text, _for, _against, shares in PROPOSALS}
    rows = []
    for number in range(BALLOTS):
        choices = []
        for title in vote.titles:
            yes, no = shares.get(title, (40, 40))
            drawn = chance.randrange(100)
            choices.append(Choice.FOR if drawn < yes else Choice.AGAINST if drawn < yes + no else Choice.NONE)
        identity = hashlib.sha256(f"fictional voter {number}".encode()).digest()
        on_paper = number < ON_PAPER
        account = casting.PAPER if on_paper else f"fictional {number}"
        voter = Voter.of(vote_id=vote.pk, identity=identity, account=account)
        one = ballots.closed_in_two(vote_id=vote.pk, voter=voter, choices=choices, on_paper=on_paper)
        day = timezone.localdate(vote.closes_at)
        rows.append((vote.pk, voter.pseudonym, voter.account, on_paper, one.sealed, one.stamp, day))
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"]) as owner, owner.cursor() as cursor:
        cursor.executemany(PUT, rows)


def _as_release(*command: str) -> None:
    """Run a command in a process of the role `release`."""
    env = os.environ | {"DATABASE_URL": os.environ["RELEASE_DATABASE_URL"]}
    subprocess.run(
        [sys.executable, str(settings.ROOT / "manage.py"), *command], env=env, check=True, capture_output=True
    )
