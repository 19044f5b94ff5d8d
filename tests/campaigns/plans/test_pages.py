"""Pages of consultations: a draft from a template to the second person, by forms; the register, the sheets."""

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from campaigns.plans import drafting, opening
from campaigns.plans.actions import campaigns
from campaigns.plans.models import Campaign
from campaigns.plans.states import State
from ops.cluster import ROOT
from tests.accounts.factories import AgentFactory, signed_in
from tests.campaigns.made import EVE, days_ahead, document

pytestmark = pytest.mark.django_db

ZONES = """Nord ; 12 000
Sud ; 9 000
Gare ; 7 000 ; Nord ; 999990101
Port ; 5 000 ; Nord
Plage ; 9 000 ; Sud"""


QUESTION = {
    "title": "Le marché",
    "title_en": "The market",
    "question": "Quand viendriez-vous au marché ?",
    "question_en": "When would you come to the market?",
    "purpose": "Choisir ses heures.",
    "purpose_en": "Choose its hours.",
    "sponsor": "Ville de Valbrune",
}


def at(name, *parts):
    return reverse(f"plans:{name}", args=parts)


@pytest.fixture
def author():
    return AgentFactory(name="Rachid Amrani")


@pytest.fixture
def officer():
    agent = AgentFactory(name="Solène Abadie")
    agent.is_dpo = True
    agent.save()
    return agent


def begun(author, template="travel"):
    client = signed_in(author)
    told = {"template": template, "title": "Vos trajets d’hiver", "title_en": "Your winter trips"}
    client.post(at("begin"), told)
    return client, Campaign.objects.get()


@pytest.mark.parametrize("template", sorted(set(drafting.templates()) - {"portability"}))
def test_each_template_is_a_plan_once_the_zones_are_written(author, template):
    client, draft = begun(author, template)
    assert "Il manque les zones" in client.get(at("plan", draft.code)).content.decode()
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    assert client.get(at("edit_holder", draft.code)).status_code == 404
    if template == drafting.OWN:
        assert "Écrivez la question et le but" in client.get(at("plan", draft.code)).content.decode()
        client.post(at("edit_question", draft.code), QUESTION)
    page = client.get(at("plan", draft.code)).content.decode()
    assert "ne peut pas encore être soumis" not in page and at("submit", draft.code) in page
    preview = client.get(at("preview", draft.code)).content.decode()
    assert "habitants fictifs sur 20" in preview
    assert "fois sur 100" in preview and "10\u202f000" in preview or "10\u00a0000" in preview
    assert sum(drafting.shares_of(Campaign.objects.get().document).values()) == pytest.approx(100, abs=2)


def test_a_portability_plan_is_whole_once_its_holder_is_chosen(author, holders):
    client, draft = begun(author, "portability")
    assert "Choisissez l’organisme" in client.get(at("plan", draft.code)).content.decode()
    choices = client.get(at("edit_holder", draft.code)).context["form"].fields["holder"].choices
    assert client.post(at("edit_holder", draft.code), {"holder": "nobody"}).status_code == 400
    client.post(at("edit_holder", draft.code), {"holder": choices[0][0]})
    page = client.get(at("plan", draft.code)).content.decode()
    assert choices[0][1] in page and at("submit", draft.code) in page
    assert "fois sur 100" in client.get(at("preview", draft.code)).content.decode()


def answers(*lines):
    return {"answers": "\n".join(lines)}


