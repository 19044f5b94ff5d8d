"""What an agent alone learns from the lists of the admin, by filters that no link of theirs offers."""

from uuid import UUID

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from accounts.models import FactorReset
from core import journal
from core.models import Job
from tests.accounts.factories import TOTP_SECRET, AgentFactory, ResidentFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.vault.urgent import REASON, offered
from vault.journal.actions import contests
from vault.sharing.models import EmergencyAccess

pytestmark = pytest.mark.django_db


def rows(agent, name, **asked):
    page = signed_in(agent).get(reverse(f"admin:{name}_changelist"), asked)
    return None if page.status_code != 200 or "cl" not in (page.context or {}) else page.context["cl"].result_count


@pytest.mark.parametrize("lookup", ["resident_id", "resident_id__startswith", "subject_id"])
def test_the_list_of_jobs_is_not_that_of_one_resident(lookup):
    agent, alma, other = AgentFactory(new=True), ResidentFactory(), ResidentFactory()
    for who, count in ((alma, 2), (other, 1)):
        for _ in range(count):
            with scope(resident=who.pk):
                Job.objects.create(resident_id=who.pk, kind="read_paper", subject_id=who.pk, purpose="Lire un papier")
    asked = str(alma.pk)[:8] if lookup.endswith("startswith") else str(alma.pk)
    assert rows(agent, "core_job", **{lookup: asked}) != 2


@pytest.mark.parametrize("lookup", ["person__isnull", "person_id__isnull"])
def test_who_asks_for_a_lost_factor_does_not_learn_whose_address_it_is(lookup):
    agent, alma = AgentFactory(), ResidentFactory()
    TOTP.activate(alma, TOTP_SECRET)
    form = {"reason": "lost", "seen": "on"}
    for written in (alma.email, "personne@courriel.example"):
        signed_in(agent).post(reverse("admin:accounts_factorreset_add"), form | {"written": written})
    assert FactorReset.objects.count() == 2
    assert rows(agent, "accounts_factorreset", **{lookup: "True"}) != 1


def test_who_asks_for_urgent_access_does_not_learn_from_the_register_who_has_a_vault():
    offered()
    manager, alma = AgentFactory(manages_agents=True), ResidentFactory()
    said = []
    for written in (alma.email, "personne@courriel.example"):
        form = {"written": written, "reason": REASON, "items": ["home"], "minutes": "15"}
        signed_in(manager).post(reverse("sharing:ask_emergency"), form)
        page = signed_in(manager).get(reverse("admin:sharing_emergencyaccess_changelist")).content.decode()
        said.append("Personne à cette adresse" in page)
    assert said == [False, False]


def test_an_account_that_may_not_decide_with_the_asker_learns_and_tells_nothing_by_refusing():
    offered()
    manager, alma = AgentFactory(manages_agents=True), ResidentFactory()
    asker, theirs = signed_in(manager), signed_in(AgentFactory(new=True))
    for written in (alma.email, "personne@courriel.example"):
        form = {"written": written, "reason": REASON, "items": ["home"], "minutes": "15"}
        asker.post(reverse("sharing:ask_emergency"), form)
    with scopes_disabled():
        asked = [one.pk for one in EmergencyAccess.objects.all()]
    for number in asked:
        page = reverse("sharing:decide_emergency", args=[number])
        assert theirs.get(page).status_code == theirs.post(page, {"answer": "refuse"}).status_code == 403
    listed = asker.get(reverse("admin:sharing_emergencyaccess_changelist")).content.decode()
    assert "Personne à cette adresse" not in listed and alma.pk.hex[:8].upper() not in listed


def test_nobody_finds_a_residents_number_in_the_lost_factors_half_by_half():
    """With it, the list of jobs says what this resident does."""
    agent, alma = AgentFactory(), ResidentFactory()
    TOTP.activate(alma, TOTP_SECRET)
    form = {"reason": "lost", "seen": "on", "written": alma.email}
    signed_in(agent).post(reverse("admin:accounts_factorreset_add"), form)
    before = UUID(int=alma.pk.int - 1)
    found = [rows(agent, "accounts_factorreset", person__lte=str(key)) for key in (alma.pk, before)]
    assert found[0] == found[1]


def test_a_manager_reads_no_password_of_a_colleague_sign_by_sign():
    manager, camille = AgentFactory(manages_agents=True), AgentFactory()
    camille.set_password("une longue phrase de passe")
    camille.save()
    start = camille.password[:12]
    found = [rows(manager, "accounts_user", password__startswith=part) for part in (start, f"{start[:-1]}§")]
    assert found[0] == found[1]


def test_the_officer_does_not_learn_who_contests_without_opening_it(resident):
    """The list shows dates; opening a contest writes an entry in its resident's journal."""
    officer = AgentFactory(new=True)
    officer.is_dpo = True
    officer.save()
    other = ResidentFactory()
    entry = journal.entries(resident_id=resident.pk, limit=1)[0]
    contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=entry.id, message="Pourquoi ?")
    found = [rows(officer, "journal_contest", resident_id=str(who.pk)) for who in (resident, other)]
    assert found[0] == found[1]
