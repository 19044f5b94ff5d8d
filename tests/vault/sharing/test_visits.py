"""Visits of a link: a code, then the chosen content only. All closed links show the same page."""

import io
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal
from tests.accounts.factories import AgentFactory, signed_in
from tests.vault.made import NOTICE, add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, PARTS, address, entered, linked, main
from vault.records import actions as vault_actions
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import GrantReading, Record
from vault.sharing.actions import links as actions
from vault.sharing.models import Visit
from vault.sharing.models.link import MOST_TRIES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(resident):
    add_signed_notice(resident)
    return linked(resident, INCOME)


@pytest.fixture
def kept(resident, browser, kinds):
    paper = uploaded(browser, resident, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=resident.pk)
    return paper


def events(resident) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=50)]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


# The code, then the content


def test_without_the_code_nothing_about_the_resident_is_shown(key, resident):
    answer = Client().get(address(key))
    page = answer.content.decode()
    assert answer.status_code == 200 and "Le code que l’on vous a dit" in page
    assert resident.name not in page and "Mme Dubreuil" not in page and "12" + "\u202f312" not in page
    assert events(resident)[0] == "grant_given"


@pytest.mark.usefixtures("autumn_2026")
def test_with_the_code_the_page_shows_names_purpose_end_and_values(key, resident):
    text = main(entered(key).get(address(key)))
    assert f"{resident.name} vous montre ces informations." in text
    assert "Pour Mme Dubreuil : Compléter une demande" in text and "Jusqu’au" in text
    assert "12 312 €" in text and "Vérifié" in text and "2,5" not in text and "Logement social" not in text
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    assert (entry.event, entry.fields) == ("granted_read", [INCOME])


def test_each_view_is_a_reading_of_the_current_values(key, resident):
    visitor = entered(key)
    visitor.get(address(key))
    with scope(resident=resident.pk):
        record = Record.objects.current().get(type="fiscal.avis_ir")
    vault_actions.correct_record(record=record, by=resident.pk, payload={**NOTICE, "revenu_fiscal_reference": 9000})
    text = main(visitor.get(address(key)))
    assert "9 000 €" in text and "Écrit par la personne" in text
    assert events(resident).count("granted_read") == 2
    with scope(resident=resident.pk):
        [visit] = Visit.objects.all()
        assert {reading.visit for reading in GrantReading.objects.all()} == {visit.pk}


@pytest.mark.usefixtures("autumn_2026")
def test_corrected_values_are_shown_apart_from_proven_ones(resident):
    record = add_signed_notice(resident)
    vault_actions.correct_record(record=record, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    key = linked(resident, INCOME, PARTS)
    text = main(entered(key).get(address(key)))
    assert "Vérifié" in text and "Écrit par la personne" in text


def test_months_are_a_table_that_bears_its_weakest_mark(resident):
    for month in ("2026-09", "2026-10"):
        payload = {"mois": month, "net_avant_impot": "1180.00", "net_social": "1200.00"}
        last = add(resident, "emploi.revenu", payload, method="api_pull", assurance="holder_verified")
    key = linked(resident, *[f"emploi.revenu#/{name}" for name in payload])
    seen = entered(key).get(address(key))
    [table] = seen.context["tables"]
    assert seen.context["sheets"] == [] and [row.tag for row in table.rows] == ["Vérifié", "Vérifié"]
    corrected = {**payload, "net_social": "900.00"}
    vault_actions.correct_record(record=last, by=resident.pk, payload=corrected)
    [table] = entered(key).get(address(key)).context["tables"]
    assert [row.tag for row in table.rows] == ["Déclaré", "Vérifié"]


def test_a_wrong_code_is_refused_and_journalled(key, resident):
    answer = Client().post(address(key), {"code": "0000 0000" if key.code != "00000000" else "1111 1111"})
    assert answer.status_code == 400 and "Ce code n’est pas le bon" in main(answer)
    assert events(resident)[0] == "link_code_refused"
    assert "Écrivez le code" in main(Client().post(address(key), {"code": ""}))


def test_a_visit_lasts_half_an_hour_in_one_browser(key):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        visitor = entered(key)
        clock.shift(timedelta(minutes=29))
        assert "12 312 €" in main(visitor.get(address(key)))
        clock.shift(timedelta(minutes=2))
        assert "Le code que l’on vous a dit" in main(visitor.get(address(key)))
    assert "Le code que l’on vous a dit" in main(Client().get(address(key)))


def test_closing_asks_for_the_code_again(key):
    visitor = entered(key)
    assert "12 312 €" not in main(visitor.post(address(key, "close_visit"), follow=True))
    assert visitor.get(address(key, "close_visit")).status_code == 405


def test_a_visit_of_one_link_does_not_open_another(key, resident):
    other = linked(resident, PARTS)
    visitor = entered(key)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(other)))


