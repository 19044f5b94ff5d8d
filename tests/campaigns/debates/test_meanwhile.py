"""Setting a proposal aside while a vote freezes the list: one waits for the other."""

import threading
from datetime import timedelta
from time import monotonic, sleep

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from campaigns.debates.actions import posts, votes
from campaigns.debates.enums import Rule
from campaigns.debates.models import Moderation, Vote
from tests.accounts.factories import AgentFactory
from tests.campaigns.debates import voted

WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database = %s"


@pytest.fixture
def meanwhile(databases):
    """Return a function that begins `work` in a transaction of its own, and returns once it waits, or is done."""
    begun = []

    def begin(work):
        one = threading.Thread(target=lambda: _apart(work))
        begun.append(one)
        one.start()
        end = monotonic() + 10
        with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
            [[database]] = owner.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchall()
            while one.is_alive() and owner.execute(WAITS, [database]).fetchall() == [(0,)]:
                assert monotonic() < end
                sleep(0.01)
        return one

    yield begin
    for one in begun:
        one.join()


def _apart(work):
    try:
        work()
    finally:
        connection.close()


def test_a_vote_waits_for_the_author_of_a_proposal_that_was_being_set_aside(campaign, meanwhile):
    kept, gone = voted.proposal(campaign), voted.proposal(campaign, "Un parking")
    first, second = AgentFactory(), AgentFactory()
    closes_at, refused = timezone.now() + timedelta(days=1), []

    def ask():
        try:
            votes.propose(campaign=campaign, by=second, closes_at=closes_at)
        except votes.Contestable as problem:
            refused.append(problem.until)

    with transaction.atomic():
        made = posts.set_aside(post=gone, by=first, rule=Rule.ADVERT, reasons="Une enseigne.")
        asking = meanwhile(ask)
        assert asking.is_alive()
    asking.join()
    assert refused == [made.vote_waits_until] and not Vote.objects.exists()
    voted.age(made)
    ask()
    assert Vote.objects.get().titles == [kept.title]


def test_a_proposal_whose_vote_was_being_asked_for_is_not_set_aside(campaign, meanwhile):
    post, first, second = voted.proposal(campaign), AgentFactory(), AgentFactory()
    refused = []

    def set_aside():
        try:
            posts.set_aside(post=post, by=first, rule=Rule.ADVERT, reasons="Une enseigne.")
        except posts.NotNow as problem:
            refused.append(problem)

    with transaction.atomic():
        votes.propose(campaign=campaign, by=second, closes_at=timezone.now() + timedelta(days=1))
        setting = meanwhile(set_aside)
        assert setting.is_alive()
    setting.join()
    assert len(refused) == 1 and not Moderation.objects.exists()
