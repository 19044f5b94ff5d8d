"""Several files of one paper: each checked before anyone opens it, moved, removed; the file that was read stays."""

from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_scopes import scope, scopes_disabled

from core import journal
from core.files.storage import sealed_storage
from core.models import Job
from tests.services.dossiers.made import one_page, sealed
from tests.vault.sending import notice_pdf, uploaded
from vault.records import actions, gate
from vault.records.models import Paper, PaperFile
from vault.records.tasks import read_side

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

CSV = b"date;libelle;montant\n2026-11-01;Loyer;-612,00\n"


@pytest.fixture
def card(browser, resident) -> Paper:
    """Return a kept paper of one page, of a kind with two sides."""
    paper = uploaded(browser, resident, one_page(), kind="cni", name="recto.pdf")
    actions.confirm_paper(paper=paper, by=resident.pk)
    return paper


def send(client, paper, content, *, name="verso.pdf", token=""):
    url = reverse("records:add_side", args=[paper.pk])
    token = token or client.get(url).context["form"].initial["token"]
    return client.post(url, {"token": token, "file": SimpleUploadedFile(name, content)})


def work() -> None:
    with scopes_disabled():
        waiting = list(Job.objects.filter(state=Job.State.WAITING, kind="read_side").values_list("pk", flat=True))
    for key in waiting:
        read_side(str(key))
    with scopes_disabled():
        assert set(Job.objects.filter(pk__in=waiting).values_list("state", flat=True)) <= {Job.State.DONE}


def added(client, paper, content=None, **more):
    assert send(client, paper, content or one_page(), **more).status_code == 302
    work()
    return opened(paper)


def opened(paper):
    return gate.own_paper(resident_id=paper.resident_id, purpose="Essayer", paper_id=paper.pk)


def names(paper) -> list[str]:
    return [side.name for side in opened(paper).sides]


def page(client, paper):
    return client.get(reverse("records:paper", args=[paper.pk])).content.decode().replace("\u00a0", " ")


def events(resident) -> list[str]:
    return [entry.event for entry in journal.entries(resident_id=resident.pk, limit=60)]


def test_the_back_of_a_card_is_added_to_its_front(card, browser, resident):
    before = opened(card)
    assert before.outcome("front_and_back") == "inconclusive"
    after = added(browser, card)
    assert [side.name for side in after.sides] == ["recto.pdf", "verso.pdf"] and after.pages == 2
    assert after.outcome("front_and_back") == "passed", "two pages in two files are two sides"
    shown = page(browser, card)
    assert "Fichier 1" in shown and "Fichier 2" in shown and "verso.pdf" in shown
    assert {"side_added", "side_kept"} <= set(events(resident))


def test_an_added_file_is_not_opened_before_its_check(card, browser):
    send(browser, card, one_page())
    assert opened(card).sides[1].waiting and len(opened(card).files) == 1
    assert "Contrôle en cours" in page(browser, card)
    for name in ("download_side", "preview_side"):
        assert browser.get(reverse(f"records:{name}", args=[card.pk, 1])).status_code == 404
    with pytest.raises(PaperFile.DoesNotExist):
        gate.open_file(resident_id=card.resident_id, purpose="Essayer", paper_id=card.pk, position=1)


@pytest.mark.parametrize(
    "content", [b"MZ\x90\x00" + bytes(400), CSV, b"%PDF-1.4 broken"], ids=["a program", "data", "a broken PDF"]
)
def test_a_file_that_is_no_page_is_refused_and_erased(card, browser, resident, content):
    send(browser, card, content, name="autre.bin")
    with scope(resident=resident.pk):
        stored = PaperFile.objects.get(waiting=True).stored_name
    work()
    assert names(card) == ["recto.pdf"]
    assert not sealed_storage.inner.exists(stored)
    assert "pas été accepté" in page(browser, card)
    assert "side_refused" in events(resident)
    added(browser, card)
    assert "pas été accepté" not in page(browser, card), "the next accepted file removes the sentence"


def test_each_file_is_downloaded_and_previewed_separately(card, browser):
    added(browser, card, notice_pdf())
    first = browser.get(reverse("records:download", args=[card.pk]))
    second = browser.get(reverse("records:download_side", args=[card.pk, 1]))
    bodies = [b"".join(answer.streaming_content) for answer in (first, second)]
    assert bodies == [one_page(), notice_pdf()] or (bodies[0] != bodies[1] and len(bodies[1]) > len(bodies[0]))
    assert int(second["Content-Length"]) == len(bodies[1])
    assert "verso.pdf" in second["Content-Disposition"]
    assert browser.get(reverse("records:preview_side", args=[card.pk, 1])).content.startswith(b"\xff\xd8")
    assert "/apercu/1/" in browser.get(f"{reverse('records:paper', args=[card.pk])}?apercu=2").content.decode()


