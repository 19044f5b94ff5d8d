"""Attacks on a vote: to link a choice to its voter, to count early, to vote late or twice, to stuff the box."""

import secrets
from datetime import timedelta

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from accounts.two_persons import NotTwo
from campaigns.contributions import sealing
from campaigns.debates import ballots, standing
from campaigns.debates.actions import casting, counting
from campaigns.debates.ballots import Roll, Voter, closed_in_two, roll
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.campaigns import given
from tests.campaigns.conftest import as_release  # noqa: F401 - a fixture
from tests.campaigns.debates import voted
from tests.campaigns.debates.voted import NO, YES
from tests.waiting import require_waits

TAKE = "SELECT campaigns.take_ballot(%s, %s, %s, %s, %s)"
REFUSED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def vote(transactional_db, databases):
    one = voted.asked(given.opened())
    voted.give_keys(one, databases.url("release"))
    return one


@pytest.fixture
def web(databases, vote):
    with psycopg.connect(databases.url("web")) as one:
        yield one


@pytest.fixture
def release(databases, vote):
    with psycopg.connect(databases.url("release"), autocommit=True) as one:
        yield one


def columns(vote, number, account="", choices=(YES, NO)):
    """Return the arguments of `take_ballot` for a person."""
    identity = number.to_bytes(32, "big")
    voter = Voter.of(vote_id=vote.pk, identity=identity, account=account or f"person {number}")
    one = closed_in_two(vote_id=vote.pk, voter=voter, choices=choices, on_paper=False)
    return [vote.pk, voter.pseudonym, voter.account, one.sealed, one.stamp]


def test_before_the_end_the_portal_can_neither_count_nor_list_nor_open_ballots(vote, web):
    voted.put(vote, 1)
    statements = [
        f"{what} FROM campaigns.{table}"
        for table in ("ballot", "ballot_arrival")
        for what in ("SELECT count(*)", "SELECT vote_id", "SELECT pseudonym", "SELECT sealed", "DELETE")
    ]
    statements += [
        "COPY campaigns.ballot_arrival TO STDOUT",
        "INSERT INTO campaigns.ballot SELECT * FROM campaigns.ballot",
        "UPDATE campaigns.ballot_arrival SET on_paper = true",
        "SELECT private FROM keystore.campaign_key",
        "ALTER FUNCTION campaigns.take_ballot RENAME TO other",
    ]
    for statement in statements:
        with pytest.raises(REFUSED), web.transaction():
            web.execute(statement)
    with pytest.raises(ProgrammingError):
        sealing.private_key(vote.pk)


def test_the_portal_alone_makes_no_paper_ballot_and_one_agent_neither(vote, web, databases):
    """Not as the agent who gave the slip, tried twice; not without one; not by the function of ballots."""
    agent, other = AgentFactory(), AgentFactory()
    number = casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"p" * 32, agent=agent)
    for _twice in "12":
        with pytest.raises(NotTwo):
            casting.put_on_paper(vote=vote, birthdate=voted.BORN, number=number, agent=agent, choices=[YES, NO])
    hashed = sealing.pseudonym(campaign_id=vote.pk, about=f"slip {number} {voted.BORN.isoformat()}")
    for name, who in ((hashed, agent), (b"n" * 32, other)):
        statement = "SELECT campaigns.take_on_paper(%s, %s, %s, %s, %s)"
        [[said]] = web.execute(statement, [vote.pk, name, who.pk, b"", b""]).fetchall()
        assert said == ("same" if who == agent else "no_slip")
    for statement in (
        "SELECT count(*) FROM campaigns.paper_slip",
        "INSERT INTO campaigns.paper_slip SELECT * FROM campaigns.paper_slip",
        "UPDATE campaigns.paper_slip SET checked_by = gen_random_uuid()",
        "DELETE FROM campaigns.paper_slip",
    ):
        with pytest.raises(REFUSED), web.transaction():
            web.execute(statement)
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute("UPDATE campaigns.paper_slip SET checked_by = %s", [AgentFactory().pk])
    with pytest.raises(casting.NoSlip):
        casting.put_on_paper(vote=vote, birthdate=voted.BORN, number=number, agent=other, choices=[YES, NO])


def test_the_roll_speaks_of_one_voter_to_that_voter(vote):
    voted.put(vote, 1)
    said = [
        roll(vote_id=vote.pk, voter=Voter.of(vote_id=vote.pk, identity=one.to_bytes(32, "big"), account=account))
        for one, account in ((1, "person 1"), (1, "person 2"), (2, "person 2"))
    ]
    assert said == [Roll.OWN, Roll.OTHER, Roll.NONE]


