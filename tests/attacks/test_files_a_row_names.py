"""Whoever writes in the database which sealed file a row names gets no other file than that row's own."""

from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django_scopes import scope

from accounts.models import User
from core import rows
from core.files import resumable
from core.files.storage import sealed_storage
from services.dossiers.models import Dossier
from services.requests.enums import LetterKind
from services.requests.models import Letter
from tests.accounts.factories import signed_in
from tests.attacks.test_rows_put_back import sql
from tests.services.dossiers.test_by_link import ready
from tests.services.requests.made import finished, opened_office, sent
from tests.vault import scale
from tests.vault.lived import brought, exported
from tests.vault.made import add_signed_notice
from tests.vault.shown import address, entered, linked
from vault.records.actions import keep_file
from vault.records.models import PaperFile

pytestmark = pytest.mark.django_db(transaction=True)


def paper_name(resident: User) -> str:
    """Return the name of the file of a paper that was never shared."""
    scale.fill(resident, records=0, papers=1)
    with scope(resident=resident.pk):
        file = PaperFile.objects.get()
    with keep_file(resident_id=resident.pk, kind=PaperFile.FILE) as kept:
        kept.write(b"%PDF an identity card")
    with scope(resident=resident.pk):
        PaperFile.objects.filter(pk=file.pk).update(stored_name=kept.name)
    return kept.name


def other_dossier(resident: User) -> str:
    return str(ready(resident).stored_name)


def whole_copy(resident: User) -> str:
    return exported(resident).stored_name


def name_file(row: Any, name: str) -> None:
    """Make a row name another file, where the rows that name it do not matter."""
    sql("DELETE FROM records_export WHERE stored_name = %s AND id <> %s", name, row.pk)
    sql(f'UPDATE "{row._meta.db_table}" SET stored_name = %s WHERE id = %s', name, row.pk)


def served(answer: HttpResponseBase) -> bytes:
    if answer.status_code != 200:
        return b""
    return b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]


@pytest.mark.parametrize("other", [other_dossier, paper_name, whole_copy])
def test_a_link_to_a_dossier_serves_no_other_file(resident: User, other: Any) -> None:
    add_signed_notice(resident)
    shared = ready(resident)
    key = linked(resident, documents=[shared.pk])
    visitor = entered(key)
    assert served(visitor.get(address(key, "visit_document", shared.pk)))
    name_file(shared, other(resident))
    for reader in (visitor, signed_in(resident)):
        answer = reader.get(address(key, "visit_document", shared.pk))
        assert answer.status_code == 503
    with pytest.raises(rows.Forged):  # the archive breaks off
        served(visitor.get(address(key, "visit_all")))


def test_two_dossiers_that_exchange_their_files_are_refused(resident: User) -> None:
    first, second = ready(resident), ready(resident)
    sql("UPDATE dossiers_dossier SET stored_name = %s WHERE id = %s", second.stored_name, first.pk)
    sql("UPDATE dossiers_dossier SET stored_name = %s WHERE id = %s", first.stored_name, second.pk)
    browser = signed_in(resident)
    for dossier in (first, second):
        assert browser.get(reverse("dossiers:download", args=[dossier.pk])).status_code == 503


def test_a_dossier_that_is_sent_to_an_office_is_read_from_no_other_file(resident: User) -> None:
    shown, other = finished(resident), finished(resident)
    name_file(shown, other.stored_name)
    with pytest.raises(rows.Forged):
        sent(resident, opened_office(), shown)


def test_the_copy_of_the_vault_is_no_other_file(resident: User) -> None:
    export = exported(resident)
    name_file(export, paper_name(resident))
    assert signed_in(resident).get(reverse("records:download_export")).status_code == 503


def test_a_copy_from_elsewhere_is_no_other_file(resident: User) -> None:
    row = brought(resident)
    sql("UPDATE records_brought SET stored_name = %s WHERE id = %s", f"{paper_name(resident)}", row.pk)
    assert signed_in(resident).get(reverse("records:brought", args=[row.pk])).status_code == 503


def test_a_letter_about_a_request_is_no_other_file(resident: User) -> None:
    row = sent(resident, opened_office())
    with keep_file(resident_id=resident.pk, kind=Letter.FILE) as kept:
        kept.write(b"%PDF a letter")
    with scope(resident=resident.pk):
        letter = Letter.objects.create(
            resident_id=resident.pk, request=row, kind=LetterKind.RECEIPT, stored_name=kept.name, size=13
        )
    browser = signed_in(resident)
    url = reverse("requests:letter", args=[row.pk, letter.kind])
    assert served(browser.get(url)) == b"%PDF a letter"
    name_file(letter, paper_name(resident))
    assert browser.get(url).status_code == 503


def test_an_upload_is_joined_of_its_own_parts_alone(resident: User) -> None:
    upload = resumable.start(resident_id=resident.pk, length=21, metadata={"filename": "avis.pdf"})
    with scope(resident=resident.pk):
        resumable.receive(upload=upload, offset=0, chunks=iter([b"%PDF something longer"]))
    name = paper_name(resident)
    sql("UPDATE core_uploadpart SET stored_name = %s WHERE upload_id = %s", name, upload.pk)
    with pytest.raises(rows.Forged):
        resumable.join(resident_id=resident.pk, upload_id=upload.pk)


@pytest.mark.parametrize("column", ["title", "aids", "expires_at"])
def test_a_dossier_whose_row_was_written_is_neither_sent_nor_served(resident: User, column: str) -> None:
    values = {"title": "Autre aide", "aids": '["ville_sport"]', "expires_at": "2999-01-01"}
    dossier = finished(resident)
    sql(f"UPDATE dossiers_dossier SET {column} = %s WHERE id = %s", values[column], dossier.pk)
    with pytest.raises(rows.Forged):
        sent(resident, opened_office(), dossier)
    assert signed_in(resident).get(reverse("dossiers:download", args=[dossier.pk])).status_code == 503


def test_a_file_of_one_kind_does_not_open_as_another(resident: User) -> None:
    """Not even to who has the key: the kind is sealed with it."""
    export, dossier = exported(resident), ready(resident)
    for name, kind in ((export.stored_name, Dossier.FILE), (dossier.stored_name, type(export).FILE)):
        with pytest.raises(Exception, match=name):
            sealed_storage.open(name, resident_id=resident.pk, kind=kind)