def test_a_new_code_ends_the_visits_of_the_former_one(key, resident):
    visitor = entered(key)
    actions.renew(link=key.link, by=resident.pk, address=False)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(key)))


# Papers


def test_a_paper_is_downloaded_under_the_name_of_its_kind(resident, kept):
    key = linked(resident, papers=[kept.pk])
    visitor = entered(key)
    text = main(visitor.get(address(key)))
    assert "Avis d’impôt" in text and "Télécharger" in text and events(resident)[0] == "granted_looked"
    answer = visitor.get(address(key, "visit_paper", kept.pk, 0))
    assert body(answer).startswith(b"%PDF-")
    assert 'filename="avis-dimpot' in answer["Content-Disposition"] and answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer" and "sandbox" in answer["Content-Security-Policy"]
    assert events(resident)[0] == "granted_downloaded"


def test_a_paper_outside_the_link_is_refused(resident, kept, browser):
    other = uploaded(browser, resident, notice_pdf(income_year=2023))
    vault_actions.confirm_paper(paper=other, by=resident.pk)
    key = linked(resident, papers=[kept.pk])
    visitor = entered(key)
    for paper_id, position in ((other.pk, 0), (kept.pk, 3), (uuid4(), 0)):
        assert visitor.get(address(key, "visit_paper", paper_id, position)).status_code == 404
        visitor = entered(key)
    assert Client().get(address(key, "visit_paper", kept.pk, 0)).status_code == 404


