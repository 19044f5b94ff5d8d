"""Pages of results: for everybody, from frozen publications; a resident's own figures for the resident alone."""

import base64
import json
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django_scopes import scope

from campaigns.contributions.actions import contributing
from campaigns.noise import budget, mechanism, statements
from campaigns.noise.plan import Plan, sha256_of
from campaigns.plans.models import Campaign
from campaigns.results import published
from campaigns.results.files import making, verify_publication
from core import canonical
from core.models import JournalEntry
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.campaigns import given
from tests.campaigns.made import document, words
from tests.campaigns.results import published as made
from vault.records.models import Grant, Record

BASE = "/consultations/trajets/resultats/"
PAGES = ("", "w1/", "w1/methode/", "w1/a-integrer/", "w1/tableaux/mode-home/")
FILES = ("csv", "geojson", "sdmx.csv", "json", "dcat.jsonld")


@pytest.fixture(autouse=True)
def own_storage(settings, tmp_path):
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = {
        **settings.STORAGES,
        "publications": {"BACKEND": backend, "OPTIONS": {"location": str(tmp_path / "files")}},
    }


@pytest.fixture
def campaign(transactional_db):
    return given.opened(zoning=made.mapped()["zoning"])


@pytest.fixture
def results(campaign, as_release):
    """Return a consultation with one publication."""
    with as_release():
        made.publish(campaign, made.drawn(campaign.plan, 2_000))
    return campaign


def test_everybody_reads_the_results(results):
    agent, resident = AgentFactory(), ResidentFactory()
    for user in (None, agent, resident):
        client = signed_in(user) if user else Client()
        for page in PAGES:
            response = client.get(BASE + page)
            assert response.status_code == 200, page
            assert "marge" in response.content.decode().lower(), page


def test_two_publications_of_one_day_differ_in_their_titles(campaign, client, as_release):
    day = campaign.plan.windows[0].release.isoformat()
    with as_release():
        for window in (0, 1):
            made.publish(campaign, made.drawn(campaign.plan, 2_000, window) | {"date": day})
    pages = [client.get(reverse("results:window", args=[campaign.code, one])).content.decode() for one in ("w1", "w2")]
    titles = [page.split("<title>")[1].split("</title>")[0].strip() for page in pages]
    assert titles[0] != titles[1]
    assert "Publication 1 sur 2, du" in titles[0] and "Publication 2 sur 2, du" in titles[1]
    assert "Publication 1 sur 2, du" in pages[1], "the other one is named"


def test_the_sheet_leads_to_the_results_once_there_are_some(campaign, client, as_release):
    sheet, way = reverse("plans:sheet", args=[campaign.code]), f'href="{BASE}"'
    assert way not in client.get(sheet).content.decode()
    with as_release():
        made.publish(campaign, made.drawn(campaign.plan, 2_000))
    assert way in client.get(sheet).content.decode()


def test_what_does_not_exist_is_not_found(results, client):
    for page in ("w2/", "w1/tableaux/rien/", "w1/fichiers/rien", "w1/fichiers/csv.sha256", "w9/methode/"):
        assert client.get(BASE + page).status_code == 404, page
    assert client.get("/consultations/rien/resultats/").status_code == 404


def test_a_draft_has_no_page_of_results(db, client):
    draft = document(code="brouillon")
    Campaign.objects.create(code="brouillon", template="travel", document=draft, created_by=AgentFactory())
    assert client.get("/consultations/brouillon/resultats/").status_code == 404


def test_before_the_first_figures_the_page_says_when(campaign, client, as_release):
    assert "Les premiers chiffres sortiront le" in client.get(BASE).content.decode()
    with as_release():
        made.publish(campaign, made.drawn(campaign.plan, 5))
    page = client.get(BASE).content.decode()
    assert "Trop peu de réponses nouvelles" in page
    assert client.get(BASE + "w1/").status_code == 404, "no figure came out"


def test_the_page_says_that_the_sample_chose_itself(results, client):
    page = client.get(BASE).content.decode()
    assert "Ils ne représentent pas toute la ville" in page
    assert "À pied : environ" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert page.count("<svg") >= 4
    assert 'class="flow-head' in page


def test_files_are_made_once_and_may_be_cached(results, client, settings, tmp_path):
    for name in FILES:
        first = client.get(f"{BASE}w1/fichiers/{name}")
        assert first.status_code == 200
        assert "public" in first["Cache-Control"]
        assert client.get(f"{BASE}w1/fichiers/{name}", headers={"If-None-Match": first["ETag"]}).status_code == 304
    kept = tmp_path / "files" / "trajets"
    [stored] = (one for one in kept.glob("w1-*.csv") if "sdmx" not in one.name)
    stored.write_bytes(stored.read_bytes() + b"x")
    assert not client.get(f"{BASE}w1/fichiers/csv").content.endswith(b"x"), "a file that was altered is made again"


