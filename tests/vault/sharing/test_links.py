"""Links: their grant, their content, their code and URL, and how they end."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.vault.made import HOME, IDENTITY, NOTICE, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, PARTS, RENT, linked
from vault import types
from vault.records import actions as vault_actions
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import GrantState, Mode
from vault.records.grants import receipts
from vault.records.models import Grant, GrantPaper, GrantReading
from vault.sharing.actions import links as actions
from vault.sharing.actions.links import Wish
from vault.sharing.agreements import links
from vault.sharing.models import Link, Visit
from vault.sharing.models.link import MOST_TRIES

pytestmark = pytest.mark.django_db(transaction=True)
NAME, TITLE, WHY = "Mme Dubreuil", "Logement social", "Compléter une demande"


def events(resident) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def grant_of(key) -> Grant:
    with scope(resident=key.link.resident_id):
        return Grant.objects.get(pk=key.link.grant_id)


def again(key) -> Link:
    with scope(resident=key.link.resident_id):
        return Link.objects.select_related("grant").get(pk=key.link.pk)


# Making a link


def test_the_identifier_of_franceconnect_is_not_offered(resident):
    add(resident, "identite.pivot", IDENTITY | {"sub": "f" * 64, "acr": "eidas1"})
    values = gate.read_own(resident_id=resident.pk, purpose="Voir", fields=types.fields_of("identite.pivot"))
    offered = links.Held(values, ()).fields
    assert "identite.pivot#/family_name" in offered["identite.pivot"]
    assert not {"identite.pivot#/sub", "identite.pivot#/acr"} & {*offered["identite.pivot"]}


def test_a_link_is_a_grant_for_seven_days(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    grant = grant_of(key)
    assert (grant.recipient_kind, grant.recipient_id, grant.mode, grant.state) == (
        "link",
        key.link.pk,
        Mode.LOOK,
        GrantState.ACTIVE,
    )
    assert grant.ends_at - grant.starts_at == timedelta(days=7)
    with scope(resident=resident.pk):
        assert [row.field for row in grant.fields.all()] == [INCOME]
        [event] = grant.events.all()
    receipt = receipts.verify(event.receipt)
    assert receipt["processing"]["pii_information"][0]["pii_type"] == INCOME
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    assert (entry.event, entry.details["recipient"]) == ("grant_given", NAME)


@pytest.mark.parametrize("days", [0, 2, 31, 365])
def test_a_length_that_is_not_offered_is_refused(resident, days):
    add_signed_notice(resident)
    with pytest.raises(ValueError, match="not offered"):
        linked(resident, INCOME, days=days)


def test_words_token_and_code_are_not_stored_in_plaintext(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE "
            "TABLE'"
        )
        rows = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [str(row) for row in cursor.fetchall()]
    everything = "\n".join(rows)
    for secret in (NAME, TITLE, WHY, key.token, key.code):
        assert secret not in everything and secret.encode().hex() not in everything
    assert len(key.token) * 6 >= 128


def test_a_link_without_content_is_refused(resident):
    with pytest.raises(grants.NothingChosen):
        linked(resident)


def test_a_value_changed_since_the_preview_is_not_shared(resident):
    add_signed_notice(resident)
    held = actions.held(resident_id=resident.pk, fields=[INCOME], papers=[])
    seen = links.fingerprint(held.values, held.papers)
    add_signed_notice(resident, annee_revenus=2026, revenu_fiscal_reference=9000)
    with pytest.raises(grants.Changed):
        actions.make(
            resident_id=resident.pk,
            by=resident.pk,
            wish=Wish([INCOME], [], TITLE, NAME, WHY, 7),
            form=uuid4(),
            seen=seen,
        )
    assert "grant_given" not in events(resident)


def test_the_same_form_sent_twice_gives_one_link(resident):
    add_signed_notice(resident)
    form = uuid4()
    linked(resident, INCOME, form=form)
    held = actions.held(resident_id=resident.pk, fields=[INCOME], papers=[])
    seen = links.fingerprint(held.values, held.papers)
    wish = Wish([INCOME], [], TITLE, NAME, WHY, 7)
    assert actions.make(resident_id=resident.pk, by=resident.pk, wish=wish, form=form, seen=seen) is None
    with scope(resident=resident.pk):
        assert Link.objects.count() == Grant.objects.count() == 1


def test_another_resident_cannot_make_or_change_a_link(resident, stranger):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    for act in (
        lambda: actions.make(
            resident_id=resident.pk, by=stranger.pk, wish=Wish([INCOME], [], "", "", "", 7), form=uuid4(), seen=""
        ),
        lambda: actions.renew(link=key.link, by=stranger.pk, address=True),
        lambda: actions.stop_all(resident_id=resident.pk, by=stranger.pk),
    ):
        with pytest.raises(PermissionDenied):
            act()


# Reading


def test_a_link_reads_its_fields_about_its_resident_and_is_journalled(resident):
    add_signed_notice(resident)
    add(resident, "fiscal.avis_ir", {**NOTICE, "revenu_fiscal_reference": 4242}, person=uuid4(), role="spouse")
    key = linked(resident, INCOME)
    values, papers = gate.read_all(grant=grant_of(key), fields=[INCOME], visit=None)
    assert [record.payload for record in values] == [{"revenu_fiscal_reference": 12312}] and papers == []
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    assert (entry.event, entry.fields, entry.details["recipient"], entry.ground) == (
        "granted_read",
        [INCOME],
        NAME,
        "grant",
    )


def test_a_field_that_was_not_chosen_is_refused(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    with pytest.raises(gate.Refused):
        gate.read_all(grant=grant_of(key), fields=[INCOME, PARTS], visit=None)
    assert events(resident)[0] == "read_refused"


def test_only_the_links_paper_opens_and_each_opening_is_journalled(resident, kinds, browser):
    one = uploaded(browser, resident, notice_pdf())
    other = uploaded(browser, resident, notice_pdf(income_year=2023))
    for paper in (one, other):
        vault_actions.confirm_paper(paper=paper, by=resident.pk)
    key = linked(resident, papers=[one.pk])
    opened, file = gate.read_file(grant=grant_of(key), paper_id=one.pk, position=0, visit=None)
    with file:
        assert file.read(5) == b"%PDF-" and opened.paper_id == one.pk
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    assert (entry.event, entry.details["kind"], entry.fields) == ("granted_downloaded", "avis_impot", [])
    with pytest.raises(gate.Refused):
        gate.read_file(grant=grant_of(key), paper_id=other.pk, position=0, visit=None)
    with pytest.raises(gate.Refused):
        gate.read_file(grant=grant_of(key), paper_id=one.pk, position=1, visit=None)
    assert events(resident)[:2] == ["read_refused", "read_refused"]


def test_a_stop_ends_a_download_in_progress(resident, kinds, browser):
    paper = uploaded(browser, resident, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=resident.pk)
    key = linked(resident, papers=[paper.pk])
    _opened, file = gate.read_file(grant=grant_of(key), paper_id=paper.pk, position=0, visit=None)
    with file:
        assert file.read(100)
        grants.stop(grant=grant_of(key), by=resident.pk)
        with pytest.raises(gate.Refused):
            file.read(100)
    assert events(resident)[0] == "read_refused"


def test_a_deleted_paper_is_removed_from_the_link(resident, kinds, browser):
    paper = uploaded(browser, resident, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=resident.pk)
    key = linked(resident, papers=[paper.pk])
    vault_actions.delete_paper(paper=paper, by=resident.pk)
    values, papers = gate.read_all(grant=grant_of(key), fields=[], visit=None)
    assert not values and papers == []
    with scope(resident=resident.pk):
        assert not GrantPaper.objects.exists()


def test_a_paper_in_quarantine_cannot_be_shown(resident, kinds, browser):
    paper = uploaded(browser, resident, notice_pdf())
    with pytest.raises(grants.NothingChosen):
        linked(resident, papers=[paper.pk])


@pytest.mark.parametrize("end", ["stop", "pause", "expire"])
def test_an_ended_link_opens_nothing(resident, end):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    grant = grant_of(key)
    moment = timezone.now()
    if end == "expire":
        moment = grant.ends_at
    else:
        getattr(grants, end)(grant=grant, by=resident.pk)
    with time_machine.travel(moment, tick=False):
        assert not again(key).opens
        with pytest.raises(gate.Refused):
            gate.read_all(grant=grant, fields=[INCOME], visit=None)
        assert actions.enter(link=key.link, typed=key.code) is None
    with scope(resident=resident.pk):
        assert not Visit.objects.exists() and not GrantReading.objects.exists()


def test_a_link_is_open_until_its_last_second(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    with time_machine.travel(key.link.grant.ends_at - timedelta(seconds=1), tick=False):
        assert again(key).opens
        assert actions.enter(link=key.link, typed=key.code)


def test_stopping_all_links_stops_no_other_grant(resident):
    from tests.vault.couples import granted

    add_signed_notice(resident)
    one, two, other = linked(resident, INCOME), linked(resident, PARTS), granted(resident, INCOME)
    assert actions.stop_all(resident_id=resident.pk, by=resident.pk) == 2
    assert actions.stop_all(resident_id=resident.pk, by=resident.pk) == 0
    assert not again(one).opens and not again(two).opens
    with scope(resident=resident.pk):
        assert Grant.objects.get(pk=other.pk).stands


# Code and URL


def test_the_right_code_begins_a_visit_with_spaces_or_dashes(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    for typed in (key.code, f" {key.code[:4]} {key.code[4:]} ", f"{key.code[:4]}-{key.code[4:]}"):
        assert actions.enter(link=key.link, typed=typed)


def test_five_wrong_codes_lock_a_link_and_each_is_journalled(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    wrong = f"{(int(key.code) + 1) % 10**8:08}"
    for _ in range(MOST_TRIES + 3):
        assert actions.enter(link=key.link, typed=wrong) is None
    assert again(key).locked
    assert events(resident)[:6] == ["link_locked", *["link_code_refused"] * 5]
    assert actions.enter(link=key.link, typed=key.code) is None, "a locked link refuses the right code too"


def test_a_right_code_resets_the_count_of_wrong_codes(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    for _ in range(3):
        for _ in range(MOST_TRIES - 1):
            actions.enter(link=key.link, typed="")
        assert actions.enter(link=key.link, typed=key.code)
    assert not again(key).locked


def test_a_new_code_unlocks_the_link_and_replaces_the_former_one(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    for _ in range(MOST_TRIES):
        actions.enter(link=key.link, typed="0")
    fresh = actions.renew(link=key.link, by=resident.pk, address=False)
    assert fresh.token == "" and links.find(key.token) is not None
    assert actions.enter(link=key.link, typed=key.code) is None and actions.enter(link=key.link, typed=fresh.code)
    assert "link_code_made" in events(resident)


def test_a_new_url_replaces_the_former_one(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    fresh = actions.renew(link=key.link, by=resident.pk, address=True)
    assert links.find(key.token) is None
    found = links.find(fresh.token)
    assert found is not None and found.pk == key.link.pk


def test_an_ended_link_gets_no_new_code(resident):
    add_signed_notice(resident)
    key = linked(resident, INCOME)
    grants.stop(grant=grant_of(key), by=resident.pk)
    with pytest.raises(PermissionDenied):
        actions.renew(link=key.link, by=resident.pk, address=False)


def test_the_same_code_of_two_links_has_two_hashes():
    assert links.hash_code(uuid4(), "12345678") != links.hash_code(uuid4(), "12345678")


def test_the_snapshot_keeps_the_words_and_the_values(resident):
    add_signed_notice(resident)
    add(resident, "logement.domicile", HOME)
    key = linked(resident, INCOME, RENT)
    grant = grant_of(key)
    note = gate.own_note(resident_id=resident.pk, purpose="Relire", place=grant.place, content=bytes(grant.snapshot))
    assert any(NAME in words for words in note["words"]) and note["lasts"].startswith("7 days")
    assert [item["chosen"] for item in note["items"]] == [True, True]
    assert {item["shown"].replace("\u202f", " ").replace("\u00a0", " ") for item in note["items"]} == {
        "12 312 €",
        "612 € par mois",
    }
