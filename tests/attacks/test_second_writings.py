"""What a stranger found: rules of the database that hold for one writing, and not for two."""

import io
import re
import threading
import time
import zipfile
from contextlib import suppress
from datetime import date, timedelta
from uuid import uuid4

import psycopg
import pypdfium2
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts import two_persons
from accounts.actions import nominations
from accounts.models import Nomination, Role
from accounts.two_persons import ACTS, NotTwo
from campaigns.contributions import sealing, stamping, store, withdrawing
from campaigns.contributions.actions import contributing, group, inbox
from core.files.storage import sealed_storage
from core.rows import Forged, check
from services.dossiers.actions import dossiers
from services.dossiers.enums import Choice
from services.requests.actions import answering
from services.requests.actions import office as office_actions
from services.requests.enums import Fault, State
from services.requests.models import Letter
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.at_once import while_at
from tests.attacks.campaigns.test_votes_from_inside import count, night, vote, web  # noqa: F401 - fixtures
from tests.attacks.test_looking_open import written
from tests.attacks.test_rows_put_back import sql
from tests.attacks.test_written_rows import INCOME, reads
from tests.campaigns import given
from tests.campaigns.conftest import as_release, keys_of  # noqa: F401 - fixtures
from tests.campaigns.debates import voted
from tests.campaigns.debates.voted import NO, YES
from tests.certification.access.test_lots import accepted, code_of, key, sender  # noqa: F401 - fixtures
from tests.certification.conftest import house, label, one, owner  # noqa: F401 - fixtures
from tests.services.dossiers import made as dossier_made
from tests.services.dossiers.test_build import data_of
from tests.services.requests.made import QUOTIENT, fresh, member, opened_office, proposed, sent, work
from tests.vault.conftest import kinds  # noqa: F401 - a fixture
from tests.vault.couples import granted
from tests.vault.lived import exported
from tests.vault.made import HOME, IDENTITY, add_signed_notice
from tests.vault.records.test_import import bring, copied, proved
from tests.vault.sending import notice_pdf, quotient_pdf, uploaded
from vault.holders.actions import connections
from vault.holders.models import Connection
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.models import Export, Grant, Paper, Record

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = "fiscal.avis_ir#/nombre_parts"
ELSEWHERE = "00000000-0000-4000-8000-00000000beef"


def keep(table, where="true", *values):
    written(f"CREATE TEMP TABLE kept_{table} AS SELECT * FROM {table} WHERE {where}", *values)


def forgotten_first(table, where="true", *values):
    """Write the note of a deletion before it, as one that is over: the trigger's own note is then a conflict."""
    written(
        "INSERT INTO core_written (name, until)"
        f" SELECT sha256(convert_to('gone {table} ' || id, 'UTF8')), now() - interval '1 day'"
        f" FROM {table} WHERE {where}",
        *values,
    )
    written(f"DELETE FROM {table} WHERE {where}", *values)
    written(
        "DELETE FROM core_written WHERE name IN"
        f" (SELECT sha256(convert_to('gone {table} ' || id, 'UTF8')) FROM kept_{table})"
    )


def moved_first(table, where="true", *values):
    """Delete a row under another id: the note has this one."""
    if table == "mfa_authenticator":
        written(f"UPDATE {table} SET id = id + 1000000 WHERE {where}", *values)
        written(f"DELETE FROM {table} WHERE id > 1000000")
    else:
        written(f"UPDATE {table} SET id = '{ELSEWHERE}' WHERE {where}", *values)
        written(f"DELETE FROM {table} WHERE id = '{ELSEWHERE}'")


def again(table):
    written(f"INSERT INTO {table} SELECT * FROM kept_{table}")


WAYS = pytest.mark.parametrize("way", [forgotten_first, moved_first])


# 1. A row that was deleted is inserted again under its id


@WAYS
def test_a_line_that_its_resident_takes_out_is_not_read_afterwards(resident, way):
    add_signed_notice(resident)
    grant = granted(resident, INCOME, PARTS)
    assert reads(grant, INCOME)
    keep("records_grantfield", "field = %s", INCOME)
    way("records_grantfield", "field = %s", INCOME)
    with suppress(Forged, ValueError):
        grants.take_out(grant=grant, by=resident.pk, line=INCOME)
    again("records_grantfield")
    assert not reads(grant, INCOME)


