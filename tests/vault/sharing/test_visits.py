"""Whoever was given a link: a code, then what was chosen and nothing else; every way in that is closed looks the same."""

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
from tests.vault.made import NOTICE, add_signed_notice
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


def told(resident) -> list[str]:
    return [line.event for line in journal.entries(resident_id=resident.pk, limit=50)]


def body(response) -> bytes:
    return b"".join(response.streaming_content)


# The code, then the content


def test_without_the_code_nothing_of_whose_link_it_is_shows(key, resident):
    answer = Client().get(address(key))
    page = answer.content.decode()
    assert answer.status_code == 200 and "Le code que l’on vous a dit" in page
    assert resident.name not in page and "Mme Dubreuil" not in page and "12" + "\u202f312" not in page
    assert told(resident)[0] == "grant_given"


def test_with_the_code_who_to_whom_why_until_when_and_the_values(key, resident):
    text = main(entered(key).get(address(key)))
    assert f"{resident.name} vous montre ces informations." in text
    assert "Pour Mme Dubreuil : Compléter une demande" in text and "Jusqu’au" in text
    assert "12 312 €" in text and "Vérifié" in text and "2,5" not in text and "Logement social" not in text
    [line] = journal.entries(resident_id=resident.pk, limit=1)
    assert (line.event, line.fields) == ("granted_read", [INCOME])


def test_each_view_is_a_reading_with_today_s_values(key, resident):
    visitor = entered(key)
    visitor.get(address(key))
    with scope(resident=resident.pk):
        record = Record.objects.current().get(type="fiscal.avis_ir")
    vault_actions.correct_record(record=record, by=resident.pk, payload={**NOTICE, "revenu_fiscal_reference": 9000})
    text = main(visitor.get(address(key)))
    assert "9 000 €" in text and "Déclaré par la personne" in text
    assert told(resident).count("granted_read") == 2
    with scope(resident=resident.pk):
        [visit] = Visit.objects.all()
        assert {reading.visit for reading in GrantReading.objects.all()} == {visit.pk}


def test_what_was_corrected_is_told_apart_from_what_is_proven(resident):
    record = add_signed_notice(resident)
    vault_actions.correct_record(record=record, by=resident.pk, payload={**NOTICE, "nombre_parts": 3})
    key = linked(resident, INCOME, PARTS)
    text = main(entered(key).get(address(key)))
    assert "Vérifié" in text and "Déclaré par la personne" in text


def test_a_wrong_code_says_so_and_is_told_to_the_resident(key, resident):
    answer = Client().post(address(key), {"code": "0000 0000" if key.code != "00000000" else "1111 1111"})
    assert answer.status_code == 200 and "Ce code n’est pas le bon" in main(answer)
    assert told(resident)[0] == "link_code_refused"
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


def test_a_visit_of_one_link_opens_no_other(key, resident):
    other = linked(resident, PARTS)
    visitor = entered(key)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(other)))


def test_a_new_code_ends_the_visits_of_the_former_one(key, resident):
    visitor = entered(key)
    actions.renew(link=key.link, by=resident.pk, address=False)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(key)))


# Papers


def test_a_paper_is_downloaded_under_a_name_that_says_what_it_is(resident, kept):
    key = linked(resident, papers=[kept.pk])
    visitor = entered(key)
    text = main(visitor.get(address(key)))
    assert "Avis d’impôt" in text and "Télécharger" in text and told(resident)[0] == "granted_looked"
    answer = visitor.get(address(key, "visit_paper", kept.pk, 0))
    assert body(answer).startswith(b"%PDF-")
    assert 'filename="avis-dimpot' in answer["Content-Disposition"] and answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer" and "sandbox" in answer["Content-Security-Policy"]
    assert told(resident)[0] == "granted_downloaded"


def test_no_other_paper_than_those_of_the_link(resident, kept, browser):
    other = uploaded(browser, resident, notice_pdf(income_year=2023))
    vault_actions.confirm_paper(paper=other, by=resident.pk)
    key = linked(resident, papers=[kept.pk])
    visitor = entered(key)
    for paper_id, position in ((other.pk, 0), (kept.pk, 3), (uuid4(), 0)):
        assert visitor.get(address(key, "visit_paper", paper_id, position)).status_code == 404
        visitor = entered(key)
    assert Client().get(address(key, "visit_paper", kept.pk, 0)).status_code == 404


def test_everything_comes_as_one_archive_each_paper_with_its_line(resident, kept):
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
    assert told(resident)[:2] == ["granted_downloaded", "granted_read"]


def test_a_stop_cuts_an_archive_that_is_on_its_way(resident, kept):
    key = linked(resident, INCOME, papers=[kept.pk])
    answer = entered(key).get(address(key, "visit_all"))
    pieces = iter(answer.streaming_content)  # type: ignore[attr-defined]  # a file is streamed
    begun = next(pieces)
    grants.stop(grant=key.link.grant, by=resident.pk)
    with pytest.raises(gate.Refused):
        begun += b"".join(pieces)
    assert b"%PDF-" not in begun and not zipfile.is_zipfile(io.BytesIO(begun))