def test_after_the_night_no_row_order_nor_transaction_links_a_ballot_to_its_voter(vote, release, as_release):  # noqa: F811
    """Before it, the transaction of a ballot is that of its voter's journal: docs/campaigns.md says so."""
    for number in range(40):
        voted.put(vote, number)
    rows = release.execute("SELECT pseudonym, xmin::text FROM campaigns.ballot_arrival ORDER BY ctid").fetchall()
    arrived = [bytes(name) for name, _xmin in rows]
    assert len({xmin for _name, xmin in rows}) == 40, "the exposure of the same day"
    day = timezone.localdate()
    with as_release():
        assert counting.move(day) == 0, "not while the day lasts: a small lot hides nobody"
        assert counting.move(day + timedelta(days=1)) == 40
    rows = release.execute("SELECT pseudonym, xmin::text FROM campaigns.ballot ORDER BY ctid").fetchall()
    assert len({xmin for _name, xmin in rows}) == 1
    moved = [bytes(name) for name, _xmin in rows]
    kept = sum(moved.index(one) < moved.index(other) for one, other in zip(arrived, arrived[1:], strict=False))
    assert moved != arrived and 6 < kept < 33, "about half of the neighbours keep their order"
    voted.put(vote, 40)
    with as_release():
        assert counting.move(day + timedelta(days=2)) == 1
    rows = release.execute("SELECT DISTINCT xmin::text FROM campaigns.ballot").fetchall()
    assert len(rows) == 1, "each night writes the whole box anew: no row says in which night it came"
    names = release.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'campaigns' AND table_name = 'ballot'"
    ).fetchall()
    assert {name for (name,) in names} == {"vote_id", "pseudonym", "account", "on_paper", "sealed", "stamp"}


def test_two_ballots_of_one_choice_look_different_and_two_choices_look_alike(vote):
    first, second, other = columns(vote, 1), columns(vote, 1), columns(vote, 1, choices=(NO, NO))
    assert first[3] != second[3] and len(first[3]) == len(other[3])


def test_the_count_opens_shuffled_inner_envelopes_without_their_voters(vote, as_release, monkeypatch):  # noqa: F811
    for number in range(12):
        voted.put(vote, number, (YES if number < 6 else NO, NO))
    opened, real = [], ballots.opened

    def watched(sealed, **others):
        found = real(sealed, **others)
        opened.append(found[0])
        return found

    monkeypatch.setattr(ballots, "opened", watched)
    shuffler = Shuffler(opened)
    monkeypatch.setattr(secrets, "SystemRandom", lambda: shuffler)
    with as_release():
        counting.count(vote_id=vote.pk, now=vote.closes_at)
    assert shuffler.shuffled == 12 and len(opened) == 12


class Shuffler:
    """Asserts that nothing was opened before the shuffle, and that it is of inner envelopes alone."""

    def __init__(self, opened):
        self.opened = opened
        self.shuffled = 0

    def shuffle(self, inner):
        assert self.opened == [] and all(type(one) is bytes for one in inner)
        self.shuffled += len(inner)


def test_a_ballot_in_the_second_of_the_end_and_after_it_is_refused(vote, as_release, databases):  # noqa: F811
    """By the clock of the database, whatever time the portal's process believes that it is."""
    number = casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"p" * 32, agent=AgentFactory())
    with voted.at(vote.closes_at - timedelta(microseconds=1), databases):
        voted.put(vote, 1)
    for late in (timedelta(), timedelta(seconds=1)):
        with voted.at(vote.closes_at + late, databases):
            with pytest.raises(casting.NotOpen):
                voted.put(vote, 2)
            with pytest.raises(casting.NotOpen):
                casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"q" * 32, agent=AgentFactory())
            with pytest.raises((casting.NotOpen, casting.NoSlip)):
                casting.put_on_paper(
                    vote=vote, birthdate=voted.BORN, number=number, agent=AgentFactory(), choices=[YES, NO]
                )
    with as_release():
        assert counting.count(vote_id=vote.pk, now=vote.closes_at)
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [vote.pk, b"p" * 32, b"a" * 32, b"", b""])
        assert cursor.fetchall() == [("closed",)], "once counted, a clock that is late changes nothing"


def test_a_transaction_from_before_the_end_takes_no_ballot_after_it(vote, web, databases):
    """The clock is that of each statement: `now()` would stay the time at which the transaction began."""
    web.execute("SELECT now()")
    with voted.at(vote.closes_at, databases):
        assert web.execute(TAKE, columns(vote, 1)).fetchall() == [("closed",)]
    web.rollback()
    with psycopg.connect(databases.url("owner")) as owner:
        [source] = owner.execute("SELECT prosrc FROM pg_proc WHERE oid = 'campaigns.clock'::regproc").fetchall()
    assert source == ("SELECT clock_timestamp()",)