def test_an_agent_writes_the_question_and_the_answers_of_their_own_survey(author):
    client, draft = begun(author, drafting.OWN)
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    client.post(at("edit_question", draft.code), QUESTION)
    first = client.get(at("edit_answers", draft.code)).context["form"].initial
    assert first == answers("Oui ; Yes", "Non ; No", "Je ne sais pas ; I don’t know")
    written = answers("Le matin ; In the morning", "Le soir ; In the evening", "Peu importe ; Either")
    assert client.post(at("edit_answers", draft.code), written).status_code == 302
    # Other shares leave the answers.
    client.post(at("edit_tables", draft.code), {"sensitivity": "standard", "answer": 100, "answer-sector": 0})
    client.post(at("edit_tables", draft.code), {"sensitivity": "standard", "answer": 50, "answer-sector": 50})
    assert client.get(at("edit_answers", draft.code)).context["form"].initial == written
    assert "Le matin, Le soir, Peu importe" in client.get(at("plan", draft.code)).content.decode()
    client.post(at("submit", draft.code))
    assert [cell.label.en for cell in Campaign.objects.get().plan.dimension("answer").cells] == [
        "In the morning",
        "In the evening",
        "Either",
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Oui ; Yes"], "de 2 à 12"),
        ([f"{number} ; {number}" for number in range(13)], "de 2 à 12"),
        (["Oui ; Yes", "Non"], "deux parties"),
        (["Oui ; Yes", "Non ; " + "n" * 81], "deux parties"),
        (["Oui ; Yes", "oui ; Of course"], "Oui, oui"),
        (["Oui ; Yes", "Appelez le 04 78 00 00 00 ; Call"], "Ni téléphone"),
    ],
)
def test_answers_that_no_resident_could_choose_from_are_refused(author, lines, said):
    client, draft = begun(author, drafting.OWN)
    page = client.post(at("edit_answers", draft.code), answers(*lines))
    assert page.status_code == 400 and said in page.content.decode()
    assert Campaign.objects.get().document == draft.document


def test_the_answers_of_another_template_are_its_own(author):
    client, draft = begun(author)
    assert client.get(at("edit_answers", draft.code)).status_code == 404


def test_who_decides_reads_the_opinion_what_is_asked_and_what_would_be_shown(author, officer):
    draft = campaigns.begin(by=author, template="travel", document=document(**days_ahead()))
    plan = campaigns.submit(campaign=draft, by=author, today=timezone.localdate())
    second = signed_in(AgentFactory())
    before = second.get(at("decide", plan.code)).content.decode()
    assert "Pas encore donné." in before
    campaigns.give_opinion(campaign=plan, by=officer, favourable=False, words="Les quartiers sont trop petits.")
    page = second.get(at("decide", plan.code)).content.decode()
    assert "Défavorable. Les quartiers sont trop petits." in page
    for said in ("À pied, Vélo, Voiture", "De 0 à 40", "Placer des arrêts de bus.", "± 39 %, 8 sur 18", "ε ="):
        assert said in page.replace("\N{NO-BREAK SPACE}", " ")


def test_who_decides_too_late_reads_that_the_opening_is_past(author, officer):
    late = {"opens": timezone.localdate().isoformat(), "windows": days_ahead()["windows"]}
    draft = campaigns.begin(by=author, template="travel", document=document(**late))
    plan = campaigns.submit(campaign=draft, by=author, today=timezone.localdate() - timedelta(days=9))
    campaigns.give_opinion(campaign=plan, by=officer, favourable=True, words="Bien.")
    sent = {"decision": "approve", "words": "", "shown": plan.sha256}
    page = signed_in(AgentFactory()).post(at("decide", plan.code), sent)
    assert page.status_code == 400 and "n’est plus à venir" in page.content.decode()
    assert Campaign.objects.get().state == State.SUBMITTED


MAP = ROOT / "platform/demo/seeding/villebrume.geojson"


def sent(client, code, content):
    file = SimpleUploadedFile("zones.geojson", content, "application/geo+json")
    return client.post(at("edit_zones", code), {"source": "Insee, 2023", "file": file})


def test_zones_come_from_a_geojson_file_and_keep_their_shapes_when_typed_again(author):
    client, draft = begun(author)
    assert sent(client, draft.code, MAP.read_bytes()).status_code == 302
    page = client.get(at("edit_zones", draft.code))
    zones = Campaign.objects.get().document["zoning"]["zones"]
    assert (len(zones), zones[3]["parent"], zones[7]["codes"]) == (12, "rive-sud", ["gare", "Gare"])
    client.post(at("edit_zones", draft.code), page.context["form"].initial)
    again = Campaign.objects.get().document["zoning"]["zones"]
    assert all(zone["geometry"]["type"] == "Polygon" for zone in again)
    zoning = Campaign.objects.get().plan.zoning
    assert zoning is not None and zoning.levels == 2


