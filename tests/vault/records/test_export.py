"""The copy of a whole vault: one file with everything in it, a manifest, and its resident as the only reader."""

import base64
import hashlib
import io
import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from core import journal, leaving
from core.files.storage import sealed_storage
from core.models import Job
from services.aids.actions import urgent_dates
from services.watch.actions.objecting import object_to_search
from tests.accounts.factories import signed_in
from tests.services.watch.made import a_finding
from tests.vault.lived import brought, contest, exported, live
from tests.vault.made import add_signed_notice
from tests.vault.sending import notice_pdf
from vault.records.actions import exports
from vault.records.copies.copy_files import safe_name
from vault.records.grants import receipts
from vault.records.models import Export, Paper, Record
from vault.records.tasks import make_export, purge_exports
from vault.types import envelope

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lived(resident):
    partner = live(resident)
    contest(resident)
    return partner


def opened(resident) -> zipfile.ZipFile:
    export = exported(resident)
    with sealed_storage.open(export.stored_name, resident_id=resident.pk, kind=export.FILE) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def rows(archive, name):
    return [json.loads(line) for line in archive.read(name).splitlines()]


def test_the_copy_holds_every_record_with_its_source_and_history(lived, resident):
    archive = opened(resident)
    values = rows(archive, "valeurs.jsonl")
    with scope(resident=resident.pk):
        assert {value["record"]["id"] for value in values} == {
            str(key) for key in Record.objects.values_list("pk", flat=True)
        }
    for value in values:
        envelope.validate(value["record"])
        version = f"schemas/{value['record']['type']}/{value['record']['type_version']}.json"
        assert version in archive.namelist()
    assert any(value["vault"]["withdrawn_at"] for value in values)
    assert any(value["record"].get("supersedes") for value in values)
    assert any(value["vault"]["origins"] for value in values), "a corrected value keeps the origin of each field"


def test_the_copy_holds_the_original_files_byte_for_byte_under_safe_names(lived, resident):
    archive = opened(resident)
    papers = rows(archive, "papiers.jsonl")
    sent = {hashlib.sha256(notice_pdf(income_year=year)).hexdigest() for year in (2024, 2023)}
    found = {file["sha256"]: file["path"] for paper in papers for file in paper["files"]}
    assert sent <= {*found}
    for sha256, path in found.items():
        assert hashlib.sha256(archive.read(path)).hexdigest() == sha256
        assert path.count("/") == 1 and ".." not in path and ":" not in path
    with scope(resident=resident.pk):
        assert len(papers) == Paper.objects.count()


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("a:b?.pdf", "a_b_.pdf"),
        ("...", "_"),
        ("", "document"),
        (".caché", "_caché"),
        ("é" * 300, "é" * 100),
    ],
)
def test_an_unsafe_file_name_is_made_safe(name, safe):
    assert safe_name(name) == safe


def test_the_chain_of_the_copied_journal_verifies(lived, resident):
    copied = json.loads(opened(resident).read("journal.json"))
    head = bytes(32)
    for entry in copied["lines"]:
        leaf = hashlib.sha256(b"\0" + base64.b64decode(entry["bytes"])).digest()
        head = hashlib.sha256(b"\1" + head + leaf).digest()
        assert (entry["leaf"], entry["chain"]) == (leaf.hex(), head.hex())
    assert copied["lines"][-1]["content"]["event"] == "whole_vault_read", "the copy itself is in it"


def test_the_copied_receipts_verify_with_the_copied_keys(lived, resident):
    archive = opened(resident)
    grants, keys = json.loads(archive.read("partages.json")), json.loads(archive.read("cles-publiques.json"))
    verified = [receipts.verify(event["receipt"], keys) for grant in grants for event in grant["events"]]
    assert {receipt["record_id"] for receipt in verified} == {grant["id"] for grant in grants}
    assert all(grant["snapshot"]["words"] and grant["fields"] for grant in grants)


def test_the_manifest_hashes_every_file_and_is_signed(lived, resident):
    archive = opened(resident)
    manifest = archive.read("manifest.json")
    listed = json.loads(manifest)["files"]
    assert {*listed} == {*archive.namelist()} - {"manifest.json", "manifest.jws"}
    for path, one in listed.items():
        content = archive.read(path)
        assert one == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    signed = receipts.verify(archive.read("manifest.jws").decode())
    assert signed["manifest_sha256"] == hashlib.sha256(manifest).hexdigest()
    assert len(archive.namelist()) == len({*archive.namelist()})


def test_the_readme_is_in_both_languages(lived, resident):
    archive = opened(resident)
    french, english = archive.read("LISEZMOI.txt").decode(), archive.read("README.txt").decode()
    assert "CE QU’IL Y A DEDANS" in french and "WHAT IS IN IT" in english
    for text in (french, english):
        assert "&" not in text and all(name.split("/")[0] in text for name in archive.namelist() if "/" in name)


