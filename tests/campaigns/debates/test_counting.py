"""The count: once, whole, under the role `release`; what it publishes, destroys, and leaves out."""

import json
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from campaigns.contributions import freezing, sealing
from campaigns.contributions.actions import keys
from campaigns.contributions.models import CampaignKey, Publication
from campaigns.debates import verification
from campaigns.debates.actions import casting, counting
from campaigns.debates.enums import FEWEST_BALLOTS
from campaigns.debates.models import Ballot, BallotArrival, PaperSlip
from campaigns.debates.presenting import counts
from tests.accounts.factories import AgentFactory
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.debates.voted import NO, NONE, YES


@pytest.fixture
def vote(transactional_db, as_release):
    """A vote that closed a minute ago, with its keys."""
    one = voted.asked(given.opened(), closes_at=timezone.now() - timedelta(minutes=1))
    with as_release():
        assert counting.prepare() == 1 and counting.prepare() == 0
    return one


def fill(vote, count, **changes):
    with transaction.atomic():
        for number in range(count):
            voted.put(vote, number, (YES if number % 3 else NO, NONE), **changes)


def counted(vote):
    [row] = Publication.objects.filter(campaign_id=vote.pk)
    return json.loads(row.document)


def left(databases):
    with psycopg.connect(databases.url("release")) as release:
        [found] = release.execute(
            "SELECT (SELECT count(*) FROM campaigns.ballot) + (SELECT count(*) FROM campaigns.ballot_arrival)"
        ).fetchall()
        return found[0]


class Killed(BaseException):
    """Ends a process as a kill does: no handler catches it."""


def test_a_vote_is_counted_once_published_and_destroyed(vote, as_release, databases, monkeypatch, tmp_path):
    fill(vote, 12)
    voted.put(vote, 0, (YES, YES))
    voted.put_on_paper(vote, 50, (NONE, NO))
    with as_release():
        assert counting.move(timezone.localdate(vote.closes_at) + timedelta(days=2)) == 13
    voted.put(vote, 1, (YES, YES))
    with as_release():
        assert counting.count_due(vote.closes_at - timedelta(seconds=1)) == 0, "not before its end"
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(keys, "destroy", lambda **_: (_ for _ in ()).throw(Killed))
            counting.count_due(timezone.now())
        assert Ballot.objects.count() + BallotArrival.objects.count() == 13, "a killed count changes nothing"
        assert not Publication.objects.exists()
        assert counting.count_due(timezone.now()) == 1
        assert counting.count_due(timezone.now()) == 0 and not counting.count(vote_id=vote.pk, now=timezone.now())
        assert not CampaignKey.objects.exists()
    assert left(databases) == 0
    told = counted(vote)
    assert told["ballots"] == {"in_all": 13, "on_paper": 1, "unreadable": 0}
    assert told["counts"] == [{"for": 9, "against": 3, "none": 1}, {"for": 2, "against": 1, "none": 10}]
    [row] = Publication.objects.all()
    assert freezing.problems(row) == []
    with pytest.raises(casting.NotOpen):
        voted.put(vote, 2)
    file = tmp_path / "vote.json"
    file.write_bytes(counts.as_file(row))
    assert verification.problems(file.read_bytes()) == []
    call_command("verify_vote", str(file))
    content = json.loads(file.read_bytes())
    content["publication"]["counts"][0]["for"] += 1
    assert "the document is not the one of the hash" in verification.problems(json.dumps(content).encode())
    assert "the choices do not add up to the ballots" in verification.problems(json.dumps(content).encode())
    file.write_text("{}")
    with pytest.raises(CommandError):
        call_command("verify_vote", str(file))


def test_under_eleven_ballots_a_vote_is_void_and_no_number_comes_out(vote, as_release, databases):
    fill(vote, FEWEST_BALLOTS - 1)
    with as_release():
        counting.count_due(timezone.now())
    told = counted(vote)
    assert told["outcome"] == "void" and not {"ballots", "counts"} & set(told)
    assert verification.problems(counts.as_file(Publication.objects.get())) == []
    assert left(databases) == 0


def test_an_identity_that_one_agent_checked_is_no_ballot(vote, as_release, databases):
    fill(vote, 11)
    at = vote.closes_at - timedelta(hours=1)
    casting.give_number(vote=vote, identity=b"p" * 32, agent=AgentFactory(), at=at)
    yesterday = casting.give_number(vote=vote, identity=b"q" * 32, agent=AgentFactory(), at=at - timedelta(days=1))
    with pytest.raises(casting.NoSlip):
        casting.put_on_paper(vote=vote, number=yesterday, agent=AgentFactory(), choices=[YES, YES], at=at)
    with as_release():
        counting.move(timezone.localdate(at))
        assert PaperSlip.objects.count() == 1, "a slip does not outlive its day"
        counting.count_due(timezone.now())
        assert not PaperSlip.objects.exists()
    assert counted(vote)["ballots"] == {"in_all": 11, "on_paper": 0, "unreadable": 0}


def test_a_ballot_that_the_portal_did_not_stamp_is_left_out(vote, as_release, databases):
    fill(vote, 12)
    sealed = sealing.seal_alone(bytes([1, 1]), campaign_id=vote.pk, info=f"garant ballot|{vote.pk}".encode())
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO campaigns.ballot_arrival SELECT vote_id, %s, account, on_paper, %s, stamp, arrived_on"
            " FROM campaigns.ballot_arrival LIMIT 1",
            [b"x" * 32, sealed],
        )
        owner.execute(
            "UPDATE campaigns.ballot_arrival SET sealed = %s WHERE pseudonym ="
            " (SELECT pseudonym FROM campaigns.ballot_arrival WHERE pseudonym <> %s LIMIT 1)",
            [sealed, b"x" * 32],
        )
    with as_release():
        counting.count_due(timezone.now())
    assert counted(vote)["ballots"]["in_all"] == 11, "neither the added ballot nor the one whose choice was exchanged"


def test_the_worker_counts_by_its_task(vote, as_release):
    from campaigns.debates import tasks

    fill(vote, 11)
    with as_release():
        tasks.count_due()
        tasks.count_due()
    assert counted(vote)["ballots"]["in_all"] == 11
