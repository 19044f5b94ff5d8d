"""A couple's aids: the partner's values count under their agreement, are never displayed, each use is journalled."""

import json
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from services.aids import benefits
from services.aids.actions import simulations as actions
from services.aids.actions import together as actions_together
from services.aids.actions.together import NotTogether
from tests.accounts.factories import signed_in
from tests.services.aids.couple import BIRTH, GROSS, NET, TAXABLE, fill, together
from tests.telling import tells
from tests.vault.couples import couple
from tests.vault.made import add
from vault.records import gate
from vault.records.actions import grants
from vault.records.enums import Mode
from vault.records.models import Record
from vault.sharing.across import household_access
from vault.sharing.actions import household

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def today():
    return timezone.localdate()


def run(resident: Any, **more: Any) -> Any:
    return actions_together.simulate(resident_id=resident.pk, **more)


def events(resident):
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=20)]


def kept(resident):
    """Return every computed result of a vault, as rows and payloads."""
    with scope(resident=resident.pk):
        held = list(Record.objects.filter(type="calcul.resultat"))
    opened = gate.read_own(
        resident_id=resident.pk, purpose="x", fields=["calcul.resultat#/resultats", "calcul.resultat#/entrees"]
    )
    return held, [record.payload for record in opened]


def amount(found, code):
    return found.results.get(code).amount


# The computation


def test_the_partner_s_income_counts(resident, stranger, today):
    together(resident, stranger, today)
    alone: Any = actions.simulate(resident_id=resident.pk)
    both = run(resident)
    partner = both.read.household.partner
    assert {income.net for income in partner.incomes} == {float(NET)}
    assert partner.birth_date.isoformat() == BIRTH
    assert alone.read.household.partner.incomes is None
    assert both.results.get("prime_activite").exact and not alone.results.get("prime_activite").exact


def test_a_partner_whom_the_household_does_not_list_is_added(resident, stranger, today):
    together(resident, stranger, today)
    add(
        resident,
        "foyer.composition",
        {"allocataires": [], "enfants": [], "situation_familiale": "O"},
        role="household",
        in_place=True,
    )
    assert run(resident).read.household.partner.birth_date.isoformat() == BIRTH


def test_partner_values_replace_those_entered_about_them(resident, stranger, today):
    together(resident, stranger, today)
    spouse = run(resident).spouse_id
    month = today.replace(day=1).strftime("%Y-%m")
    add(
        resident,
        "emploi.revenu",
        {"mois": month, "net_social": "5000.00", "net_avant_impot": "5000.00"},
        person=spouse,
        role="spouse",
    )
    assert {income.net for income in run(resident).read.household.partner.incomes} == {float(NET)}


def test_values_entered_by_the_partner_about_the_resident_are_not_read(resident, stranger, today):
    together(resident, stranger, today)
    add(
        stranger,
        "emploi.revenu",
        {"mois": "2025-01", "net_social": "9999.00", "net_avant_impot": "9999.00"},
        person=resident.pk,
        role="spouse",
    )
    found = run(resident)
    assert 9999.0 not in {income.net for person in found.read.household.people for income in person.incomes or ()}


# The agreement


@pytest.mark.parametrize("prepare", ["nobody", "couple", "stopped", "left"])
def test_without_an_agreement_nothing_is_read(resident, stranger, today, prepare):
    if prepare in {"stopped", "left"}:
        grant = together(resident, stranger, today)
        if prepare == "stopped":
            grants.stop(grant=grant, by=stranger.pk)
        else:
            household.leave(resident_id=stranger.pk, by=stranger.pk)
    else:
        fill(resident, stranger, today)
        if prepare == "couple":
            couple(resident, stranger)
    before = events(stranger)
    found = run(resident)
    assert isinstance(found, NotTogether)
    assert found.why == ("no_grant" if prepare in {"couple", "stopped"} else "alone")
    assert events(stranger) == before


def test_the_agreement_goes_one_way(resident, stranger, today):
    together(resident, stranger, today)
    assert run(stranger).why == "no_grant"


def test_grant_stopped_just_before_the_read_is_refused(resident, stranger, today, monkeypatch):
    grant = together(resident, stranger, today)
    received = household_access.received(resident.pk)
    grants.stop(grant=grant, by=stranger.pk)
    monkeypatch.setattr(household_access, "received", lambda *_args, **_more: received)
    assert run(resident).why == "no_grant"
    assert events(stranger)[0] == "read_refused"


def test_partner_journal_has_the_fields_the_recipient_and_the_purpose(resident, stranger, today):
    grant = together(resident, stranger, today)
    run(resident)
    line = journal.entries(resident_id=stranger.pk, limit=1)[0]
    assert (line.event, line.details["recipient"], line.details["grant"]) == ("granted_count", "Awa", str(grant.pk))
    assert line.purpose == "Calculer les aides du couple avec les valeurs de chacun"
    assert "emploi.revenu#/net_social" in line.fields
    page = signed_in(stranger).get(reverse("journal:journal")).content.decode()
    assert "Compté sous votre accord avec «\u00a0Awa\u00a0»" in page


def test_each_one_s_own_reading_is_in_their_own_journal_only(resident, stranger, today):
    together(resident, stranger, today)
    run(resident, keep=False)
    assert events(resident)[0] == "read"
    assert all(line.actor_id == resident.pk for line in journal.entries(resident_id=resident.pk, limit=50))


# Display


