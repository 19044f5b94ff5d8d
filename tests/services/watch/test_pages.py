"""The watch's pages: the agreement, what was found, the question, the one yes, the refusal of the city's search."""

import re
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django_scopes import scope

from accounts.models import Organisation, User
from core import journal
from core.operations import metrics
from core.telemetry import counters
from services.aids.facts import from_vault
from services.dossiers.actions import official_forms
from services.dossiers.models import Dossier
from services.requests.models import SentRequest
from services.watch.actions import one_yes
from services.watch.agreements import AGREEMENT
from services.watch.enums import CITY_KIND, Answer
from services.watch.models import Objection
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.aids import people
from tests.services.official_forms.made import FLAT
from tests.services.official_forms.made import published as published_form
from tests.services.procedures.written import CANTEEN, asking, published
from tests.services.requests.made import finished, opened_office
from tests.services.watch import made
from tests.vault.made import add
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Grant

pytestmark = pytest.mark.django_db
HOME, ACCEPT, SEARCH = "/veille/", "/veille/activer/", "/veille/recherche-de-la-ville/"


@pytest.fixture
def awa(resident: User, villebrume: object) -> Client:
    """Awa, signed in, who confirmed who she is."""
    return signed_in(resident)


def text(client: Client, address: str, **more: object) -> str:
    answer = client.get(address, **more)  # type: ignore[arg-type]
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", answer.content.decode().split("<main", 1)[1]))


def test_the_lines_of_the_agreement_are_what_the_computation_reads() -> None:
    fields = [name for item in AGREEMENT.items for name in item.fields]
    assert sorted(fields) == sorted(from_vault.FIELDS), "each field once"


def test_the_page_shows_todays_values_and_ticks_nothing(awa: Client, resident: User) -> None:
    people.payslip(resident, "2025-10", "900.00")
    said = text(awa, HOME)
    assert "900" in said and "douze mois" in said and "rien dans votre coffre aujourd’hui" in said
    assert "checked" not in awa.get(HOME).content.decode()


def test_one_yes_turns_it_on_for_twelve_months_and_a_second_changes_nothing(awa: Client, resident: User) -> None:
    told = {"items": ["disability"], "seen": seen(awa)}
    assert awa.post(ACCEPT, told).status_code == 302
    awa.post(ACCEPT, told)
    with scope(resident=resident.pk):
        grant = Grant.objects.get()
        fields = set(grant.fields.values_list("field", flat=True))
    assert (grant.ends_at - grant.starts_at).days == 365 and grant.mode == "count" and grant.recipient_kind == "city"
    assert "handicap.decision#/taux_incapacite" in fields and "foyer.situation#/enceinte" not in fields
    assert "Pas encore : la première" in text(awa, HOME).replace("\u00a0", " ")


def test_a_yes_to_values_that_changed_since_turns_nothing_on(awa: Client, resident: User) -> None:
    people.payslip(resident, "2025-10", "900.00")
    told = {"seen": seen(awa)}
    people.payslip(resident, "2025-09", "1100.00")
    stale = awa.post(ACCEPT, told)
    assert stale.status_code == 409 and "Une valeur a changé depuis que vous avez ouvert cette page" in str(
        stale.content, "utf-8"
    )
    assert made.watch_of(resident) is None and awa.post(ACCEPT, {}).status_code == 409
    told = {"seen": re.findall(r'name="seen" value="([^"]*)"', str(stale.content, "utf-8"))[0]}
    assert awa.post(ACCEPT, told).status_code == 302, "the page that came back has today's values"


def seen(client: Client) -> str:
    return str(re.findall(r'name="seen" value="([^"]*)"', client.get(ACCEPT).content.decode())[0])


def test_a_line_that_the_page_does_not_offer_is_refused(awa: Client, resident: User) -> None:
    assert awa.post(ACCEPT, {"items": ["journal"], "seen": seen(awa)}).status_code == 400
    assert made.watch_of(resident) is None


def test_stopping_deletes_what_it_kept_and_the_page_offers_it_again(awa: Client, resident: User) -> None:
    made.a_finding(resident)
    watch = made.watch_of(resident)
    assert watch is not None and watch.grant is not None
    assert "Ce que la veille a trouvé est effacé" in text(awa, f"/partages/{watch.grant.pk}/arreter/")
    awa.post(f"/partages/{watch.grant.pk}/arreter/")
    assert made.watch_of(resident) is None and made.findings(resident) == []
    assert "Activer la veille" in awa.get(HOME).content.decode()