def test_an_old_snapshot_takes_no_ballot(vote, web):
    """It would not see the ballot that the account cast since."""
    web.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        web.execute(TAKE, columns(vote, 1))


@pytest.mark.parametrize("role", ["web", "release"])
def test_nobody_but_the_owner_sets_the_clock_of_votes(vote, databases, role):
    statements = (
        "CREATE OR REPLACE FUNCTION campaigns.clock() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
        "CREATE OR REPLACE FUNCTION campaigns.today() RETURNS date LANGUAGE sql AS 'SELECT current_date'",
        "DROP FUNCTION campaigns.clock()",
        "CREATE FUNCTION campaigns.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now()'",
    )
    with psycopg.connect(databases.url(role), autocommit=True) as connected:
        for statement in statements:
            with pytest.raises(REFUSED):
                connected.execute(statement)


def test_the_day_of_the_database_is_the_citys(vote, databases, settings):
    """A session's own time zone chooses no day: a slip of yesterday would serve again."""
    assert settings.TIME_ZONE == "Europe/Paris"
    moment = timezone.now().replace(hour=22, minute=30)
    number = casting.give_number(vote=vote, birthdate=voted.BORN, identity=b"p" * 32, agent=AgentFactory())
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner, voted.at(moment, databases):
        for zone in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
            owner.execute(f"SET TIME ZONE '{zone}'")
            assert owner.execute("SELECT campaigns.today()").fetchone() == (timezone.localdate(moment),)
    with voted.at(timezone.now() + timedelta(days=1), databases), pytest.raises((casting.NotOpen, casting.NoSlip)):
        casting.put_on_paper(vote=vote, birthdate=voted.BORN, number=number, agent=AgentFactory(), choices=[YES, NO])


def test_a_count_waits_for_a_ballot_that_is_being_taken(vote, web, release):
    web.execute(TAKE, columns(vote, 1))
    require_waits(release, counting.LOCK, [str(vote.pk)])
    web.commit()
    release.execute(counting.LOCK, [str(vote.pk)])


def test_a_double_click_and_two_accounts_at_once_make_one_ballot(vote, web, databases, release):
    with psycopg.connect(databases.url("web")) as other:
        assert web.execute(TAKE, columns(vote, 1)).fetchall() == [("first",)]
        require_waits(other, TAKE, columns(vote, 1))
        other.rollback()
        web.commit()
        assert other.execute(TAKE, columns(vote, 1)).fetchall() == [("replaced",)]
        other.commit()
        assert other.execute(TAKE, columns(vote, 1, account="person 2")).fetchall() == [("other",)]
        other.commit()
    assert release.execute("SELECT count(*) FROM campaigns.ballot_arrival").fetchall() == [(1,)]


def test_two_accounts_of_one_identity_have_one_vote(vote):
    one, twin = ResidentFactory(), ResidentFactory()
    for resident in (one, twin):
        voted.proven(resident)
    casting.cast(resident=one, by=one.pk, vote=vote, choices=[YES, NO])
    with pytest.raises(casting.VotedElsewhere):
        casting.cast(resident=twin, by=twin.pk, vote=vote, choices=[NO, NO])
    nobody = ResidentFactory()
    with pytest.raises(casting.NoIdentity):
        casting.cast(resident=nobody, by=nobody.pk, vote=vote, choices=[NO, NO])


def test_the_keys_of_a_vote_open_no_other_vote(vote, databases, as_release):  # noqa: F811
    other = voted.asked(given.opened(code="autre"))
    voted.give_keys(other, databases.url("release"))
    with transaction.atomic():
        for number in range(12):
            voted.put(vote, number)
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        owner.execute("UPDATE campaigns.ballot_arrival SET vote_id = %s", [other.pk])
    with as_release():
        counting.count(vote_id=other.pk, now=other.closes_at)
    assert '"outcome":"void"' in getattr(standing.count_of(other.pk), "document", "")


def test_an_approved_vote_and_a_post_never_change(vote, databases):
    statements = (
        "UPDATE debates_vote SET closes_at = now()",
        "DELETE FROM debates_vote",
        "UPDATE debates_post SET text = ''",
        "DELETE FROM debates_post",
    )
    with psycopg.connect(databases.url("owner"), autocommit=True) as owner:
        for statement in statements:
            with pytest.raises(REFUSED, match="never changes"):
                owner.execute(statement)
