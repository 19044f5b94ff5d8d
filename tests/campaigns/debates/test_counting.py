"""The count: once, whole, under the role `release`; what it publishes, destroys, and leaves out."""

import json
from datetime import timedelta
from importlib import import_module
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from campaigns.contributions import freezing, sealing
from campaigns.contributions.actions import keys
from campaigns.contributions.models import CampaignKey, Publication
from campaigns.debates import verification
from campaigns.debates.actions import casting, counting, posts
from campaigns.debates.enums import FEWEST_BALLOTS, Rule
from campaigns.debates.models import Ballot, BallotArrival, PaperSlip, Post
from campaigns.debates.presenting import counts
from tests.accounts.factories import AgentFactory
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.debates.voted import NO, NONE, YES


@pytest.fixture
def vote(transactional_db, as_release):
    """A vote that closes in an hour, with its keys. The counts of these tests come after its end."""
    one = voted.asked(given.opened(), closes_at=timezone.now() + timedelta(hours=1))
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
        assert counting.move(timezone.localdate() + timedelta(days=2)) == 13
    voted.put(vote, 1, (YES, YES))
    with as_release():
        assert counting.count_due(vote.closes_at - timedelta(seconds=1)) == 0, "not before its end"
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(keys, "destroy", lambda **_: (_ for _ in ()).throw(Killed))
            counting.count_due(vote.closes_at)
        assert (Ballot.objects.count(), BallotArrival.objects.count()) == (13, 1), "a killed count changes nothing"
        assert not Publication.objects.exists()
        assert counting.count_due(vote.closes_at) == 1
        assert counting.count_due(vote.closes_at) == 0 and not counting.count(vote_id=vote.pk, now=vote.closes_at)
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
    file.write_bytes(counts.as_file(row, vote))
    assert verification.problems(file.read_bytes()) == []
    call_command("verify_vote", str(file))
    content = json.loads(file.read_bytes())
    content["publication"]["counts"][0]["for"] += 1
    assert "the document is not the one of the hash" in verification.problems(json.dumps(content).encode())
    assert "the choices do not add up to the ballots" in verification.problems(json.dumps(content).encode())
    file.write_text("{}")
    with pytest.raises(CommandError):
        call_command("verify_vote", str(file))


def test_a_text_that_is_set_aside_after_the_count_leaves_the_file_and_the_page(vote, as_release):
    fill(vote, 12)
    with as_release():
        counting.count_due(vote.closes_at)
    [row] = Publication.objects.all()
    assert not any({"title", "text"} & set(one) for one in json.loads(row.document)["options"])
    aside, kept = vote.options
    whole = counts.as_file(row, vote)
    content = json.loads(whole)
    content["texts"][0]["text"] += " Demain."
    assert "a text is not the one of its hash" in verification.problems(json.dumps(content).encode())
    posts.set_aside(post=Post.objects.get(pk=aside["id"]), by=AgentFactory(), rule=Rule.PERSON, reasons="Un nom.")
    file = counts.as_file(row, vote)
    assert aside["title"].encode() in whole
    assert aside["title"].encode() not in file and kept["title"].encode() in file
    assert verification.problems(file) == []
    shown = {one.title for one in counts.proposals(json.loads(row.document), vote)}
    assert shown == {"Texte écarté depuis", kept["title"]}


