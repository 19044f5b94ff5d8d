"""The admin: what agents configure, in the city's style, without residents' data, on its own host if set."""

from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from accounts.models import CityDecision
from core import jobs
from core.models import City, HelpPage, Job, LegalPage, ResidentModel
from tests.accounts.factories import AgentFactory, signed_in
from tests.ui.pages import read, text, villebrume
from vault.journal.models import Contest
from vault.sharing.models import EmergencyAccess

pytestmark = pytest.mark.django_db
CITY = "/admin/core/city/1/change/"
PAGES = [
    "/admin/",
    CITY,
    "/admin/core/legalpage/",
    "/admin/core/legalpage/add/",
    "/admin/core/helppage/",
    "/admin/core/job/",
]


@pytest.fixture
def desk(agent, city):
    agent.is_superuser = True
    agent.save()
    return signed_in(agent)


@pytest.fixture
def job(resident):
    with scope(resident=resident.pk):
        return Job.objects.create(
            resident_id=resident.pk, kind="read_paper", subject_id=uuid4(), purpose="Lire un avis d’impôt"
        )


def form_values(city, **changes):
    values = {name: value for name, value in model_to_dict(city).items() if name not in {"logo", "id"}}
    return {**values, **changes}


@pytest.mark.parametrize("page", PAGES)
def test_each_page_follows_the_content_policy_and_the_citys_style(desk, page):
    answer = desk.get(page)
    assert answer.status_code == 200
    assert "unsafe" not in answer["Content-Security-Policy"]
    tags = read(answer).tags
    assert not [
        tag
        for tag, attrs in tags
        if tag == "style" or "style" in attrs or any(name.startswith("on") for name in attrs)
    ]
    assert not [attrs for tag, attrs in tags if tag == "script" and not attrs.get("src")]
    sheets = [attrs["href"] for tag, attrs in tags if tag == "link"]
    assert any(sheet.startswith("/theme.css?v=") for sheet in sheets) and any(
        "civic/admin.css" in sheet for sheet in sheets
    )
    assert "Ville de Villebrume" in text(answer)


@pytest.mark.parametrize("page", PAGES)
def test_only_agents_can_open_the_admin(city, resident, page):
    assert Client().get(page).status_code == 302
    assert signed_in(resident).get(page).status_code in {302, 403, 404}


def test_no_model_with_residents_content_is_registered():
    registered = set(admin.site._registry)
    # Messages to the officer (test_contests.py tests who can read them) and the register (test_emergency_pages.py).
    allowed = {Job, Contest, EmergencyAccess}
    assert {model for model in registered if issubclass(model, ResidentModel)} <= allowed
    assert not [
        model
        for model in registered
        if model._meta.label in {"core.JournalEntry", "core.JournalLeaf", "core.ResidentKey"}
    ]
    assert {model for model in registered if model._meta.app_label == "core"} == {City, HelpPage, LegalPage, Job}
    assert apps.get_model("core", "ResidentKey") not in registered


def test_an_agent_sees_a_job_without_its_resident(desk, job, resident):
    for page in ("/admin/core/job/", f"/admin/core/job/{job.pk}/change/"):
        answer = desk.get(page)
        html = answer.content.decode()
        assert str(jobs.kind_of(job).label) in html and "read_paper" not in text(answer)
        for secret in (str(resident.pk), str(job.subject_id), job.purpose, resident.email):
            assert secret not in html
    assert desk.post(f"/admin/core/job/{job.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"/admin/core/job/{job.pk}/change/", {"kind": "x"}).status_code == 403
    assert desk.get("/admin/core/job/add/").status_code == 403


def test_changing_the_city_shows_at_once(desk, city, client):
    answer = desk.post(CITY, form_values(city, radius=9))
    assert answer.status_code == 302
    assert "--civic-radius:9px" in client.get(reverse("theme")).content.decode()


def test_who_adds_the_city_chooses_its_exit_in_the_list(db):
    city = villebrume()
    desk, add = signed_in(AgentFactory(manages_agents=True)), reverse("admin:core_city_add")
    wrong = desk.post(add, form_values(city, exit_url="https://meteo.example/"))
    assert wrong.context["adminform"].form.errors["exit_url"]
    assert not City.objects.exists()
    assert desk.post(add, form_values(city, exit_url="https://www.bnf.fr/")).status_code == 302
    assert City.current().exit_url == "https://www.bnf.fr/"


def test_unreadable_colours_are_refused_beside_their_field(desk, city):
    answer = desk.post(CITY, form_values(city, link="#cccccc"))
    assert answer.status_code == 200
    assert "Contraste trop faible" in text(answer)
    city.refresh_from_db()
    assert city.link == "#0f5e73"


def test_a_logo_is_cleaned_shown_to_a_second_person_kept_and_removed(desk, city, client):
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4" onload="alert(1)"><circle r="2"/></svg>'
    page, first, second = reverse("city_addresses"), *(AgentFactory(manages_agents=True) for _ in range(2))
    values = {name: value or "" for name, value in form_values(city).items()}
    desk.post(CITY, {**values, "logo_file": SimpleUploadedFile("logo.png", drawing)})
    city.refresh_from_db()
    assert not city.logo, "it is on each page: nobody changes it alone"
    signed_in(first).post(page, {**values, "logo_file": SimpleUploadedFile("logo.png", drawing)})
    [asked] = CityDecision.objects.all()
    decide = reverse("city_decision", args=[asked.pk])
    assert 'src="data:image/svg+xml;base64,' in signed_in(second).get(decide).content.decode()
    signed_in(second).post(decide, {"answer": "agree"})
    city.refresh_from_db()
    assert city.logo_type == "image/svg+xml"
    assert b"circle" in bytes(city.logo) and b"alert" not in bytes(city.logo)
    assert client.get(reverse("logo")).status_code == 200

    refused = signed_in(first).post(page, {**values, "logo_file": SimpleUploadedFile("logo.svg", b"GIF89a")})
    assert "Choisissez un logo au format SVG ou PNG." in text(refused)

    signed_in(first).post(page, {**values, "remove_logo": "on"})
    assert client.get(reverse("logo")).status_code == 404


def test_the_city_can_be_changed_but_not_added_or_deleted(desk, city):
    assert desk.get("/admin/core/city/")["Location"] == CITY
    assert desk.get("/admin/core/city/add/").status_code == 403
    assert desk.post("/admin/core/city/1/delete/", {"post": "yes"}).status_code == 403


def test_before_there_is_a_city_its_page_is_the_form_that_adds_it(agent):
    agent.is_superuser = True
    agent.save()
    assert signed_in(agent).get("/admin/core/city/")["Location"] == "/admin/core/city/add/"


def test_with_its_own_host_the_admin_answers_only_there(desk, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.ADMIN_HOST = "regie.villebrume.example"
    assert desk.get("/admin/", headers={"host": "garant.villebrume.example"}).status_code == 404
    assert desk.get("/admin/core/city/", headers={"host": "garant.villebrume.example"}).status_code == 404
    assert desk.get("/admin/", headers={"host": "regie.villebrume.example:8443"}).status_code == 200
    assert desk.get("/", headers={"host": "garant.villebrume.example"}).status_code == 302