@WAYS
def test_a_second_factor_that_nobody_saw_is_not_missed_while_its_agent_decides(way, monkeypatch):
    first, second = AgentFactory(), AgentFactory()
    unseen = Authenticator.objects.create(user=first, type=Authenticator.Type.RECOVERY_CODES, data={})
    unseen.created_at = timezone.now() + timedelta(hours=1)
    unseen.save()
    act = ACTS["urgent_access"]
    with pytest.raises(NotTwo):
        act.require(first, second)
    keep("mfa_authenticator", "id = %s", unseen.pk)
    way("mfa_authenticator", "id = %s", unseen.pk)
    check = two_persons._check_accounts

    def between(*people):  # whoever writes there writes between the two queries
        again("mfa_authenticator")
        return check(*people)

    monkeypatch.setattr(two_persons, "_check_accounts", between)
    with pytest.raises((NotTwo, Forged)):
        act.require(first, second)


@WAYS
def test_a_code_for_a_holder_is_not_good_after_its_week(sender, resident, way):  # noqa: F811
    made = accepted(resident)
    code = code_of(made)
    with time_machine.travel(timezone.now() + connections.CODE_LASTS + timedelta(minutes=1)):
        keep("holders_connection")
        way("holders_connection")
        written("UPDATE kept_holders_connection SET created_at = created_at + interval '8 days'")
        again("holders_connection")
        assert connections.pair(sender=sender, code=code) is None


# 2. Codes of a group


def test_the_author_makes_no_second_list_of_codes_while_the_first_is_said_to_be_another_campaign_s(resident):
    campaign = given.grouped()
    first = group.invite(campaign=campaign, by=campaign.created_by)
    other = given.opened()
    written("UPDATE contributions_invitation SET campaign_id = %s", other.pk)
    second = []
    with suppress(group.NotNow, Forged, DatabaseError):
        second = group.invite(campaign=campaign, by=campaign.created_by)
    written("UPDATE contributions_invitation SET campaign_id = %s WHERE campaign_id = %s", campaign.pk, other.pk)
    joined = []
    for code in (first[0], *second[:1]):
        person = ResidentFactory()
        with suppress(group.WrongCode, Forged):
            joined.append(group.join(resident_id=person.pk, by=person.pk, campaign=campaign, code=code))
    assert len(joined) < 2 and not second


# 3. Ballots


def overheard(web, vote, act):  # noqa: F811
    """Return the statement by which a ballot is taken, as the portal's role reads it in pg_stat_activity.

    The lock that the count takes keeps the statement there.
    """
    web.execute("SELECT pg_advisory_lock(hashtextextended('count ' || %s, 0))", [str(vote.pk)])
    thread = threading.Thread(target=act)
    thread.start()
    said = ""
    for _turn in range(100):
        rows = web.execute(
            "SELECT query FROM pg_stat_activity WHERE query LIKE %s AND state = 'active' AND wait_event_type = 'Lock'",
            ["SELECT campaigns.take_ballot(%"],
        ).fetchall()
        if rows:
            [(said,)] = rows
            break
        time.sleep(0.05)
    web.execute("SELECT pg_advisory_unlock(hashtextextended('count ' || %s, 0))", [str(vote.pk)])
    thread.join(20)
    return said


def test_a_ballot_that_its_voter_replaced_on_another_day_is_not_put_back(vote, night, count, web):  # noqa: F811
    for number in range(1, 13):
        voted.put(vote, number, (NO, NO))

    def first():
        voted.put(vote, 0, (YES, YES))
        connection.close()

    said = overheard(web, vote, first)
    night()
    voted.put(vote, 0, (NO, NO))
    night(2)
    with suppress(psycopg.Error):
        web.execute(
            said or "SELECT campaigns.take_ballot($1, $2, $3, $4, $5)"
        )  # what the voter chose on the first day
    night(3)
    document = count(vote)
    assert document["counts"][0]["for"] == 0 or document["dropped"]


# 4. A decision that is another one than the second agent read


