"""Attacks on a vote from inside: by the owner of the tables, the portal's role, a clerk, who stands by a voter."""

import base64
import hashlib
import re
from datetime import timedelta

import psycopg
import pytest
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from campaigns.contributions import sealing
from campaigns.contributions.models import Publication
from campaigns.debates import box, standing, verification
from campaigns.debates.actions import casting, counting, identities
from campaigns.debates.ballots import Roll, Taken
from campaigns.debates.models import ProvenIdentity
from campaigns.debates.presenting import counts
from core import canonical, journal
from core.journal import register
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.at_once import at_once
from tests.campaigns import given
from tests.campaigns.conftest import as_release, keys_of  # noqa: F401 - fixtures
from tests.campaigns.debates import voted
from tests.campaigns.debates.conftest import campaign  # noqa: F401 - a fixture
from tests.campaigns.debates.voted import NO, YES
from tests.conftest import COPY
from tests.vault.at_desk import visited
from tests.waiting import require_waits

REFUSED = psycopg.errors.InsufficientPrivilege
DELETE_FOUR = "DELETE FROM campaigns.ballot WHERE pseudonym IN (SELECT pseudonym FROM campaigns.ballot LIMIT 4)"


@pytest.fixture
def vote(transactional_db, databases):
    one = voted.asked(given.opened())
    voted.give_keys(one, databases.url("release"))
    return one


@pytest.fixture
def night(as_release):  # noqa: F811
    """Return a function that lets the worker of releases do the work of the night after so many days."""

    def work(days=1):
        with as_release():
            counting.move(timezone.localdate() + timedelta(days=days))

    return work


@pytest.fixture
def count(as_release):  # noqa: F811
    """Return a function that counts a vote at its end, and returns the published document."""

    def of(vote):
        with as_release():
            assert counting.count(vote_id=vote.pk, now=vote.closes_at)
        return canonical.decode(Publication.objects.get(campaign_id=vote.pk).document.encode())

    return of


@pytest.fixture
def owner(databases, transactional_db):
    with psycopg.connect(databases.url("owner"), autocommit=True) as one:
        yield one


@pytest.fixture
def admin(databases, transactional_db):
    with databases.server.admin(COPY) as one:
        yield one


@pytest.fixture
def web(databases, transactional_db):
    with psycopg.connect(databases.url("web"), autocommit=True) as one:
        yield one


# Who may write to the tables


@pytest.mark.parametrize(("cast", "outcome"), [(15, "counted"), (11, "void")])
@pytest.mark.parametrize("nights_after", [0, 1])
def test_ballots_that_the_owner_deletes_are_published_as_dropped(
    vote, night, count, owner, cast, outcome, nights_after
):
    for number in range(cast):
        voted.put(vote, number)
    night()
    owner.execute(DELETE_FOUR)
    if nights_after:
        night(2)
    document = count(vote)
    assert (document["outcome"], document["dropped"]) == (outcome, 4)


def test_ballots_that_the_owner_exchanges_are_published_as_dropped(vote, night, count, owner):
    for number in range(15):
        voted.put(vote, number)
    night()
    first = "(SELECT pseudonym FROM campaigns.ballot ORDER BY pseudonym LIMIT 1)"
    owner.execute(f"UPDATE campaigns.ballot SET sealed = 'x' WHERE pseudonym = {first}")
    owner.execute(DELETE_FOUR)
    owner.execute(
        "INSERT INTO campaigns.ballot SELECT vote_id, sha256(pseudonym), sha256(account), on_paper, sealed, stamp"
        " FROM campaigns.ballot LIMIT 4"
    )
    assert count(vote)["dropped"] in {4, 5}, "the exchanged ballot may be one of the four"


def test_a_ballot_that_its_voter_replaced_is_not_dropped(vote, night, count):
    for number in range(12):
        voted.put(vote, number)
    night()
    for number in range(6):
        voted.put(vote, number, (NO, NO))
    night(2)
    voted.put(vote, 7, (NO, NO))
    document = count(vote)
    assert document["dropped"] == 0 and document["counts"][0] == {"for": 5, "against": 7, "none": 0}


def test_no_function_of_votes_takes_a_time_from_the_portal(web):
    rows = web.execute(
        "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'campaigns'::regnamespace"
        " AND has_function_privilege(oid, 'EXECUTE')"
        " AND proargtypes::oid[] && ARRAY['timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype,"
        " 'time'::regtype, 'interval'::regtype]::oid[]"
    ).fetchall()
    assert rows == []


def nights(vote):
    return register.of(standing.KIND, vote.pk)


