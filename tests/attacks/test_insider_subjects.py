"""Words that one dishonest agent writes alone, and by which a second person knows what they decide on."""

import pytest
from django.urls import reverse
from jwcrypto.jwk import JWK

from accounts.models import CityDecision
from services.procedures.actions import procedures
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.certification import made
from tests.services.procedures.written import document
from tests.vault.holders.test_holders import posted
from vault.holders.models import Sender
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder, PaperKind

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kinds_and_holders(town):  # noqa: F811 - the fixture
    paper_kinds.load()
    holder_catalogue.load()


@pytest.fixture
def manager(db):
    return AgentFactory(name="Agathe", manages_agents=True)


@pytest.fixture
def camille(db):
    return AgentFactory(name="Camille", manages_agents=True)


def changed(browser, row, **values):
    page = reverse(f"admin:records_{row._meta.model_name}_change", args=[row.pk])
    answer = browser.post(page, posted(browser.get(page).context["adminform"].form) | values)
    assert answer.status_code == 302


def read_and_agreed(by, *names):
    """Have an honest colleague read each proposal, and refuse it if it names what they would keep."""
    waiting = CityDecision.objects.filter(decided_at=None)
    assert waiting
    browser = signed_in(by)
    for asked in waiting:
        page = reverse("city_decision", args=[asked.pk])
        shown = browser.get(page).content.decode()
        refused = any(name in shown for name in names)
        browser.post(page, {"answer": "refuse" if refused else "agree"})


def test_nobody_alone_has_a_kind_of_paper_withdrawn_under_another_name(manager, camille):
    kind = PaperKind.objects.get(code="avis_impot")
    name, browser = kind.label_fr, signed_in(manager)
    changed(browser, kind, label_fr="Ancien essai, à retirer")
    action = {"action": "withdraw", "_selected_action": [kind.pk], "confirmed": "yes"}
    browser.post(reverse("admin:records_paperkind_changelist"), action)
    read_and_agreed(camille, name, kind.code)
    changed(browser, kind, label_fr=name)
    found = PaperKind.objects.get(pk=kind.pk)
    assert found.label_fr == name and found.withdrawn_at is None


def test_nobody_alone_has_the_address_of_a_holder_replaced_under_another_name(manager, camille):
    holder = Holder.objects.get(code="dgfip")
    name, browser = holder.name_fr, signed_in(manager)
    changed(browser, holder, name_fr="Cinéma du Lavoir", short_fr="Cinéma")
    changed(browser, holder, email="moi@ailleurs.example")
    read_and_agreed(camille, name, holder.code, "impots.gouv.fr")
    changed(browser, holder, name_fr=name, short_fr=holder.short_fr)
    found = Holder.objects.get(pk=holder.pk)
    assert found.name_fr == name and found.email != "moi@ailleurs.example"


def test_nobody_alone_has_a_procedure_closed_under_the_title_of_a_draft(manager, camille):
    item, first = document(), AgentFactory()
    row = versions.try_out(row=procedures.begin(by=first, item=item), by=first)
    row = versions.publish(row=row, by=AgentFactory())
    procedures.begin(by=manager, item=item | {"title": "Brouillon d’essai"})
    signed_in(manager).post(reverse("procedures:close", args=[row.pk]))
    read_and_agreed(camille, item["title"])
    row.refresh_from_db()
    assert row.is_in_force


def test_nobody_alone_says_that_a_kind_of_paper_is_not_sensitive():
    """Who asks for a sensitive kind answers the whole charter, and who agrees to it signs in again first."""
    kind = PaperKind.objects.filter(sensitive=True)[0]
    browser, page = signed_in(AgentFactory(new=True)), reverse("admin:records_paperkind_change", args=[kind.pk])
    form = posted(browser.get(page).context["adminform"].form)
    browser.post(page, {name: value for name, value in form.items() if name != "sensitive"})
    assert PaperKind.objects.get(pk=kind.pk).sensitive


def test_nobody_alone_offers_again_under_another_code_what_two_withdrew(manager, camille):
    holder, browser = Holder.objects.get(code="banque"), signed_in(manager)
    action = {"action": "withdraw", "_selected_action": [holder.pk], "confirmed": "yes"}
    browser.post(reverse("admin:records_holder_changelist"), action)
    read_and_agreed(camille)
    assert Holder.objects.get(code="banque").withdrawn_at is not None
    stranger = signed_in(AgentFactory(new=True))
    page = reverse("admin:records_holder_change", args=[holder.pk])
    form = posted(stranger.get(page).context["adminform"].form)
    stranger.post(reverse("admin:records_holder_add"), form | {"code": "banque-2"})
    assert not Holder.objects.filter(name_fr=holder.name_fr, withdrawn_at=None).exists()


def test_nobody_alone_has_a_service_send_as_the_tax_office_under_another_name(manager, camille):
    """What it sends is then believed as the tax office's, which is its code, not the name that was read."""
    holder, browser = Holder.objects.get(code="dgfip"), signed_in(manager)
    name, house = holder.name_fr, made.publisher()
    one = made.service(made.member(house), house)
    changed(browser, holder, name_fr="Cinéma du Lavoir", short_fr="Cinéma")
    form = {"holder": holder.pk, "service": one.pk, "types": ["loisirs.adhesion"], "rhythm": "daily", "stays": "on"}
    key = JWK.generate(kty="EC", crv="P-256").export_public()
    browser.post(reverse("admin:holders_sender_add"), form | {"public_key": key})
    read_and_agreed(camille, name, holder.code)
    changed(browser, holder, name_fr=name, short_fr=holder.short_fr)
    assert not Sender.objects.filter(holder="dgfip").exists()