def test_a_decision_is_the_one_that_the_second_agent_read_though_its_number_is_counted_again(resident):
    office = opened_office()
    insider = member(office, "Claire Morvan", may_decide=True)
    honest = member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = sent(resident, office)
    first = proposed(row, insider, given="5 000 € par mois")
    [(large,)] = sql("SELECT decision FROM requests_sentrequest")
    office_actions.send_back(request=first, place=honest)  # "non"
    written("UPDATE requests_sentrequest SET decision_version = decision_version - 1")
    try:
        proposed(fresh(row), insider, given="1,20 € le repas")
    except Forged:
        return  # the number is under the row's MAC
    browser, page = signed_in(honest.person), reverse("requests:office", args=[row.pk])
    shown = browser.get(page).content.decode()
    assert "1,20" in shown and "5 000" not in shown
    [shown_mark] = re.findall(r'name="shown" value="(\d+)"', shown)
    written("UPDATE requests_sentrequest SET decision = %s", large)
    browser.post(reverse("requests:decide", args=[row.pk]), {"shown": shown_mark, "answer": "yes"})
    decided = fresh(row)
    with scope(resident=resident.pk):
        [type_code] = set(Record.objects.values_list("type", flat=True))
    values = gate.read_own(resident_id=resident.pk, purpose="test", fields=[f"{type_code}#/accorde"])
    said = [value.payload for value in values]
    assert decided.state == State.REVIEW or "5 000" not in str(said)


def test_a_line_that_its_resident_mended_is_what_the_office_reads(resident, kinds):  # noqa: F811
    office = opened_office()
    claire = member(office, "Claire Morvan")
    row = sent(resident, office)
    office_actions.take(request=row, place=claire)
    made = office_actions.ask_correction(
        request=fresh(row), place=claire, line=QUOTIENT, fault=Fault.OUTDATED, message="Récent."
    )
    [(content, version)] = sql("SELECT content, content_version FROM requests_sentrequest")
    answering.correct(correction=made, by=resident.pk, text="1 900 € depuis octobre")
    browser, page = signed_in(claire.person), reverse("requests:office", args=[row.pk])
    assert "1 900" in browser.get(page).content.decode()
    written("UPDATE requests_sentrequest SET content = %s, content_version = %s", content, version)
    answer = browser.get(page)
    assert answer.status_code != 200 or "1 900" in answer.content.decode()


def test_a_value_that_its_resident_typed_again_is_the_one_that_is_kept(resident, kinds):  # noqa: F811
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile", answers=HOME)
    [(content, version)] = sql("SELECT content, version FROM records_draft")
    actions.answer(draft=draft, by=resident.pk, name="loyer_mensuel_hors_charges", value="250")
    written("UPDATE records_draft SET content = %s, version = %s", content, version)
    with pytest.raises(Forged):
        actions.finish_draft(draft=draft, by=resident.pk)


# 5. Counted twice


@pytest.mark.xfail(strict=True, reason="known: docs/privacy.md says so")
def test_a_resident_whom_a_publication_counted_does_not_contribute_again(resident, keys_of):  # noqa: F811
    campaign = given.opened()
    keys_of(campaign)
    given.trip(resident)

    def give():
        found = given.offered(resident, campaign)
        return contributing.from_vault(
            resident_id=resident.pk,
            by=resident.pk,
            campaign=campaign,
            without=found.without,
            seen=found.seen,
            shown={},
        )

    give()
    given.counted(campaign)  # by the first window
    with pytest.raises(contributing.AlreadyIn):
        give()
    written("DELETE FROM contributions_participation")
    with suppress(contributing.AlreadyIn, Forged):
        give()
    name = sealing.pseudonym(campaign_id=campaign.pk, about=withdrawing.about(resident.pk))
    assert not store.holds(campaign_id=campaign.pk, pseudonym=name), "the next window counts them again"


# 6. A contribution, overheard


@pytest.fixture
def heard(web):  # noqa: F811
    """Return what the portal's role reads in pg_stat_activity about contributions, from now until it is called."""
    said: set[str] = set()
    done = threading.Event()

    def listen():  # as the portal's role, on a connection of its own
        while not done.is_set():
            found = web.execute(
                "SELECT query FROM pg_stat_activity WHERE query LIKE %s AND pid <> pg_backend_pid()", ["%campaigns%"]
            )
            said.update(query for (query,) in found.fetchall())

    listener = threading.Thread(target=listen)
    listener.start()

    def stop():
        done.set()
        listener.join(10)
        return said

    yield stop
    stop()