def test_files_are_moved_up_and_down(card, browser, resident):
    for name in ("b.pdf", "c.pdf"):
        added(browser, card, name=name)
    side = opened(card).sides[2].side_id
    url = reverse("records:move_side", args=[card.pk, side])
    browser.post(url, {"up": "1"})
    assert names(card) == ["recto.pdf", "c.pdf", "b.pdf"]
    browser.post(url, {"up": "1"})
    browser.post(url, {"up": "1"})
    assert names(card) == ["c.pdf", "recto.pdf", "b.pdf"], "at an end nothing changes"
    browser.post(url, {"up": "0"})
    assert names(card) == ["recto.pdf", "c.pdf", "b.pdf"]
    assert [side.position for side in opened(card).sides] == [0, 1, 2]


def test_a_removed_file_is_erased(card, browser, resident):
    added(browser, card)
    side = opened(card).sides[1].side_id
    with scope(resident=resident.pk):
        stored = PaperFile.objects.get(pk=side).stored_name
    url = reverse("records:drop_side", args=[card.pk, side])
    assert "verso.pdf" in browser.get(url).content.decode()
    browser.post(url)
    assert names(card) == ["recto.pdf"] and opened(card).pages == 1
    assert not sealed_storage.inner.exists(stored)
    assert opened(card).outcome("front_and_back") == "inconclusive"


def test_the_file_that_was_read_cannot_be_removed_alone(card, browser):
    added(browser, card)
    first = opened(card).sides[0]
    assert first.was_read
    answer = browser.post(reverse("records:drop_side", args=[card.pk, first.side_id]), follow=True)
    assert "celui qui a été lu" in answer.content.decode()
    assert names(card) == ["recto.pdf", "verso.pdf"]


def test_the_same_form_sent_twice_adds_one_file(card, browser):
    token = browser.get(reverse("records:add_side", args=[card.pk])).context["form"].initial["token"]
    content = one_page()
    for _time in range(2):
        send(browser, card, content, token=str(token))
    work()
    assert names(card) == ["recto.pdf", "verso.pdf"]


def test_checking_again_is_idempotent(card, browser, resident):
    send(browser, card, one_page())
    work()
    before = opened(card)
    with scope(resident=resident.pk):
        actions.check_sides(paper_id=card.pk)
    assert opened(card) == before


def test_an_eleventh_file_is_refused_with_a_sentence(card, browser):
    for number in range(9):
        added(browser, card, name=f"{number}.pdf")
    answer = send(browser, card, one_page())
    assert answer.status_code == 400 and "dix fichiers au plus" in answer.content.decode()
    assert len(opened(card).sides) == 10


def test_an_empty_form_reports_an_error(card, browser):
    answer = browser.post(reverse("records:add_side", args=[card.pk]), {"token": str(uuid4())})
    assert answer.status_code == 400 and "Erreur" in answer.content.decode()


def test_deleting_a_paper_deletes_all_its_files(card, browser, resident):
    added(browser, card)
    with scope(resident=resident.pk):
        stored = list(PaperFile.objects.values_list("stored_name", flat=True))
    actions.delete_paper(paper=card, by=resident.pk)
    assert len(stored) == 2 and not any(sealed_storage.inner.exists(name) for name in stored)


def test_a_dossier_shows_every_file_in_order(card, browser, resident):
    added(browser, card)
    assert [side.position for side in opened(card).files] == [0, 1]


def test_a_paper_that_is_not_read_yet_accepts_no_second_file(browser, resident):
    from tests.vault.sending import send as send_paper
    from tests.vault.sending import the_paper

    send_paper(browser, one_page())
    paper = the_paper(resident)
    assert browser.get(reverse("records:add_side", args=[paper.pk])).status_code == 404


def test_names_of_added_files_are_sealed(card, browser, resident):
    added(browser, card, name="canari-secret.pdf")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM records_paperfile t")
        assert "canari" not in cursor.fetchone()[0]
    with scope(resident=resident.pk):
        assert b"canari" not in bytes(Paper.objects.get(pk=card.pk).content)


def test_the_verbs_refuse_another_person(card, browser, stranger):
    added(browser, card)
    side = opened(card).sides[1].side_id
    for act in (
        lambda: actions.move_side(paper=card, by=stranger.pk, side_id=side, up=True),
        lambda: actions.drop_side(paper=card, by=stranger.pk, side_id=side),
        lambda: actions.add_side(paper=card, by=stranger.pk, upload=sealed(stranger.pk, one_page(), "x.pdf")),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert names(card) == ["recto.pdf", "verso.pdf"]