ZONE = b"""{"features": [{"properties": {"name": "Nord", "population": 9, "parent": null},
    "geometry": {"type": "Polygon", "coordinates": [[[1, 2]]]}}]}"""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (ZONE.replace(b"null", b"[]"), "La zone n° 1"),
        (ZONE.replace(b'"Polygon"', b"[]"), "La zone n° 1"),
        (ZONE.replace(b"[1, 2]", b"[NaN, 2]"), "La zone n° 1"),
        (ZONE.replace(b"Nord", b"Nord\\u0000"), "La zone n° 1"),
        (ZONE.replace(b"Nord", b"Nord\\ud800"), "La zone n° 1"),
        (b"[" * 400_000, "pas un GeoJSON"),
        (b"[]", "pas un GeoJSON"),
        (b'{"type": "FeatureCollection", "features": []}', "pas un GeoJSON"),
        (MAP.read_bytes().replace(b'"population": 4300', b'"population": "many"'), "La zone n° 4"),
        (MAP.read_bytes().replace(b'"Rive sud", "pop', b'"Ailleurs", "pop'), "La zone n° 4"),
        (b" " * 500_001, "trop grand"),
    ],
)
def test_a_file_that_gives_no_zones_says_why(author, content, words):
    client, draft = begun(author)
    answer = sent(client, draft.code, content)
    assert words in answer.content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert Campaign.objects.get().document["zoning"] is None


def test_a_plan_goes_from_draft_to_open_by_pages(author, officer, monkeypatch):
    client, draft = begun(author)
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    assert client.post(at("submit", draft.code)).status_code == 302
    read = {"shown": Campaign.objects.get().sha256}
    advice = {"favourable": "yes", "words": "Les cases sont larges."} | read
    assert signed_in(officer).post(at("opinion", draft.code), advice).status_code == 302
    second = AgentFactory()
    signed_in(second).post(at("decide", draft.code), {"decision": "approve", "words": ""} | read)
    assert Campaign.objects.get().state == State.APPROVED
    monkeypatch.setattr(opening, "_registered", {})
    campaigns.open_campaign(campaign=Campaign.objects.get())
    sheet = signed_in(second).get(at("sheet", draft.code)).content.decode()
    assert "Les cases sont larges." in sheet and author.name not in sheet


def test_parts_are_changed_by_forms(author):
    client, draft = begun(author)
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    shares = {table["code"]: 0 for table in drafting.templates()["travel"]["tables"]}
    client.post(at("edit_tables", draft.code), {"sensitivity": "low", **shares, "modes": 60, "trips": 40})
    dates = {"opens": "2027-02-01", "first": "2027-03-01"}
    parts = {f"{name}_{part}": value for name, day in dates.items() for part, value in _parts(day)}
    client.post(at("edit_dates", draft.code), {**parts, "minimum": 200, "retention_months": 6})
    plan = Campaign.objects.get().plan
    assert [table.code for table in plan.tables] == ["modes", "trips"]
    assert (plan.sensitivity, plan.minimum, len(plan.windows)) == ("low", 200, 1)
    assert 0.49 < plan.rho <= 0.5


def test_a_consultation_is_reserved_to_an_invited_group_and_the_preview_says_how_little_it_shows(author):
    client, draft = begun(author)
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    draft = Campaign.objects.get()
    opens = date.fromisoformat(draft.document["opens"])
    day = dict(_parts((opens - timedelta(days=5)).isoformat()))
    until = {f"votes_until_{part}": value for part, value in day.items()}
    missing = client.post(at("edit_group", draft.code), {"invited": 60})
    assert "Il faut aussi ceci" in missing.content.decode() and "group" not in Campaign.objects.get().document
    client.post(at("edit_group", draft.code), {"invited": 60, "quorum": 30, **until})
    page = client.get(at("plan", draft.code)).content.decode()
    assert "dépassent le groupe de 60" in page, "the minimum was a hundred"
    document = Campaign.objects.get().document
    campaigns.change(campaign=draft, by=author, document=document | {"minimum": 50})
    preview = client.get(at("preview", draft.code)).content.decode()
    assert "cases restent cachées" in preview and "30 personnes" in preview and "60 personnes" in preview
    client.post(at("edit_group", draft.code), {"invited": ""})
    assert "group" not in Campaign.objects.get().document