# One's own link


def test_whose_link_it_is_sees_what_they_see_and_is_not_counted(key, browser, resident, kept):
    own = linked(resident, INCOME, papers=[kept.pk])
    text = main(browser.get(address(own)))
    assert "Voici ce que voit la personne" in text and "12 312 €" in text
    assert body(browser.get(address(own, "visit_paper", kept.pk, 0))).startswith(b"%PDF-")
    assert zipfile.is_zipfile(io.BytesIO(body(browser.get(address(own, "visit_all")))))
    assert browser.get(address(own, "visit_paper", uuid4(), 0)).status_code == 404
    with scope(resident=resident.pk):
        assert not Visit.objects.exists() and not GrantReading.objects.exists()
    assert (
        "granted_read" not in told(resident)
        and journal.entries(resident_id=resident.pk, limit=1)[0].actor_id == resident.pk
    )


def test_other_accounts_are_visitors_like_the_others(key, other_browser):
    for client in (other_browser, signed_in(AgentFactory())):
        assert "Le code que l’on vous a dit" in main(client.get(address(key)))
        assert "12 312 €" in main(entered(key, client).get(address(key)))


# Every way in that is closed looks the same


def closed(key, resident, how: str) -> str:
    """An address that opens nothing, for this reason."""
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
def test_a_link_that_opens_nothing_does_not_say_why(key, resident, browser, how):
    place = closed(key, resident, how)
    reference = Client().get(reverse("sharing:visit", args=["y" * 43]))
    for answer in (Client().get(place), Client().post(place, {"code": key.code}), browser.get(place)):
        assert answer.status_code == 404 and main(answer) == main(reference)
    anonymous = Client().get(place)
    assert {name: value for name, value in anonymous.headers.items() if name != "X-Request-ID"} == {
        name: value for name, value in reference.headers.items() if name != "X-Request-ID"
    }
    assert Client().get(f"{place}tout.zip").status_code == 404


def test_an_expired_link_is_closed_at_the_moment_of_the_request(key):
    with time_machine.travel(key.link.grant.ends_at, tick=False):
        assert Client().get(address(key)).status_code == 404


def test_a_visit_under_way_is_over_with_its_link_and_the_journal_says_so(key, resident):
    visitor = entered(key)
    assert visitor.get(address(key)).status_code == 200
    grants.stop(grant=key.link.grant, by=resident.pk)
    answer = visitor.get(address(key))
    assert answer.status_code == 404 and "n’est pas ou plus valable" in main(answer)
    [line] = journal.entries(resident_id=resident.pk, limit=1)
    assert (line.event, line.details["recipient"]) == ("read_refused", "Mme Dubreuil")
    visitor.get(address(key))
    assert told(resident).count("read_refused") == 1, (
        "the visit is forgotten: whoever reloads does not fill the journal"
    )


def test_a_locked_link_is_closed_for_visits_under_way_too(key):
    visitor = entered(key)
    for _ in range(MOST_TRIES):
        actions.enter(link=key.link, typed="0")
    assert visitor.get(address(key)).status_code == 404


def test_while_the_journal_is_not_sealed_outside_the_page_says_to_come_back(key, monkeypatch):
    visitor = entered(key)
    monkeypatch.setattr("core.journal.checkpoints.anchored", lambda: False)
    answer = visitor.get(address(key))
    assert answer.status_code == 503 and "Revenez un peu plus tard" in main(answer)


def test_its_pages_are_in_no_cache_and_no_search_engine_and_tell_no_other_site_their_address(key):
    for client in (Client(), entered(key)):
        for place in (address(key), reverse("sharing:visit", args=["rien"])):
            answer = client.get(place)
            assert answer["Cache-Control"] == "no-store" and "noindex" in answer["X-Robots-Tag"]
            assert answer["Referrer-Policy"] == "strict-origin"


def test_the_cookie_is_short_for_these_pages_only_and_out_of_scripts_reach(key):
    visitor = Client()
    cookie = visitor.post(address(key), {"code": key.code}).cookies["garant_visit"]
    assert (cookie["max-age"], cookie["path"], cookie["httponly"], cookie["samesite"]) == (1800, "/l/", True, "Lax")
    visitor.cookies["garant_visit"] = cookie.value.replace(":", "x", 1)
    assert "Le code que l’on vous a dit" in main(visitor.get(address(key)))


def test_the_logs_name_the_route_and_never_the_address(key, caplog):
    with caplog.at_level("INFO"):
        entered(key).get(address(key))
    logged = [record for record in caplog.records if getattr(record, "route", "")]
    assert {record.route for record in logged} == {"l/<str:token>/"}
    from core.logs import JsonFormatter

    assert not any(
        key.token in JsonFormatter().format(record) or key.code in JsonFormatter().format(record)
        for record in caplog.records
    )