def contribute(resident, campaign):
    given.trip(resident)
    found = given.offered(resident, campaign)
    contributing.from_vault(
        resident_id=resident.pk, by=resident.pk, campaign=campaign, without=found.without, seen=found.seen, shown={}
    )


@pytest.mark.parametrize("withdrawn", [True, False])
def test_whoever_reads_what_runs_learns_no_pseudonym_and_puts_no_contribution_back(
    resident,
    keys_of,  # noqa: F811
    web,  # noqa: F811
    heard,
    as_release,  # noqa: F811
    withdrawn,
):
    campaign = given.opened()
    keys_of(campaign)
    contribute(resident, campaign)
    name = sealing.pseudonym(campaign_id=campaign.pk, about=withdrawing.about(resident.pk))
    with scope(resident=resident.pk):
        [grant] = Grant.objects.all()
    assert store.holds(campaign_id=campaign.pk, pseudonym=name)
    if withdrawn:
        grants.stop(grant=grant, by=resident.pk)
    said = heard()
    assert not [query for query in said if name.hex() in query.replace("\\x", "")]
    for query in said:
        with suppress(psycopg.Error):
            web.execute(query)
    with as_release(), time_machine.travel(timezone.now() + timedelta(days=1)):
        inbox.move()
        present = stamping.look(campaign)
    assert len(present.stamps) == (0 if withdrawn else 1)


# 7. The letter of a decision that nobody made


def test_the_city_seals_no_letter_of_a_decision_that_the_second_agent_never_made(resident, kinds):  # noqa: F811
    office = opened_office()
    insider = member(office, "Claire Morvan", may_decide=True)
    honest = member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = sent(resident, office)  # the job of its receipt waits for the worker
    proposed(row, insider, given="5 000 € par mois")
    written(
        "UPDATE requests_sentrequest SET state = 'granted', decided_by_id = %s, decided_at = now()", honest.person_id
    )
    work()
    with scope(resident=resident.pk):
        made = {one.kind: one for one in Letter.objects.all()}
    taken = []
    with suppress(Forged, Export.DoesNotExist, AssertionError, FileNotFoundError):
        copy = exported(resident)
        with sealed_storage.open(copy.stored_name, resident_id=resident.pk, kind=copy.FILE) as file:
            taken = [name for name in zipfile.ZipFile(io.BytesIO(file.read())).namelist() if "decision" in name]
    assert not taken
    assert "decision" not in made


def test_the_letter_says_what_was_decided_though_a_former_proposal_is_put_back(resident, kinds):  # noqa: F811
    """Nobody else acts: the row's MAC is whole, since neither column is under it."""
    office = opened_office()
    insider = member(office, "Claire Morvan", may_decide=True)
    honest = member(office, "Hugo Bastide", instructs=False, may_decide=True)
    row = sent(resident, office)
    first = proposed(row, insider, given="5 000 € par mois")
    [(large, version)] = sql("SELECT decision, decision_version FROM requests_sentrequest")
    office_actions.send_back(request=first, place=honest)
    last = proposed(fresh(row), insider, given="1,20 € le repas")
    office_actions.decide(request=last, place=honest)
    written("UPDATE requests_sentrequest SET decision = %s, decision_version = %s", large, version)
    work()
    with scope(resident=resident.pk):
        made = {one.kind: one for one in Letter.objects.all()}
    text = ""
    if "decision" in made:
        with (
            scope(resident=resident.pk),
            sealed_storage.open(made["decision"].stored_name, resident_id=resident.pk, kind=Letter.FILE) as stream,
        ):
            pdf = pypdfium2.PdfDocument(stream.raw.read())
        text = " ".join(page.get_textpage().get_text_bounded() for page in pdf)
    answer = signed_in(resident).get(reverse("requests:letter", args=[row.pk, "decision"]))
    assert answer.status_code != 200 or "5\u00a0000" not in text
    assert "5 000" not in text


# 8. One person, two tabs