def _parts(day):
    year, month, number = day.split("-")
    return [("day", number), ("month", month), ("year", year)]


@pytest.mark.parametrize("zones", ["Nord", "Nord ; beaucoup", "Nord ; 9 000\nNord ; 9 000", "Gare ; 7 000 ; Nord"])
def test_zones_that_cannot_be_read_are_said(author, zones):
    client, draft = begun(author)
    answer = client.post(at("edit_zones", draft.code), {"source": "Insee", "zones": zones})
    assert answer.status_code == 400 and "Écrivez" in answer.content.decode()


def test_a_small_zone_is_refused_in_words(author):
    client, draft = begun(author)
    client.post(at("edit_zones", draft.code), {"source": "Insee", "zones": "Nord ; 1 500"})
    assert "« Nord » a 1500 habitants" in client.get(at("plan", draft.code)).content.decode().replace("\u00a0", " ")


def test_a_step_without_a_question_shows_its_words_and_its_button(author):
    client, draft = begun(author)
    for name in ("submit", "drop"):
        assert "None" not in client.get(at(name, draft.code)).content.decode()


def test_only_the_author_edits_and_only_others_decide(author):
    client, draft = begun(author)
    client.post(at("edit_zones", draft.code), {"source": "Insee, 2023", "zones": ZONES})
    stranger = signed_in(AgentFactory())
    for name in ("edit_question", "edit_zones", "edit_tables", "edit_dates", "submit", "drop"):
        assert stranger.get(at(name, draft.code)).status_code == 404
    client.post(at("submit", draft.code))
    for name in ("edit_question", "decide", "opinion"):
        assert client.get(at(name, draft.code)).status_code == 404
    assert stranger.get(at("opinion", draft.code)).status_code == 404


def test_the_register_says_every_step_and_no_name(author, client):
    campaigns.begin(by=author, template="travel", document=document(title={"fr": "=1+1", "en": "x"}))
    page = client.get(at("register")).content.decode()
    assert "=1+1" in page and "Brouillon" in page and author.name not in page
    rows = list(csv.DictReader(io.StringIO(client.get(at("register_csv")).content.decode())))
    assert [(row["step"], row["title"]) for row in rows] == [("draft", "'=1+1")]
    assert client.get(at("sheet", "trajets")).status_code == 404


def test_the_sheet_and_the_plan_are_json(author, client, capsys, monkeypatch, officer):
    draft = campaigns.begin(by=author, template="travel", document=document())
    submitted = campaigns.submit(campaign=draft, by=author, today=EVE)
    sheet = client.get(at("sheet_json", draft.code)).json()
    assert (sheet["plan_sha256"], sheet["epsilon"]) == (submitted.sha256, pytest.approx(3.09, abs=0.05))
    assert client.get(at("plan_json", draft.code)).json() == document()
    campaigns.give_opinion(campaign=submitted, by=officer, favourable=True, words="Bien.")
    campaigns.approve(campaign=submitted, by=AgentFactory(), today=EVE)
    monkeypatch.setattr(opening, "_registered", {})
    opened = campaigns.open_campaign(campaign=submitted)
    year = opened.events.get(step="open").at.year
    call_command("altruism_report", str(year))
    assert [one["consultation"] for one in json.loads(capsys.readouterr().out)["consultations"]] == ["trajets"]
    call_command("altruism_report", str(year - 1))
    assert json.loads(capsys.readouterr().out)["consultations"] == []