def test_every_model_declared_as_copied_is_in_the_copy(lived, resident, monkeypatch):
    """Find a model that declares a copied field and has no rows in any file."""
    copied, real = set(), leaving.export_row

    def recorded(row, **more):
        copied.add(row._meta.label)
        return real(row, **more)

    monkeypatch.setattr(leaving, "export_row", recorded)
    brought(resident)
    a_finding(resident)
    object_to_search(resident_id=resident.pk, by=resident.pk)
    urgent_dates.note(resident_id=resident.pk, by=resident.pk, code="deces", days={"deces": timezone.localdate()})
    archive = opened(resident)
    dates = next(name for name in archive.namelist() if name.endswith("dates.json"))
    assert str(timezone.localdate()) in archive.read(dates).decode()
    apart = {
        "core.JournalEntry",
        "mfa.Authenticator",
        "socialaccount.SocialAccount",
        "sharing.Invitation",
        "records.GrantReading",
        "labels.Complaint",
        "sharing.ErasureRequest",
        "records.GrantWrite",
        "contributions.Participation",
        "contributions.Withdrawal",
        "contributions.Membership",
        "debates.Authorship",
        "debates.IdentityCheck",
        "debates.ProvenIdentity",
        "panel.Entry",
        "requests.SentRequest",
        "requests.Correction",
        "requests.RequestEvent",
        "requests.Letter",
        "requests.OutsideRequest",
        "sharing.Handover",
        "sharing.MandateAct",
        "aids.UrgentDates",
    }
    assert copied == {rows.model for rows in leaving.declared() if rows.copied} - apart | (copied & apart)


def test_the_copy_holds_no_secret_of_the_account_or_of_a_holder(lived, resident):
    archive = opened(resident)
    account = json.loads(archive.read("compte.json"))
    assert account["name"] == resident.name and not {"password", "is_staff"} & {*account}
    assert all("content" not in one for one in json.loads(archive.read("connexions.json")))


def test_the_copy_and_its_download_are_in_the_journal(lived, resident):
    exported(resident)
    signed_in(resident).get(reverse("records:download_export")).getvalue()
    events = [entry.event for entry in journal.entries(resident_id=resident.pk, limit=3)]
    assert events == ["export_downloaded", "whole_vault_read", "export_asked"]


def test_two_requests_make_one_file(resident):
    one, two = (exports.ask(resident_id=resident.pk, by=resident.pk) for _ in range(2))
    assert one == two
    make_export(str(one.pk))
    make_export(str(one.pk))
    assert exports.ask(resident_id=resident.pk, by=resident.pk) != one, "asked again once it is done: a new one"
    with scope(resident=resident.pk):
        assert not Export.objects.get().stored_name, "and the former file is deleted"


def test_a_damaged_file_is_listed_and_does_not_stop_the_copy(lived, resident):
    with scope(resident=resident.pk):
        file = Paper.objects.latest("created_at").files.get()
    sealed_storage.inner.delete(file.stored_name)
    papers = rows(opened(resident), "papiers.jsonl")
    [without] = [one for paper in papers for one in paper["files"] if one["id"] == str(file.pk)]
    assert "path" not in without


def test_the_copy_does_not_count_towards_the_quota(resident):
    from core.files import quota

    before = quota.room(resident_id=resident.pk).used
    exported(resident)
    assert quota.room(resident_id=resident.pk).used == before


def test_the_copy_is_deleted_after_a_week(resident):
    export = exported(resident)
    with time_machine.travel(timezone.now() + timedelta(days=6, hours=23), tick=False):
        purge_exports()
        assert signed_in(resident).get(reverse("records:download_export")).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1), tick=False):
        assert signed_in(resident).get(reverse("records:download_export")).status_code == 404
        purge_exports()
    with scope(resident=resident.pk):
        assert not Export.objects.exists()
    assert not sealed_storage.inner.exists(export.stored_name)


def test_a_cancelled_copy_leaves_no_file(resident, folder):
    add_signed_notice(resident)
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    with scope(resident=resident.pk):
        Job.objects.filter(pk=job.pk).update(cancel_asked=True)
    make_export(str(job.pk))
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_another_person_cannot_ask_for_the_copy(resident, stranger):
    with pytest.raises(PermissionDenied):
        exports.ask(resident_id=resident.pk, by=stranger.pk)
    with pytest.raises(PermissionDenied):
        exports.download(export=exported(resident), by=stranger.pk)


def test_the_page_follows_the_copy_from_request_to_deletion(resident, settings):
    browser, page = signed_in(resident), reverse("records:take_away")
    assert "Préparer ma copie" in browser.get(page).content.decode()
    answer = browser.post(page)
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    assert answer["Location"] == reverse("job", args=[job.pk])
    assert "Nous préparons votre copie" in browser.get(page).content.decode()
    make_export(str(job.pk))
    assert "Télécharger la copie" in browser.get(page).content.decode()
    file = browser.get(reverse("records:download_export"))
    assert file["Content-Type"] == "application/zip" and "garant-" in file["Content-Disposition"]
    assert zipfile.ZipFile(io.BytesIO(file.getvalue())).testzip() is None
    assert browser.post(reverse("records:delete_export"))["Location"] == page
    assert "Préparer ma copie" in browser.get(page).content.decode()


@pytest.mark.parametrize("name", ["take_away", "download_export"])
def test_a_resident_who_signed_in_long_ago_signs_in_again(resident, name):
    exported(resident)
    browser = signed_in(resident)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        assert browser.get(reverse(f"records:{name}"))["Location"].startswith(reverse("account_reauthenticate"))
        assert browser.post(reverse("records:take_away"))["Location"].startswith(reverse("account_reauthenticate"))


def test_a_stranger_a_visitor_and_an_agent_get_nothing(resident, stranger, agent):
    exported(resident)
    url = reverse("records:download_export")
    assert signed_in(stranger).get(url).status_code == 404
    assert Client().get(url)["Location"].startswith("/connexion/")
    assert signed_in(agent).get(url).status_code == 403