SECRETS = [
    NET,
    GROSS,
    TAXABLE,
    BIRTH,
    "1737",
    "2229",
    "1801",
    "1\u00a0737",
    "2\u00a0229",
    "1\u00a0801",
    "1\u202f737",
    "1987",
]


def leaked(text):
    """Return the partner's figures that the text holds, apart from ids and hashes that contain one by chance."""
    return [secret for secret in SECRETS if tells(re.sub(r'value="[^"]{40,}"', "", text), secret)]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_figure_of_the_partner_would_be_found(secret):
    for text in (f'"montant": "{secret}.41"', f"<dd>{secret},41 €</dd>", f'"{secret}"', f"({secret})", f">{secret}<"):
        assert secret in leaked(text), text


@pytest.mark.parametrize("mode", [Mode.COUNT, Mode.LOOK])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_page_shows_a_figure_of_the_partner(resident, stranger, today, mode, language):
    together(resident, stranger, today, mode=mode)
    browser = signed_in(resident)
    browser.cookies["django_language"] = language
    codes = [benefit.code for benefit in benefits.ALL if not benefit.personal]
    for url in [
        reverse("aids:together"),
        *(reverse("aids:why_together", args=[code]) for code in codes),
        reverse("aids:home"),
    ]:
        page = browser.get(url)
        assert page.status_code == 200, url
        assert leaked(page.content.decode()) == [], url


def test_a_total_shows_only_when_the_partner_agreed_to_it(resident, stranger, today):
    grant = together(resident, stranger, today)
    browser, url = signed_in(resident), reverse("aids:why_together", args=["prime_activite"])
    page = browser.get(url).content.decode()
    assert "sans vous être montrés" in page and "<svg" not in page.split("<main")[1]
    grants.stop(grant=grant, by=stranger.pk)
    from tests.vault.couples import agreed

    agreed(stranger, resident, "joint_simulation", mode=Mode.LOOK)
    shown = [
        browser.get(reverse("aids:why_together", args=[code])).content.decode()
        for code in ("rsa", "c2s", "aide_logement")
    ]
    assert any("a accepté que ce total s’affiche" in page for page in shown)


def test_no_link_leads_to_the_partner_s_records(resident, stranger, today):
    together(resident, stranger, today)
    with scope(resident=stranger.pk):
        theirs = {str(key) for key in Record.objects.values_list("pk", flat=True)}
    browser = signed_in(resident)
    for name, args in [
        ("aids:together", []),
        ("aids:why_together", ["prime_activite"]),
        ("aids:why_together", ["aide_logement"]),
    ]:
        page = browser.get(reverse(name, args=args)).content.decode()
        assert not any(key in page for key in theirs)
    assert str(stranger.pk) not in page


def test_personal_aids_are_left_out(resident, stranger, today):
    """A disability allowance would reveal the partner's disability."""
    together(resident, stranger, today)
    add(stranger, "handicap.decision", {"taux_incapacite": 0.8})
    found = run(resident)
    assert "aah" not in {result.code for result in found.listed}
    browser = signed_in(resident)
    assert browser.get(reverse("aids:why_together", args=["aah"])).status_code == 404
    assert "adultes handicapés" not in browser.get(reverse("aids:together")).content.decode()


def test_values_missing_from_the_partner_are_not_named(resident, stranger, today):
    fill(resident, stranger, today)
    couple(resident, stranger)
    from tests.vault.couples import agreed

    agreed(stranger, resident, "joint_simulation")
    page = signed_in(resident).get(reverse("aids:together")).content.decode().split("<main")[1]
    assert "Il manque quelque chose du côté de Bruno" in page
    assert "conjoint" not in page.split("</main>")[0]


# Storage


def test_stored_result_has_amounts_only(resident, stranger, today):
    together(resident, stranger, today)
    found = run(resident)
    rows, payloads = kept(resident)
    assert [row.subject_person for row in rows] == [stranger.pk]
    text = json.dumps(payloads)
    assert leaked(text) == []
    with scope(resident=stranger.pk):
        assert not any(str(key) in text for key in Record.objects.values_list("pk", flat=True))
    assert {reason["texte"] for result in payloads[0]["resultats"] for reason in result["raisons"]} == {
        "Les revenus de votre partenaire ont été pris en compte, sans vous être montrés."
    }
    assert {result["code"] for result in payloads[0]["resultats"]} == {result.code for result in found.listed}


def test_fingerprint_depends_on_the_secret_key(resident, stranger, today, settings):
    together(resident, stranger, today)
    found = run(resident)
    before = actions_together.fingerprint(found)
    settings.SECRET_KEY = "another city"
    assert actions_together.fingerprint(found) != before


def test_the_same_result_is_kept_once_and_the_resident_s_own_stays_apart(resident, stranger, today):
    together(resident, stranger, today)
    own = actions.simulate(resident_id=resident.pk)
    for _ in range(2):
        run(resident)
        actions.simulate(resident_id=resident.pk)
    rows, _payloads = kept(resident)
    assert sorted(row.subject_person == resident.pk for row in rows) == [False, True]
    assert own is not None


def test_stopping_the_grant_deletes_the_results(resident, stranger, today):
    grant = together(resident, stranger, today)
    run(resident)
    add(stranger, "emploi.revenu", {"mois": "2024-01", "net_social": "100.00", "net_avant_impot": "100.00"})
    run(resident)
    actions.simulate(resident_id=resident.pk)
    grants.stop(grant=grant, by=stranger.pk)
    rows, _payloads = kept(resident)
    assert [row.subject_person for row in rows] == [resident.pk]