def test_a_finding_says_what_and_why_and_is_new_once(awa: Client, resident: User) -> None:
    found = made.a_finding(resident)
    assert "Votre veille a trouvé un changement" in text(awa, "/")
    assert "Tarif réduit de la cantine" in text(awa, HOME)
    page = text(awa, f"/veille/{found.pk}/")
    assert "Le quotient familial est de 650 ou moins" in page and "quotient familial" in page
    assert "The family quotient" in text(awa, f"/veille/{found.pk}/", headers={"Accept-Language": "en"})
    assert "Votre veille a trouvé" not in text(awa, "/")


def test_the_answer_is_kept_and_leads_to_help_when_stuck(awa: Client, resident: User) -> None:
    found = made.a_finding(resident, "rsa", label="", amount="300.00", unit="mois")
    address = f"/veille/{found.pk}/"
    assert awa.post(address, {}).status_code == 400
    assert awa.post(address, {"answer": "oui"}).status_code == 400
    awa.post(address, {"answer": Answer.STUCK})
    said = text(awa, address)
    assert "Me faire accompagner" in said and "médiateur" in said and "Préparer le dossier" in said


def test_another_residents_finding_is_not_here(resident: User, stranger: User, villebrume: object) -> None:
    found = made.a_finding(resident)
    client = signed_in(stranger)
    for end in ("", "une-reponse/"):
        assert client.get(f"/veille/{found.pk}/{end}").status_code == 404
    assert client.post(f"/veille/{found.pk}/", {"answer": "yes"}).status_code == 404
    assert client.post(f"/veille/{found.pk}/preparer/").status_code == 404


# One yes


@pytest.fixture
def office(db: None) -> Organisation:
    return opened_office()


def seen_on(client: Client, address: str) -> dict[str, str]:
    page = client.get(address).content.decode()
    return {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("seen", "office")}


def requests_of(user: User) -> list[SentRequest]:
    with scope(resident=user.pk):
        return list(SentRequest.objects.all())


def test_one_yes_sends_exactly_what_the_page_shows(awa: Client, resident: User, office: Organisation) -> None:
    found = made.a_finding(resident)
    finished(resident, token=UUID(made.note_of(found)["dossier"]))
    address = f"/veille/{found.pk}/une-reponse/"
    assert "Quotient familial" in text(awa, address) and requests_of(resident) == [], (
        "a page that is shown sends nothing"
    )
    told = seen_on(awa, address)
    assert awa.post(address, told).status_code == 302
    awa.post(address, told)
    (sent,) = requests_of(resident)
    assert sent.organisation == office and sent.aids == ["ville_cantine"]
    assert made.note_of(made.findings(resident)[0])["answer"] == Answer.YES


def test_neither_the_dossier_nor_the_request_names_the_finding_in_plaintext(awa, resident, office) -> None:
    """The dossier says in plaintext which aid it is about, what the finding seals."""
    found = made.a_finding(resident)
    dossier, _job = one_yes.prepare(finding=found, by=resident.pk, note=made.note_of(found))
    again, _job = one_yes.prepare(finding=found, by=resident.pk, note=made.note_of(found))
    assert dossier.pk == again.pk
    assert found.pk not in [getattr(dossier, field.attname) for field in Dossier._meta.fields]


def test_a_yes_to_another_page_sends_nothing(awa: Client, resident: User, office: Organisation) -> None:
    found = made.a_finding(resident)
    finished(resident, token=UUID(made.note_of(found)["dossier"]))
    address = f"/veille/{found.pk}/une-reponse/"
    told = seen_on(awa, address)
    assert awa.post(address, told | {"seen": "0" * 64}).status_code == 409
    assert awa.post(address, {"seen": told["seen"]}).status_code == 400
    assert requests_of(resident) == []


def test_a_yes_asks_who_one_is(resident: User, office: Organisation, villebrume: object, november) -> None:
    found = made.a_finding(resident)
    finished(resident, token=UUID(made.note_of(found)["dossier"]))
    client = signed_in(resident)
    made.later(november, minutes=11)
    assert "/veille/" not in client.get(f"/veille/{found.pk}/une-reponse/").headers["Location"].split("?")[0]


def test_without_an_office_or_a_dossier_nothing_is_offered(awa: Client, resident: User) -> None:
    found = made.a_finding(resident)
    assert "Voir ce qui partirait" not in text(awa, f"/veille/{found.pk}/")
    assert awa.get(f"/veille/{found.pk}/une-reponse/").status_code == 302
    assert awa.post(f"/veille/{found.pk}/preparer/").status_code == 302
    assert requests_of(resident) == []


def test_what_is_missing_leads_to_the_dossier(awa: Client, resident: User, office: Organisation) -> None:
    found = made.a_finding(resident)
    answer = awa.post(f"/veille/{found.pk}/preparer/")
    again = awa.post(f"/veille/{found.pk}/preparer/")
    assert answer.headers["Location"].startswith("/dossiers/")
    assert answer.headers["Location"] == again.headers["Location"], "a finding has one dossier"