def test_voters_do_not_wait_for_a_night_and_a_count_does(vote, databases, as_release, monkeypatch):  # noqa: F811
    """Nobody's ballot is between two tables, and two workers do not do the work of one night."""
    voted.put(vote, 1)
    real, taken = box.freeze, list[object]()

    def freeze(*arguments, **others):
        with psycopg.connect(databases.url("web"), options="-c lock_timeout=5s") as web:
            columns = [vote.pk, b"p" * 32, b"a" * 32, b"s", b"t"]
            taken.extend(web.execute("SELECT campaigns.take_ballot(%s, %s, %s, %s, %s)", columns).fetchall())
        for lock in (counting.LOCK, counting.NIGHT):
            with psycopg.connect(databases.url("release")) as other:
                require_waits(other, lock, [str(vote.pk)] * lock.count("%s"))
        return real(*arguments, **others)

    monkeypatch.setattr(box, "freeze", freeze)
    with as_release():
        assert counting.move(timezone.localdate() + timedelta(days=1)) == 1
    assert taken == [("first",)]


def test_what_a_night_freezes_says_nothing_before_the_count(vote, night, web):
    """An entry is written for an empty box too, of the same length, and neither the portal nor the night opens it."""
    night(0)
    for number in range(12):
        voted.put(vote, number)
    night()
    night()
    empty, full = (entry.content for entry in nights(vote))
    assert set(full) == {"consultation", "night", "sealed", "note"}
    assert {name: len(value) for name, value in empty.items()} == {name: len(value) for name, value in full.items()}
    assert empty["sealed"] != full["sealed"]
    with pytest.raises(ProgrammingError):
        sealing.private_key(vote.pk)


def test_a_night_that_the_owner_writes_hides_no_deletion(vote, night, count, owner, caplog):
    """They have the public key and can hash what is left; the key that signs nights is not in the database."""
    for number in range(15):
        voted.put(vote, number)
    night()
    owner.execute(DELETE_FOUR)
    rows = owner.execute("SELECT stamp FROM campaigns.ballot").fetchall()
    left = box.State(11, hashlib.sha256(b"".join(sorted(bytes(stamp) for (stamp,) in rows))).digest())
    [before] = nights(vote)
    tomorrow = timezone.localdate() + timedelta(days=2)
    frozen = box.PACKED.pack(15, b"h" * 32, left.count, left.sha256)
    info = f"garant box|{vote.pk}|{tomorrow}".encode()
    sealed = base64.b64encode(sealing.seal_alone(frozen, campaign_id=vote.pk, info=info)).decode()
    content = before.content | {"night": str(tomorrow), "sealed": sealed}
    register.write(kind=standing.KIND, subject_id=vote.pk, event=box.EVENT, content=content)
    assert count(vote)["dropped"] == 4
    assert "a night that the portal did not sign" in caplog.text


def test_a_night_that_the_owner_writes_replaces_none(vote, night, count, owner):
    for number in range(12):
        voted.put(vote, number)
    day = str(timezone.localdate() + timedelta(days=1))
    content = {"consultation": vote.campaign.code, "night": day, "sealed": "", "note": ""}
    register.write(kind=standing.KIND, subject_id=vote.pk, event=box.EVENT, content=content)
    night()
    owner.execute("DELETE FROM campaigns.ballot WHERE pseudonym = (SELECT pseudonym FROM campaigns.ballot LIMIT 1)")
    assert count(vote)["dropped"] == 1