def test_the_embedded_page_may_be_framed_and_runs_nothing(results, client):
    response = client.get(BASE + "w1/a-integrer/")
    assert "X-Frame-Options" not in response
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "<script" not in response.content.decode()
    assert "<form" not in response.content.decode()
    other = client.get(BASE)
    assert "frame-ancestors 'none'" in other["Content-Security-Policy"]


def test_a_publication_is_verified_from_its_file(results, client, tmp_path, capsys):
    path = tmp_path / "publication.json"
    content = client.get(f"{BASE}w1/fichiers/json").content
    path.write_bytes(content)
    call_command("verify_results", path)
    assert "whole" in capsys.readouterr().out
    told = json.loads(content)
    cell = next(one for one in told["publication"]["tables"][0]["cells"] if one["shown"])
    cell["value"] += 5
    path.write_text(json.dumps(told))
    with pytest.raises(CommandError, match="not the one of the hash"):
        call_command("verify_results", path)
    for wrong in (b"{}", b"x", b"[]", b"[" * 100_000):
        path.write_bytes(wrong)
        with pytest.raises(CommandError, match="not a publication"):
            call_command("verify_results", path)


#: Runs a program in a process where nothing of the portal, nor of its libraries but one, can be imported.
ALONE = """
import runpy, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"campaigns", "core", "accounts", "vault", "django", "numpy", "opendp"}:
            raise ImportError(name)
sys.meta_path.insert(0, Nothing())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_anybody_verifies_a_publication_with_one_file_of_python(results, client, tmp_path):
    program, path = tmp_path / "verify_publication.py", tmp_path / "publication.json"
    program.write_bytes(client.get(reverse("results:verifier")).content)
    told = json.loads(client.get(f"{BASE}w1/fichiers/json").content)
    [key] = told["public_keys"]
    assert key.startswith(told["log"] + "+") and key.startswith(told["note"].partition("\n")[0] + "+")
    method = client.get(f"{BASE}w1/methode/").content.decode()
    assert escape(key) in method and reverse("results:verifier") in method

    def verified(content: Any, *options: str) -> subprocess.CompletedProcess[str]:
        path.write_text(json.dumps(content))
        command = [sys.executable, "-I", "-c", ALONE, str(program), *options, str(path)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    good = verified(told, "--key", key)
    assert good.returncode == 0 and "Verified" in good.stdout, good.stderr
    assert "file's own key" in verified(told).stdout
    name, _hash, raw = key.split("+", 2)
    other = base64.b64encode(b"\x01" + bytes(32)).decode()
    assert "not signed by the key" in verified(told, "--key", f"{name}+{_hash}+{other}").stderr
    changes = {
        "not the one of the hash": lambda one: one["publication"].update(rho=0.1),
        "the document is not the one": lambda one: one["publication"]["statements"]["privacy"].update(sample="All."),
        "the plan is not the one": lambda one: one["plan"]["tables"][0].update(rho=0.01),
        "another publication": lambda one: one.update(previous_sha256="0" * 64),
        "nobody signed deployment, privacy": lambda one: one.update(privacy={"rho": 0.001}, deployment={}),
    }
    for words_of, change in changes.items():
        changed = deepcopy(told)
        change(changed)
        wrong = verified(changed, "--key", key)
        assert wrong.returncode == 1 and words_of in wrong.stderr, (words_of, wrong.stderr)
    with pytest.raises(CommandError, match="nobody signed deployment, privacy"):
        call_command("verify_results", path)


#: What a city would change in the statements before it signs them.
LIES = {
    "privacy: rho": lambda one: one["privacy"].update(rho=0.001),
    "privacy: another window": lambda one: one["privacy"].update(window="w2"),
    "deployment: rho": lambda one: one["deployment"]["privacy_loss"]["privacy_parameters"].update(rho=0.1),
    "deployment: another sigma": lambda one: one["deployment"]["implementation"]["sigma"].update(mode=1.0),
    "nist_sp_800_226": lambda one: one["nist_sp_800_226"][0].update(answer="ρ = 0.01; ε = 1 at δ = 1e-06:"),
}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("lie", LIES)
def test_a_signed_statement_that_disagrees_with_the_plan_is_found(campaign, client, as_release, lie, version):
    told = made.drawn(campaign.plan, 2_000)
    if version == 2:
        LIES[lie](told["statements"])
    else:
        told = {name: value for name, value in told.items() if name != "statements"} | {"version": 1}
    with as_release():
        made.publish(campaign, told)
    file = json.loads(client.get(f"{BASE}w1/fichiers/json").content)
    if version == 1:
        # Whoever hands on the file of a publication of before.
        assert verify_publication.problems(canonical.encode(file)) == []
        LIES[lie](file)
    problems = verify_publication.problems(canonical.encode(file), file["public_keys"])
    assert any(lie in one for one in problems), problems


def test_what_a_publication_states_stays_when_the_words_of_the_portal_change(results, client, monkeypatch):
    files = [client.get(f"{BASE}w1/fichiers/{name}").content for name in FILES]
    monkeypatch.setattr(statements, "SAMPLE", "Everybody took part.")
    [one] = published.all_of(results)
    assert [making.KINDS[name].make(one) for name in FILES] == files
    assert "Everybody took part." not in client.get(f"{BASE}w1/methode/").content.decode()


def test_one_epsilon_is_said_everywhere(results, client):
    """Of all that the consultation spends: tables, a look at the number in each window, milestones."""
    plan = results.plan
    spent = budget.compute_spending(plan)
    assert spent["rho"] == pytest.approx(sum(one.rho for one in plan.tables) + 2 * 0.002 + plan.counter_rho)
    told = json.loads(client.get(f"{BASE}w1/fichiers/json").content)
    sheet = client.get(reverse("plans:sheet_json", args=[plan.code])).json()
    stated = told["publication"]["statements"]
    blocks = (stated["privacy"], stated["deployment"]["privacy_loss"]["privacy_parameters"], sheet)
    for block in blocks:
        assert {name: block[name] for name in spent} == spent
    assert f"ε = {spent['epsilon']} " in stated["nist_sp_800_226"][0]["answer"]
    shown = f"ε = {spent['epsilon']:.2f}".replace(".", ",")
    for address in (BASE, f"{BASE}w1/methode/", reverse("plans:sheet", args=[plan.code])):
        assert shown in client.get(address).content.decode(), address


def test_three_hundred_zones_make_a_page_of_120_kilobytes_at_most(transactional_db, as_release, client):
    zones = [
        {"code": f"z{number}", "label": words(f"Quartier numéro {number}"), "population": 2_500}
        | {"geometry": made.square(number % 20, number // 20, 40)}
        for number in range(300)
    ]
    zoning = {"code": "quartiers", "label": words("Quartiers"), "source": "Insee", "zones": zones}
    told = made.mapped()
    home = {**told["dimensions"][1], "level": 0}
    tables = [one for one in told["tables"] if one["code"] not in {"trips", "ages"}]
    dimensions = [told["dimensions"][0], home, told["dimensions"][3]]
    campaign = given.opened(zoning=zoning, dimensions=dimensions, tables=tables)
    plan = Plan.from_json(campaign.document)
    rows: list[Any] = [
        {"mode": number % 3, "home": number % 300, "age": number % 3, "km": number % 60} for number in range(30_000)
    ]
    with as_release():
        drawn = mechanism.release(
            plan, plan.windows[0], rows, charge=lambda _table, _rho: None, on=plan.windows[0].release
        )
        made.publish(campaign, dict(drawn.document))
    content = client.get(BASE).content
    assert content.count(b"<path") > 600
    assert len(content) <= 120_000, len(content)
    assert sha256_of(campaign.document) == plan.sha256


def test_my_figures_are_for_who_contributed(results, client):
    assert client.get(BASE + "et-moi/").status_code == 302, "an anonymous visitor signs in"
    agent, stranger = Client(), Client()
    agent.force_login(AgentFactory())
    assert "/mon-compte/confirmer/" in agent.get(BASE + "et-moi/")["Location"], "an agent proves a second factor first"
    stranger.force_login(ResidentFactory())
    assert stranger.get(BASE + "et-moi/").status_code == 404


def test_my_figures_are_read_through_the_gate_and_kept_nowhere(results, client, keys_of):
    keys_of(results)
    resident = ResidentFactory()
    given.trip(resident)
    with scope(resident=resident.pk):
        found = given.offered(resident, results)
        contributing.from_vault(
            resident_id=resident.pk,
            by=resident.pk,
            campaign=results,
            without=found.without,
            seen=found.seen,
            shown={},
        )
    client.force_login(resident)
    with scope(resident=resident.pk):
        before = JournalEntry.objects.count(), Record.objects.count(), Grant.objects.count()
    page = client.get(BASE + "et-moi/").content.decode().replace("\N{NO-BREAK SPACE}", " ")
    assert "Vous : À pied. Publié pour À pied : environ" in page
    assert "Secteur 1 → Secteur 2" in page
    with scope(resident=resident.pk):
        after = JournalEntry.objects.count(), Record.objects.count(), Grant.objects.count()
    assert after == (before[0] + 1, before[1], before[2])