def test_a_count_that_holds_the_texts_themselves_verifies_still(vote, as_release, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(verification, "hash_option", lambda option: option)
        fill(vote, 12)
        with as_release():
            counting.count_due(vote.closes_at)
    [row] = Publication.objects.all()
    before = json.loads(row.document)
    document = before | {"version": 2, "options": [one["sha256"] for one in before["options"]]}
    content = {"publication": document, "sha256": "", "note": "", "texts": counts.shown_options(vote)}
    assert not [
        one for one in verification.problems(json.dumps(content).encode()) if "text" in one or "proposal" in one
    ]
    content["texts"][0]["title"] = "Autre"
    assert "a text is not the one of its hash" in verification.problems(json.dumps(content).encode())


def test_under_eleven_ballots_a_vote_is_void_and_no_number_comes_out(vote, as_release, databases):
    fill(vote, FEWEST_BALLOTS - 1)
    with as_release():
        counting.count_due(vote.closes_at)
    told = counted(vote)
    assert told["outcome"] == "void" and told["dropped"] == 0 and not {"ballots", "counts"} & set(told)
    assert verification.problems(counts.as_file(Publication.objects.get(), vote)) == []
    assert left(databases) == 0


def test_an_identity_that_one_agent_checked_is_no_ballot(vote, as_release, databases):
    fill(vote, 11)
    casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"p" * 32, agent=AgentFactory())
    with voted.at(timezone.now() - timedelta(days=1), databases):
        yesterday = casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"q" * 32, agent=AgentFactory())
    with pytest.raises(casting.NoSlip):
        casting.put_on_paper(
            vote=vote, birthdate=voted.BORN, number=yesterday, agent=AgentFactory(), choices=[YES, YES]
        )
    with as_release():
        counting.move(timezone.localdate())
        assert PaperSlip.objects.count() == 1, "a slip does not outlive its day"
        counting.count_due(vote.closes_at)
        assert not PaperSlip.objects.exists()
    assert counted(vote)["ballots"] == {"in_all": 11, "on_paper": 0, "unreadable": 0}


def test_a_ballot_that_the_portal_did_not_stamp_is_left_out(vote, as_release, databases):
    fill(vote, 12)
    sealed = sealing.seal_alone(bytes([1, 1]), campaign_id=vote.pk, info=f"garant ballot|{vote.pk}".encode())
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute(
            "INSERT INTO campaigns.ballot_arrival SELECT vote_id, %s, %s, on_paper, %s, stamp, arrived_on"
            " FROM campaigns.ballot_arrival LIMIT 1",
            [b"x" * 32, b"x" * 32, sealed],
        )
        owner.execute(
            "UPDATE campaigns.ballot_arrival SET sealed = %s WHERE pseudonym ="
            " (SELECT pseudonym FROM campaigns.ballot_arrival WHERE pseudonym <> %s LIMIT 1)",
            [sealed, b"x" * 32],
        )
    with as_release():
        counting.count_due(vote.closes_at)
    assert counted(vote)["ballots"]["in_all"] == 11, "neither the added ballot nor the one whose choice was exchanged"


def test_the_worker_counts_by_its_task(vote, as_release, time_machine):
    from campaigns.debates import tasks

    fill(vote, 11)
    time_machine.move_to(vote.closes_at)
    with as_release():
        tasks.count_due()
        tasks.count_due()
    assert counted(vote)["ballots"]["in_all"] == 11


def test_the_upgrade_keeps_one_ballot_of_an_account_that_voted_under_several_identities(databases, transactional_db):
    """In a vote that is open meanwhile: the ballot of today, otherwise one. Paper ballots share an account."""
    migration = import_module("campaigns.debates.migrations.0004_database_clock_and_two_boxes")
    vote, rows = uuid4(), "(vote_id, pseudonym, account, on_paper, sealed, stamp"
    with psycopg.connect(databases.url("owner")) as owner, owner.cursor() as cursor:
        cursor.execute("DROP INDEX campaigns.ballot_once_for_an_account, campaigns.ballotarrival_once_for_an_account")
        for name, account, on_paper in ((b"1", b"a", False), (b"2", b"b", False), (b"3", b"b", False)):
            cursor.execute(
                f"INSERT INTO campaigns.ballot {rows}) VALUES (%s, %s, %s, %s, '', '')",
                [vote, name, account, on_paper],
            )
        arrived = [(b"4", b"a", False, 0), (b"5", b"a", False, 1), (b"6", b"c", False, 0)]
        arrived += [(b"7", b"paper", True, 0), (b"8", b"paper", True, 0)]
        for name, account, on_paper, days in arrived:
            cursor.execute(
                f"INSERT INTO campaigns.ballot_arrival {rows}, arrived_on)"
                " VALUES (%s, %s, %s, %s, '', '', current_date - %s)",
                [vote, name, account, on_paper, days],
            )
        cursor.execute(migration.ONE_FOR_AN_ACCOUNT)
        cursor.execute(
            "SELECT pseudonym FROM campaigns.ballot UNION ALL SELECT pseudonym FROM campaigns.ballot_arrival"
        )
        assert sorted(bytes(name) for (name,) in cursor.fetchall()) == [b"3", b"4", b"6", b"7", b"8"]
        owner.rollback()