def test_when_the_register_was_rewritten_nobody_says_how_many_were_dropped(vote, night, count, admin):
    for number in range(15):
        voted.put(vote, number)
    night()
    admin.execute("SET session_replication_role = replica")
    admin.execute("DELETE FROM campaigns.ballot WHERE pseudonym = (SELECT pseudonym FROM campaigns.ballot LIMIT 1)")
    admin.execute("UPDATE core_registerentry SET content = content - 'sealed' WHERE event = 'box_frozen'")
    document = count(vote)
    assert document["outcome"] == "counted" and document["dropped"] is None
    file = counts.as_file(Publication.objects.get(campaign_id=vote.pk), vote)
    assert verification.problems(file) == []
    assert "nous ne savons pas combien" in counts.dropped(document)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'ballot_arrival'",
        "SELECT n_live_tup FROM pg_stat_all_tables WHERE relname = 'ballot'",
        "SELECT idx_scan FROM pg_stat_user_indexes WHERE relname = 'ballot'",
        "SELECT heap_blks_read FROM pg_statio_user_tables WHERE relname = 'ballot'",
        "SELECT pg_stat_get_tuples_inserted('campaigns.ballot_arrival'::regclass)",
        "SELECT pg_stat_get_xact_tuples_inserted('campaigns.ballot_arrival'::regclass)",
        "SELECT pg_total_relation_size('campaigns.ballot_arrival')",
        "SELECT pg_relation_size('campaigns.ballot')",
        "SELECT reltuples FROM pg_class WHERE oid = 'campaigns.ballot'::regclass",
        "SELECT relpages FROM pg_class WHERE oid = 'campaigns.ballot'::regclass",
    ],
)
def test_no_statistics_tell_the_portal_how_many_voted(vote, web, statement):
    with pytest.raises(REFUSED):
        web.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM campaigns.{table}",
        "SELECT pseudonym FROM campaigns.{table}",
        "DELETE FROM campaigns.{table}",
        "DELETE FROM campaigns.{table} WHERE campaign_id = gen_random_uuid()",
    ],
)
@pytest.mark.parametrize("table", ["arrival", "contribution"])
def test_the_portal_neither_counts_nor_lists_who_contributed(web, statement, table):
    with pytest.raises(REFUSED):
        web.execute(statement.format(table=table))


# One person, several identities


def named(resident, who):
    """Give a resident another proven identity, as `keep_proved` does."""
    return identities.keep_proved(resident_id=resident.pk, by=resident.pk, found=who)


@pytest.fixture
def counts_without_a_link(monkeypatch):
    """FranceConnect stays linked, whatever it proves."""
    monkeypatch.setattr(identities, "linked", lambda *_: True)


def test_an_account_has_one_vote_whatever_its_identity_becomes(vote, resident, counts_without_a_link, count):
    for number in range(11):
        voted.put(vote, number)
    for number, name in enumerate((b"a" * 32, b"b" * 32, b"c" * 32, b"d" * 32)):
        named(resident, name)
        casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[NO, NO])
        assert casting.roll(resident=resident, vote=vote) == Roll.OWN, f"a new name changes nothing here: {number}"
    assert count(vote)["ballots"]["in_all"] == 12


def test_an_account_that_votes_under_four_identities_at_once_has_one_ballot(vote, databases):
    names, said = [bytes([number]) * 32 for number in range(4)], []

    def cast():
        try:
            said.append(voted.put(vote, 0, identity=names.pop(), account="one account"))
        except casting.VotedElsewhere:
            said.append(Taken.OTHER)

    at_once(cast)
    assert len(said) == 4 and said.count(Taken.FIRST) == 1
    with psycopg.connect(databases.url("release")) as release:
        assert release.execute("SELECT count(*) FROM campaigns.ballot_arrival").fetchall() == [(1,)]


def test_one_agent_alone_proves_no_identity_at_the_desk(resident):
    agent, browser, visit = visited(resident, "home")
    civil = {"family_name": "Kervella", "given_names": "Nadia", "birthdate_day": "4", "birthdate_month": "5"}
    for _twice in "12":
        sent = civil | {"birthdate_year": "1988", "visit": str(visit.pk)}
        browser.post(reverse("debates:prove_identity"), sent)
    with scope(resident=visit.resident_id):
        assert not ProvenIdentity.objects.exists()


# Under whose eyes


def slip_page(vote, browser, family_name):
    """Return the page of a slip without its number and token, and the statements that it took."""
    sent = {"family_name": family_name, "given_names": "Nadia", "signed": "on"}
    sent |= {"birthdate_day": "4", "birthdate_month": "5", "birthdate_year": "1988"}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = browser.post(reverse("debates:paper_slip", args=[vote.campaign.code]), sent)
    statements = [one["sql"].split("(")[0] for one in queries]
    return (
        answer.status_code,
        [part for part in answer.content.decode().split() if "-" not in part and "value=" not in part],
        statements,
    )


def test_the_desk_answers_the_same_about_who_voted_online_on_paper_or_not_at_all(campaign, databases, client):  # noqa: F811
    vote = voted.asked(campaign)
    voted.give_keys(vote, databases.url("release"))
    browser = signed_in(AgentFactory(at_desk=True))
    born = timezone.localdate().replace(year=1988, month=5, day=4)
    names = ("Astruc", "Bonnet", "Castel")
    who = [identities.pseudonym(family_name=one, given_names="Nadia", birthdate=born) for one in names]
    voted.put(vote, 0, identity=who[1])
    voted.put_on_paper(vote, 0, identity=who[2])
    slip_page(vote, browser, "Warming")
    before = connection.cursor().execute("SELECT count(*) FROM core_journalleaf").fetchone()
    pages = [slip_page(vote, browser, name) for name in names]
    assert pages[0] == pages[1] == pages[2] and pages[0][0] == 200
    assert connection.cursor().execute("SELECT count(*) FROM core_journalleaf").fetchone() == before


