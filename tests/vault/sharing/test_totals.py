"""The city in figures: agents read totals of residents, more than ten and rounded; everybody has the same as files."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions.personas import open_persona
from accounts.models import User
from core.residents import prepare
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from vault.holders.models import DataRequest
from vault.records.models import PaperKind
from vault.sharing.across import totals as across
from vault.sharing.across.totals import Totals

pytestmark = pytest.mark.django_db
NAMES = ("totals_csv", "totals_json")


@pytest.fixture(autouse=True)
def _no_former_figures():
    cache.delete("sharing_totals")
    yield
    cache.delete("sharing_totals")


@pytest.fixture
def counted(monkeypatch):
    PaperKind.objects.create(code="rib", label_fr="RIB", label_en="Bank details", validity="always")
    found = Totals(vaults=57, papers={"rib": 41, "cni": 10}, failures={"gone": 11}, waiting={})
    monkeypatch.setattr(across, "totals", lambda: found)


def ask(resident, holder):
    with scope(resident=resident.pk):
        today = timezone.localdate()
        DataRequest.objects.create(
            resident_id=resident.pk,
            holder=holder,
            right="access",
            sent_on=today,
            due_on=today + timedelta(days=30),
            token=uuid4(),
            content=b"",
        )


def test_residents_are_counted_once_and_neither_personas_nor_closed_accounts_are(db):
    first, second, closed = (ResidentFactory() for _ in range(3))
    persona, _made = open_persona(id=uuid4(), name="Une persona")
    for one in (first, first, second, persona):
        prepare(one.pk)
        ask(one, "caf")
    User.objects.filter(pk=closed.pk).update(is_active=False)
    found = across.totals()
    assert (found.vaults, found.waiting) == (2, {"caf": 2})


def test_a_figure_does_not_follow_each_act(db):
    assert across.totals().vaults == 0
    ResidentFactory()
    assert across.totals().vaults == 0


def test_agents_read_it_and_a_line_of_ten_residents_is_not_shown(counted):
    client = signed_in(AgentFactory())
    page = client.get(reverse("sharing:totals")).content.decode()
    assert "Plus de 40 coffres sont ouverts." in page
    assert "RIB" in page and ">40<" in page and "cni" not in page
    assert "gone" in page and ">10<" in page
    english = client.get(reverse("sharing:totals"), headers={"Accept-Language": "en"}).content.decode()
    assert "Bank details" in english and "More than 40 vaults are open." in english


def test_nothing_above_ten_is_said_so(db):
    page = signed_in(AgentFactory()).get(reverse("sharing:totals")).content.decode()
    assert "Moins de 11 coffres sont ouverts." in page
    assert "Aucun autre nombre ne dépasse dix habitants" in page


def test_the_open_data_are_the_same_figures(counted, client):
    rows = list(csv.DictReader(io.StringIO(client.get(reverse("sharing:totals_csv")).content.decode())))
    assert [(row["subject"], row["code"], row["residents_more_than"]) for row in rows] == [
        ("vaults", "", "40"),
        ("papers", "rib", "40"),
        ("failures", "gone", "10"),
    ]
    figures = client.get(reverse("sharing:totals_json")).json()["figures"]
    assert [{name: str(value) for name, value in one.items()} for one in figures] == rows


def test_a_resident_does_not_have_the_agents_page(db, client):
    assert client.get(reverse("sharing:totals")).status_code == 302
    assert signed_in(ResidentFactory()).get(reverse("sharing:totals")).status_code == 403
    assert [client.post(reverse(f"sharing:{name}")).status_code for name in NAMES] == [405, 405]