def test_nobody_is_proposed_as_manager_and_officer_by_two_requests_at_once():
    manager, agent = AgentFactory(manages_agents=True), AgentFactory(name="Zoé")

    def propose(role):
        with suppress(nominations.AlreadyNamed):
            nominations.propose(person=agent, role=role, employer="Ville", by=manager)

    while_at('INSERT INTO "accounts_nomination"', lambda: propose(Role.MANAGER), lambda: propose(Role.OFFICER))
    both = Nomination.objects.filter(person=agent, role__in=[Role.MANAGER, Role.OFFICER], ended_at=None)
    second = AgentFactory(manages_agents=True)
    for nomination in both:
        with suppress(PermissionDenied, NotTwo, nominations.WrongCode):
            code = nominations.begin_presence(nomination=nomination, by=second)
            nominations.type_code(person=agent, code=code, current_key=None)
    agent.refresh_from_db()
    assert not (agent.is_superuser and agent.is_dpo)


# 9. A paper that somebody changed, in the signed copy


def test_the_signed_copy_says_of_no_paper_what_the_portal_did_not_write(resident, kinds, tmp_path):  # noqa: F811
    """Another portal, or a new vault here, believes it by the signature, and gives it a MAC of its own."""
    actions.keep_identity(resident_id=resident.pk, by=resident.pk, identity=IDENTITY)
    paper = uploaded(signed_in(resident), resident, notice_pdf())
    written(
        "UPDATE records_paper SET kind = 'justificatif_domicile', state = 'kept', kept_at = now(),"
        " issued_on = '2026-11-01', expires_on = '2099-01-01' WHERE id = %s",
        paper.pk,
    )
    path = tmp_path / "copie.zip"
    try:
        copied(resident, path)
    except (AssertionError, Forged):
        return  # the copy is refused
    newcomer = ResidentFactory(name="Awa, ailleurs")
    proved(newcomer)
    bring(path, newcomer)
    with scope(resident=newcomer.pk):
        there = list(Paper.objects.all())
        check(*there)
        assert not Paper.objects.kept().filter(expires_on__year=2099).exists()


# 10. A holder that is called without its resident


def test_a_holder_is_not_called_without_a_resident_who_did_not_choose_it(resident):
    with scope(resident=resident.pk):
        row = Connection(pk=uuid4(), resident_id=resident.pk, connector="caf", holder="caf", state="active")
        row.datasets, row.expires_on, row.unattended = ["quotient"], date(2999, 1, 1), False
        connections.seal_content(row, {"kept": {}, "reached": {}, "outcomes": {}})
        row.save(force_insert=True)
    assert connections.ask_due() == 0
    written("UPDATE holders_connection SET unfinished = true, next_pull_at = now() - interval '1 hour'")
    with suppress(Forged):
        assert connections.ask_due() == 0


# 11. A paper that its resident did not replace


def test_confirming_a_paper_deletes_no_other_that_it_does_not_replace(resident, kinds):  # noqa: F811
    browser = signed_in(resident)
    kept = uploaded(browser, resident, notice_pdf())
    actions.confirm_paper(paper=kept, by=resident.pk)
    newer = uploaded(browser, resident, quotient_pdf())
    written("UPDATE records_paper SET replaces_id = %s WHERE id = %s", kept.pk, newer.pk)
    with suppress(Forged), scope(resident=resident.pk):
        actions.confirm_paper(paper=Paper.objects.get(pk=newer.pk), by=resident.pk)
    with scope(resident=resident.pk):
        there = Paper.objects.filter(pk=kept.pk).exists()
    assert there, "deleted by the portal: no head and no count misses it"


# 12. What a resident left out of a dossier


def test_what_a_resident_left_out_of_a_dossier_is_not_in_it_though_their_note_is_emptied(resident, kinds):  # noqa: F811
    dossier_made.fill(resident)
    dossier = dossier_made.start(resident, "rsa")
    dossiers.choose(dossier=dossier, by=resident.pk, key="values:fiscal.avis_ir", choice=Choice.LEFT_OUT)
    dossiers.build(dossier=dossier, by=resident.pk)
    written("UPDATE dossiers_dossier SET note = NULL")
    dossier_made.work()
    made = dossier_made.fresh(dossier)
    if made.state == "ready":
        data = data_of(dossier_made.pdf_of(made))
        assert not [value for value in data["values"] if value["field"].startswith("fiscal.")]