def test_everything_is_downloaded_as_one_archive_and_each_paper_is_journalled(resident, kept):
    key = linked(resident, INCOME, papers=[kept.pk])
    visitor = entered(key)
    answer = visitor.get(address(key, "visit_all"))
    with zipfile.ZipFile(io.BytesIO(body(answer))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[0] == "informations.txt" and names[1].startswith("avis-dimpot")
        text = archive.read(names[0]).decode().replace("\u202f", " ").replace("\u00a0", " ")
        assert "Revenu fiscal de référence : 12 312 €" in text and "Mme Dubreuil" in text
        assert archive.read(names[1]).startswith(b"%PDF-")
    assert answer["Cache-Control"] == "no-store"
    assert events(resident)[:2] == ["granted_downloaded", "granted_read"]


def test_a_stop_ends_the_download_of_an_archive(resident, kept):
    key = linked(resident, INCOME, papers=[kept.pk])
    answer = entered(key).get(address(key, "visit_all"))
    pieces = iter(answer.streaming_content)  # type: ignore[attr-defined]  # a file is streamed
    begun = next(pieces)
    grants.stop(grant=key.link.grant, by=resident.pk)
    with pytest.raises(gate.Refused):
        begun += b"".join(pieces)
    assert b"%PDF-" not in begun and not zipfile.is_zipfile(io.BytesIO(begun))


# The resident's own link


def test_the_links_resident_sees_the_same_content_without_a_visit(key, browser, resident, kept):
    own = linked(resident, INCOME, papers=[kept.pk])
    text = main(browser.get(address(own)))
    assert "Voici ce que voit la personne" in text and "12 312 €" in text
    assert body(browser.get(address(own, "visit_paper", kept.pk, 0))).startswith(b"%PDF-")
    assert zipfile.is_zipfile(io.BytesIO(body(browser.get(address(own, "visit_all")))))
    assert browser.get(address(own, "visit_paper", uuid4(), 0)).status_code == 404
    with scope(resident=resident.pk):
        assert not Visit.objects.exists() and not GrantReading.objects.exists()
    assert (
        "granted_read" not in events(resident)
        and journal.entries(resident_id=resident.pk, limit=1)[0].actor_id == resident.pk
    )


def test_other_accounts_are_visitors(key, other_browser):
    for client in (other_browser, signed_in(AgentFactory())):
        assert "Le code que l’on vous a dit" in main(client.get(address(key)))
        assert "12 312 €" in main(entered(key, client).get(address(key)))


# Closed links


def closed(key, resident, how: str) -> str:
    """Return a URL that opens nothing, for this reason."""
    match how:
        case "unknown":
            return reverse("sharing:visit", args=["x" * 43])
        case "locked":
            for _ in range(MOST_TRIES):
                actions.enter(link=key.link, typed="0")
        case "stopped":
            grants.stop(grant=key.link.grant, by=resident.pk)
        case "paused":
            grants.pause(grant=key.link.grant, by=resident.pk)
    return address(key)


@pytest.mark.parametrize("how", ["unknown", "locked", "stopped", "paused"])
def test_a_closed_link_does_not_say_why(key, resident, browser, how):
    place = closed(key, resident, how)
    reference = Client().get(reverse("sharing:visit", args=["y" * 43]))
    for answer in (Client().get(place), Client().post(place, {"code": key.code}), browser.get(place)):
        assert answer.status_code == 404 and main(answer) == main(reference)
    anonymous = Client().get(place)
    assert {name: value for name, value in anonymous.headers.items() if name != "X-Request-ID"} == {
        name: value for name, value in reference.headers.items() if name != "X-Request-ID"
    }
    assert Client().get(f"{place}tout.zip").status_code == 404


def test_a_link_is_closed_at_its_end(key):
    with time_machine.travel(key.link.grant.ends_at, tick=False):
        assert Client().get(address(key)).status_code == 404


def test_a_visit_ends_with_its_link_and_the_refusal_is_journalled(key, resident):
    visitor = entered(key)
    assert visitor.get(address(key)).status_code == 200
    grants.stop(grant=key.link.grant, by=resident.pk)
    answer = visitor.get(address(key))
    assert answer.status_code == 404 and "n’est pas ou plus valable" in main(answer)
    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    assert (entry.event, entry.details["recipient"]) == ("read_refused", "Mme Dubreuil")
    visitor.get(address(key))
    assert events(resident).count("read_refused") == 1, "the visit has ended: reloading writes no more entries"


def test_a_locked_link_ends_its_visits(key):
    visitor = entered(key)
    for _ in range(MOST_TRIES):
        actions.enter(link=key.link, typed="0")
    assert visitor.get(address(key)).status_code == 404


def test_without_external_checkpoints_the_page_says_to_come_back(key, monkeypatch):
    visitor = entered(key)
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: False)
    answer = visitor.get(address(key))
    assert answer.status_code == 503 and "Revenez un peu plus tard" in main(answer)


def test_pages_are_not_cached_indexed_or_sent_as_referrer(key):
    for client in (Client(), entered(key)):
        for place in (address(key), reverse("sharing:visit", args=["rien"])):
            answer = client.get(place)
            assert answer["Cache-Control"] == "no-store" and "noindex" in answer["X-Robots-Tag"]
            assert answer["Referrer-Policy"] == "strict-origin"


def test_the_cookie_is_short_lived_limited_to_its_path_and_http_only(key):
    visitor = Client()
    cookie = visitor.post(address(key), {"code": key.code}).cookies["garant_visit"]
    assert (cookie["max-age"], cookie["path"], cookie["httponly"], cookie["samesite"]) == (1800, "/l/", True, "Lax")
    visitor.cookies["garant_visit"] = cookie.value.replace(":", "x", 1)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(key)))


def test_the_logs_contain_the_route_and_not_the_url(key, caplog):
    with caplog.at_level("INFO"):
        entered(key).get(address(key))
    logged = [record for record in caplog.records if getattr(record, "route", "")]
    assert {record.route for record in logged} == {"l/<str:token>/"}
    from core.telemetry.logs import JsonFormatter

    assert not any(
        key.token in JsonFormatter().format(record) or key.code in JsonFormatter().format(record)
        for record in caplog.records
    )