def test_a_paper_ballot_replaces_the_online_one_and_a_later_online_one_is_not_counted(vote, night, count):
    for number in range(2, 13):
        voted.put(vote, number, (NO, NO))
    assert voted.put(vote, 0, (NO, NO)) == Taken.FIRST
    night()
    voted.put_on_paper(vote, 0, (YES, YES))
    assert voted.put(vote, 0, (NO, NO)) == Taken.REPLACED
    voted.put_on_paper(vote, 1, (YES, YES))
    assert voted.put(vote, 1, (NO, NO)) == Taken.FIRST, "the answer of who had not voted"
    night(2)
    assert voted.put(vote, 1, (NO, NO)) == Taken.REPLACED
    assert voted.put_on_paper(vote, 1, (NO, NO)) == voted.put_on_paper(vote, 20, (NO, NO)), "the first one is final"
    document = count(vote)
    assert document["ballots"] == {"in_all": 14, "on_paper": 3, "unreadable": 0}
    assert document["counts"][0] == {"for": 2, "against": 12, "none": 0} and document["dropped"] == 0


def test_the_roll_and_the_page_of_a_resident_say_nothing_of_paper(campaign, databases, resident):  # noqa: F811
    vote = voted.asked(campaign)
    voted.give_keys(vote, databases.url("release"))
    voted.proven(resident, (5).to_bytes(32, "big"))
    browser, url = signed_in(resident), reverse("debates:vote", args=[campaign.code])
    before = browser.get(url).content
    voted.put_on_paper(vote, 5)
    assert casting.roll(resident=resident, vote=vote) == Roll.NONE
    token = browser.get(url).context["csrf_token"]
    assert len(before) == len(browser.get(url).content) and token
    casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[NO, NO])
    assert casting.roll(resident=resident, vote=vote) == Roll.OWN


def statements_of(act):
    """Return the result of an act, and the statements that it took, without their values."""
    with CaptureQueriesContext(connection) as queries:
        result = act()
    return result, [re.sub(r"'[^']*'|\b[0-9a-f-]{32,}\b| ?-?\d+", "?", one["sql"]) for one in queries]


def test_an_online_ballot_and_a_second_paper_one_take_the_same_statements_as_a_first(vote, night):
    """Also once the night has moved the first paper ballots. The second agent learns nothing either."""
    warming, plain, later, voter = (ResidentFactory() for _one in range(4))
    for number, resident in enumerate((warming, plain, later, voter)):
        voted.proven(resident, number.to_bytes(32, "big"))
    voted.put_on_paper(vote, 2)
    night()
    voted.put_on_paper(vote, 3)

    def cast(resident):
        return lambda: casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[NO, NO])

    casts = [statements_of(cast(resident)) for resident in (warming, plain, later, voter)]
    assert casts[1] == casts[2] == casts[3] and casts[1][0] == Taken.FIRST
    first, second = AgentFactory(), AgentFactory()
    numbers = [
        casting.give_number(vote=vote, birthdate=voted.BORN, identity=who.to_bytes(32, "big"), agent=first)
        for who in (9, 1, 2, 3)
    ]
    papers = [
        statements_of(
            lambda number=number: casting.put_on_paper(
                vote=vote, birthdate=voted.BORN, number=number, agent=second, choices=[YES, NO]
            )
        )
        for number in numbers
    ]
    assert papers[1] == papers[2] == papers[3] and papers[1][0] == Taken.FIRST


def test_a_journal_does_not_say_that_its_resident_voted_again(vote, resident):
    voted.proven(resident)
    for choice in (NO, YES, YES):
        casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[choice, NO])
    with scope(resident=resident.pk):
        entries = journal.entries(resident_id=resident.pk, limit=9)
    assert [one.event for one in entries].count("ballot_cast") == 1


def test_two_accounts_of_one_identity_stay_two_after_a_paper_ballot(vote):
    first, twin = ResidentFactory(), ResidentFactory()
    for one in (first, twin):
        voted.proven(one, (3).to_bytes(32, "big"))
    voted.put_on_paper(vote, 3)
    casting.cast(resident=first, by=first.pk, vote=vote, choices=[YES, NO])
    with pytest.raises(casting.VotedElsewhere):
        casting.cast(resident=twin, by=twin.pk, vote=vote, choices=[NO, NO])