def test_the_office_that_the_procedure_names_is_the_one_to_which_a_yes_sends(
    awa: Client, resident: User, office: Organisation
) -> None:
    named = opened_office("Service Scolarité")
    published(AgentFactory(name="Awa"), AgentFactory(name="Hugo"), asking(for_aids=["cantine-qf"], office=named.name))
    found = made.a_finding(resident)
    finished(resident, token=UUID(made.note_of(found)["dossier"]), aids=[CANTEEN], versions={CANTEEN: 1})
    address = f"/veille/{found.pk}/une-reponse/"
    told = seen_on(awa, address)
    assert told["office"] == str(named.pk)
    assert awa.post(address, told | {"office": str(office.pk)}).status_code == 400
    assert awa.post(address, told).status_code == 302
    assert [sent.organisation for sent in requests_of(resident)] == [named]


def test_a_named_office_that_closes_has_no_other_take_its_place(resident: User, office: Organisation) -> None:
    named = opened_office("Service Scolarité")
    published(AgentFactory(name="Awa"), AgentFactory(name="Hugo"), asking(for_aids=["cantine-qf"], office=named.name))
    note = made.note_of(made.a_finding(resident))
    assert one_yes.is_offered(note)
    Organisation.objects.filter(pk=named.pk).update(is_active=False)
    assert not one_yes.is_offered(note)


def test_a_form_to_read_keeps_the_dossier_from_being_made(awa: Client, resident: User, office: Organisation) -> None:
    author, second = AgentFactory(name="Awa"), AgentFactory(name="Hugo")
    form = published_form(author, second, FLAT, aids=[])
    item = asking("identite.contact#/email", for_aids=["cantine-qf"], form=form.code, papers=[])
    published(author, second, item)
    found = made.a_finding(resident)
    add(resident, "identite.contact", {"email": "awa@example.org"})
    assert "/dossiers/" in awa.post(f"/veille/{found.pk}/preparer/").headers["Location"]
    with scope(resident=resident.pk):
        dossier = Dossier.objects.get(token=UUID(made.note_of(found)["dossier"]))
        assert dossier.job is None, "nobody sends a form that they did not see"
        official_forms.join(dossier=dossier, by=resident.pk, form=form, joined=True)
    awa.post(f"/veille/{found.pk}/preparer/")
    with scope(resident=resident.pk):
        assert Dossier.objects.get(token=UUID(made.note_of(found)["dossier"])).job is not None


# The city


def test_one_refusal_is_for_all_searches_and_may_be_taken_back(awa: Client, resident: User) -> None:
    assert "elle ne le fait pas" in text(awa, SEARCH)
    assert awa.post(SEARCH, {"said": "autre"}).status_code == 400
    for said, count in (("refuse", 1), ("refuse", 1), ("allow", 0), ("allow", 0)):
        awa.post(SEARCH, {"said": said})
        with scope(resident=resident.pk):
            assert Objection.objects.count() == count
    events = [line.event for line in journal.entries(resident_id=resident.pk, limit=20)]
    assert events.count("search_refused") == 1 and events.count("search_allowed") == 1


def test_the_city_has_no_page_and_no_count_of_the_watch(awa: Client, resident: User) -> None:
    assert not [model for model in apps.get_app_config("watch").get_models() if model in admin.site._registry]
    watch = made.turned_on(resident)
    assert watch.grant is not None
    for _ in range(metrics.STEP + 1):
        gate.read_with_notes(grant=watch.grant, notes={})
    for address in (HOME, ACCEPT, SEARCH):
        awa.get(address)
    shown = metrics.exposition()
    told = [line for line in shown.splitlines() if "watch" in line or f'"{CITY_KIND}"' in line]
    assert [line for line in told if not line.startswith("garant_worker_silence_seconds")] == []


def test_a_refused_reading_of_the_watch_is_not_counted(resident: User, villebrume: object) -> None:
    """Refusals are counted to the unit: while the journal is not anchored, there is one for each watch."""
    watch = made.turned_on(resident)
    assert watch.grant is not None
    grants.pause(grant=watch.grant, by=resident.pk)
    before = refusals()
    with pytest.raises(gate.Refused):
        gate.read_with_notes(grant=watch.grant, notes={})
    assert refusals() == before


def refusals() -> dict[str, float]:
    return {name: count for name, count in counters.counts().items() if name.startswith("garant_gate_refusals_total")}


def test_no_code_of_the_watch_counts_residents() -> None:
    import services.watch

    folder = Path(services.watch.__file__).parent
    across = (folder / "across.py").read_text()
    assert ".count(" not in across and "Count(" not in across
