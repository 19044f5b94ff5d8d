"""A job builds a dossier completely or not at all, once, and without the needs that its resident leaves out."""

import io
import json
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pikepdf
import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import jobs, journal
from core.files.storage import sealed_storage
from core.keys import sealed
from core.models import Job
from services.dossiers import tasks
from services.dossiers.actions import building
from services.dossiers.actions import dossiers as actions
from services.dossiers.enums import Choice, State
from services.dossiers.models import Dossier, Seal
from services.dossiers.pdf.build import build as draw
from tests.services.dossiers.made import add_paper, built, fill, fresh, pdf_of, start, work
from tests.telling import tells
from tests.vault.made import IDENTITY, add, add_signed_notice
from tests.vault.sending import notice_pdf
from vault.readers import Unreadable, sandbox
from vault.records.actions import Source, Subject, add_record, delete_paper, withdraw_record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def data_of(pdf: bytes) -> Any:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return json.loads(opened.Root.AF[0].EF.F.read_bytes())


def stored_files() -> set[str]:
    root = sealed_storage.inner.path("")
    return {str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file()}


@pytest.fixture
def awa(resident):
    fill(resident)
    return resident


def test_a_dossier_holds_the_values_their_origin_and_the_papers(awa):
    add_paper(awa, "avis_impot", content=notice_pdf())
    add_paper(awa, "rib")
    dossier = built(awa, "rsa")
    assert dossier.state == State.READY
    data = data_of(pdf_of(dossier))
    incomes = [value for value in data["values"] if value["field"] == "fiscal.avis_ir#/revenu_fiscal_reference"]
    assert [(value["text"], value["assurance"]) for value in incomes] == [("12\u00a0312\u00a0€", "verified")]
    assert [paper["kind"] for paper in data["papers"]] == ["avis_impot", "rib"]
    assert dossier.paper_pages == 2
    assert dossier.job.state == Job.State.DONE


OF_AN_INTERVIEW: Any = {
    "allocataires": [
        {"nom_naissance": "", "prenoms": "Moi"},
        {"nom_naissance": "", "prenoms": "Mon conjoint", "date_naissance": "1985-06-01"},
    ],
    "enfants": [{"nom_naissance": "", "prenoms": "Enfant 1", "date_naissance": "2017-05-12"}],
}


def test_a_dossier_is_named_by_the_civil_status_or_says_that_there_is_none(resident):
    own = {"id": str(resident.pk), **OF_AN_INTERVIEW["allocataires"][0]}
    add(resident, "foyer.composition", OF_AN_INTERVIEW | {"allocataires": [own, OF_AN_INTERVIEW["allocataires"][1]]})
    add_signed_notice(resident)
    data = data_of(pdf_of(built(resident, "rsa")))
    assert data["applicant"] == "la personne qui demande (état civil non fourni)"
    sheets = {sheet["title"]: sheet["lines"] for sheet in data["sheets"]}
    assert sheets["Demandeur"] == {"État civil": "Non fourni"}
    assert sheets["Enfant"] == {"État civil": "Non fourni", "Date de naissance": "12\u00a0mai 2017"}
    assert sheets["Conjoint"]["État civil"] == "Non fourni"
    assert not any(word in json.dumps(data, ensure_ascii=False) for word in ('"Moi"', "Mon conjoint", "Enfant 1"))
    add(resident, "identite.pivot", IDENTITY)
    data = data_of(pdf_of(built(resident, "rsa")))
    assert data["applicant"] == "Nadia Kervella"
    assert {"title": "Demandeur"}.items() <= data["sheets"][0].items() and data["sheets"][0]["lines"][
        "Prénom"
    ] == "Nadia"


def test_a_sealed_dossier_is_refused_as_a_paper_of_anybody(awa):
    dossier = io.BytesIO(pdf_of(built(awa)))
    with pytest.raises(Unreadable) as refused:
        sandbox.read(dossier, trust_test_authority=False)
    assert refused.value.code == "sealed_dossier" and "pas un papier" in refused.value.sentence


def test_its_seal_is_public_and_names_nobody(awa):
    dossier = built(awa)
    seal = Seal.objects.get()
    assert dossier.seal == seal
    assert seal.valid
    named = {field.name for field in Seal._meta.get_fields()}
    assert named == {
        "id",
        "code",
        "data_hash",
        "file_hash",
        "issuer",
        "pages",
        "issued_at",
        "expires_at",
        "revoked_at",
        "mac",
    }
    with pikepdf.open(io.BytesIO(pdf_of(dossier))) as opened:
        assert seal.code in str(opened.Root.AcroForm.Fields[0].V.Reason)


REASON = {
    "texte": "Vos ressources sont sous la limite.",
    "valeur": "526",
    "seuil": "650",
    "unite": "€",
    "ok": True,
    "loi": "L262-2",
}
RESULTS = {
    "periode": "2026-11",
    "moteur": "essai",
    "empreinte": "ab",
    "resultats": [
        {
            "code": "rsa",
            "titre": "RSA",
            "montant": "412.00",
            "unite": "mois",
            "statut": "eligible",
            "raisons": [REASON],
        },
        {"code": "aah", "titre": "AAH", "statut": "not_eligible", "raisons": []},
    ],
}


def add_result(resident, payload):
    subject = Subject(type="calcul.resultat", person=resident.pk)
    source = Source(holder="service", method="derived")
    return add_record(resident_id=resident.pk, by=resident.pk, subject=subject, payload=payload, source=source)


def test_the_computation_comes_from_the_vault_with_its_reasons(awa):
    add_result(awa, RESULTS)
    [computation] = data_of(pdf_of(built(awa, "rsa")))["computations"]
    assert computation["result"] == "412\u00a0€ par mois"
    assert computation["reasons"][0]["figure"] == "526\u00a0€"
    assert computation["reasons"][0]["law"] == "L262-2"


@pytest.fixture
def grant(awa):
    """Add a record that the computation uses and the dossier does not require."""
    payload = {"date_rentree": "2026-09-01", "est_boursier": True, "echelon": "3"}
    subject = Subject(type="etudes.bourse", person=awa.pk)
    record = add_record(resident_id=awa.pk, by=awa.pk, subject=subject, payload=payload)
    payload = {**RESULTS, "entrees": [{"record_id": str(record.pk)}]}
    add_result(awa, payload)
    return record


def test_a_computation_from_a_value_withdrawn_since_is_not_joined(awa, grant):
    assert data_of(pdf_of(built(awa, "rsa")))["computations"]
    withdraw_record(record=grant, by=awa.pk)
    assert data_of(pdf_of(built(awa, "rsa")))["computations"] == []


def test_a_value_of_the_computation_withdrawn_meanwhile_stops_the_dossier(awa, grant, monkeypatch):
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)

    def withdraw_while_drawing(*args, **kwargs):
        withdraw_record(record=grant, by=awa.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", withdraw_while_drawing)
    work()
    assert fresh(dossier).job.problem == "changed"


def test_what_is_left_out_is_not_in_the_file_and_does_not_block(awa):
    add_paper(awa, "rib")
    dossier = start(awa, "rsa")
    actions.choose(dossier=dossier, by=awa.pk, key="paper:rib:applicant", choice=Choice.LEFT_OUT)
    actions.choose(dossier=dossier, by=awa.pk, key="values:fiscal.avis_ir", choice=Choice.LEFT_OUT)
    actions.build(dossier=dossier, by=awa.pk)
    work()
    data = data_of(pdf_of(fresh(dossier)))
    assert data["papers"] == []
    assert not [value for value in data["values"] if value["field"].startswith("fiscal.")]
    assert any("bancaire" in name or "RIB" in name for name in data["left_out"])


def test_value_left_out_does_not_reappear_in_the_computation(awa):
    add_result(awa, RESULTS)
    dossier = start(awa, "rsa")
    actions.choose(dossier=dossier, by=awa.pk, key="values:fiscal.avis_ir", choice=Choice.LEFT_OUT)
    actions.build(dossier=dossier, by=awa.pk)
    work()
    pdf = pdf_of(fresh(dossier))
    assert data_of(pdf)["computations"] == []
    assert not tells(json.dumps(data_of(pdf)), "526")


def test_two_choices_made_at_the_same_moment_are_both_kept(awa):
    dossier = start(awa, "rsa")
    one, other = fresh(dossier), fresh(dossier)
    actions.choose(dossier=one, by=awa.pk, key="values:fiscal.avis_ir", choice=Choice.LEFT_OUT)
    actions.choose(dossier=other, by=awa.pk, key="paper:rib:applicant", choice=Choice.LEFT_OUT)
    actions.write_letter(dossier=one, by=awa.pk, text="Ma lettre.")
    note = actions.read_note(fresh(dossier))
    assert note == {
        "choices": {"values:fiscal.avis_ir": "left_out", "paper:rib:applicant": "left_out"},
        "letter": "Ma lettre.",
    }


def test_an_empty_vault_still_gives_a_dossier(resident):
    assert built(resident, "rsa").state == State.READY


def test_asking_twice_gives_one_job_and_one_file(awa):
    dossier = start(awa)
    first = actions.build(dossier=dossier, by=awa.pk)
    assert actions.build(dossier=dossier, by=awa.pk) == first
    work(drawn=False)
    assert Seal.objects.count() == 1
    with pytest.raises(actions.AlreadyBuilt):
        actions.build(dossier=fresh(dossier), by=awa.pk)


def test_a_message_that_comes_twice_builds_once(awa):
    dossier = start(awa)
    job = actions.build(dossier=dossier, by=awa.pk)
    work(drawn=False)
    before = stored_files()
    tasks.build(str(job.pk))
    assert Seal.objects.count() == 1
    assert stored_files() == before


def test_stranger_cannot_act_on_a_dossier(awa, stranger):
    dossier = start(awa)
    for act in (
        lambda: actions.build(dossier=dossier, by=stranger.pk),
        lambda: actions.choose(dossier=dossier, by=stranger.pk, key="x", choice=Choice.LEFT_OUT),
        lambda: actions.write_letter(dossier=dossier, by=stranger.pk, text="x"),
        lambda: actions.cancel(dossier=dossier, by=stranger.pk),
        lambda: actions.delete(dossier=dossier, by=stranger.pk),
        lambda: actions.download(dossier=dossier, by=stranger.pk),
        lambda: actions.again(dossier=dossier, by=stranger.pk, token=uuid4()),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert fresh(dossier).note is None
    assert fresh(dossier).job is None


def test_cancelled_build_publishes_nothing(awa, monkeypatch):
    dossier = start(awa)
    actions.build(dossier=dossier, by=awa.pk)
    before = stored_files()

    def cancel_while_drawing(*args, **kwargs):
        actions.cancel(dossier=fresh(dossier), by=awa.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", cancel_while_drawing)
    work()
    row = fresh(dossier)
    assert (row.state, row.job.state, row.stored_name) == (State.DRAFT, Job.State.CANCELLED, "")
    assert not Seal.objects.exists()
    assert stored_files() == before


class Killed(BaseException):
    """The end of the worker's process."""


@pytest.mark.parametrize("moment", ["keep_file", "_lock", "_record"])
def test_killed_build_publishes_nothing_and_runs_again(awa, monkeypatch, moment):
    dossier = start(awa)
    job = actions.build(dossier=dossier, by=awa.pk)

    def die(*args, **kwargs):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(building, moment, die)
        with pytest.raises(Killed):
            work()
    row = fresh(dossier)
    assert (row.state, row.stored_name) == (State.DRAFT, "")
    assert not Seal.objects.exists()
    assert "dossier_built" not in [line.event for line in journal.entries(resident_id=awa.pk, limit=100)]
    assert row.job.pk == job.pk
    assert row.job.active
    work()
    assert fresh(dossier).state == State.READY
    assert Seal.objects.count() == 1


def test_process_stopped_after_the_commit_keeps_the_published_file(awa, monkeypatch):
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)

    @contextmanager
    def committed_then_stopped():
        with transaction.atomic():
            yield
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(building, "transaction", SimpleNamespace(atomic=committed_then_stopped))
    work()
    row = fresh(dossier)
    assert (row.state, row.job.state) == (State.READY, Job.State.DONE)
    assert pdf_of(row).startswith(b"%PDF")


def test_a_paper_deleted_meanwhile_is_not_published(awa, monkeypatch):
    paper = add_paper(awa, "rib")
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)

    def delete_while_drawing(*args, **kwargs):
        delete_paper(paper=paper, by=awa.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", delete_while_drawing)
    work()
    row = fresh(dossier)
    assert (row.state, row.job.state, row.job.problem) == (State.DRAFT, Job.State.FAILED, "changed")
    assert not Seal.objects.exists()


def test_choice_made_during_the_build_counts(awa, monkeypatch):
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)

    def choose_while_drawing(*args, **kwargs):
        actions.choose(dossier=fresh(dossier), by=awa.pk, key="values:fiscal.avis_ir", choice=Choice.LEFT_OUT)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", choose_while_drawing)
    work()
    assert fresh(dossier).job.problem == "changed"


def test_unreadable_paper_is_explained(awa, monkeypatch):
    add_paper(awa, "rib")
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)

    def unreadable(*args, **kwargs):
        raise Unreadable("damaged")

    monkeypatch.setattr("services.dossiers.content.imaging.sandbox.pages", unreadable)
    work()
    job = fresh(dossier).job
    assert (job.state, job.problem) == (Job.State.FAILED, "paper_unreadable")
    assert "papiers" in str(jobs.kind_of(job).problems[job.problem])


def test_without_the_citys_key_nothing_is_issued(awa, settings, tmp_path):
    settings.SEAL_KEY, settings.MAKE_SEAL_KEY = tmp_path / "none.p12", False
    dossier = start(awa)
    actions.build(dossier=dossier, by=awa.pk)
    work()
    assert fresh(dossier).job.problem == "no_seal_key"
    assert not Seal.objects.exists()


def test_too_many_pages_are_refused_before_any_is_drawn(awa, monkeypatch):
    monkeypatch.setattr(building, "MAX_PAGES", 3)
    add_paper(awa, "rib")
    dossier = start(awa, "rsa")
    actions.build(dossier=dossier, by=awa.pk)
    work()
    assert fresh(dossier).job.problem == "too_many_pages"


def test_deleting_takes_the_file_and_the_row_and_leaves_a_revoked_seal(awa):
    dossier = built(awa, drawn=False)
    assert dossier.stored_name in stored_files()
    actions.delete(dossier=dossier, by=awa.pk)
    with scope(resident=awa.pk):
        assert not Dossier.objects.exists()
    assert dossier.stored_name not in stored_files()
    assert Seal.objects.get().revoked_at is not None
    actions.delete(dossier=dossier, by=awa.pk)
    events = [line.event for line in journal.entries(resident_id=awa.pk, limit=100)]
    assert events.count("dossier_deleted") == 1


def test_deleting_while_it_is_built_stops_the_work(awa, monkeypatch):
    dossier = start(awa)
    actions.build(dossier=dossier, by=awa.pk)

    def delete_while_drawing(*args, **kwargs):
        actions.delete(dossier=fresh(dossier), by=awa.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", delete_while_drawing)
    work()
    with scopes_disabled():
        assert not Dossier.objects.exists()
        assert Job.objects.filter(kind="dossier").get().state == Job.State.CANCELLED
    assert not Seal.objects.exists()


def test_purge_deletes_expired_dossiers_only(awa, time_machine):
    time_machine.move_to(timezone.now())
    old = built(awa, drawn=False)
    time_machine.shift(timedelta(days=200))
    young = built(awa, drawn=False)
    time_machine.shift(timedelta(days=166))
    assert actions.purge() == 1
    with scope(resident=awa.pk):
        assert list(Dossier.objects.values_list("pk", flat=True)) == [young.pk]
    assert old.stored_name not in stored_files()
    assert actions.purge() == 0


def test_a_new_version_keeps_the_letter_and_the_choices_and_leaves_the_first_alone(awa):
    dossier = start(awa, "rsa")
    actions.write_letter(dossier=dossier, by=awa.pk, text="Ma lettre.")
    actions.build(dossier=dossier, by=awa.pk)
    work(drawn=False)
    token = uuid4()
    copy = actions.again(dossier=fresh(dossier), by=awa.pk, token=token)
    assert actions.again(dossier=fresh(dossier), by=awa.pk, token=token).pk == copy.pk
    assert copy.pk != dossier.pk
    assert actions.read_note(copy)["letter"] == "Ma lettre."
    assert fresh(dossier).state == State.READY


def test_built_dossier_cannot_change(awa):
    dossier = built(awa, drawn=False)
    with pytest.raises(actions.AlreadyBuilt):
        actions.write_letter(dossier=dossier, by=awa.pk, text="Autre")
    with pytest.raises(actions.AlreadyBuilt):
        actions.choose(dossier=dossier, by=awa.pk, key="x", choice=Choice.LEFT_OUT)


def test_every_reading_is_in_the_journal_and_the_chain_holds(awa):
    add_paper(awa, "rib")
    dossier = built(awa, "rsa")
    pdf_of(dossier)
    events = [line.event for line in journal.entries(resident_id=awa.pk, limit=100)]
    assert events.count("dossier_built") == 1
    assert {"read", "papers_read", "file_opened"} <= set(events)
    assert journal.verify(resident_id=awa.pk).bad == []


def test_note_is_encrypted_in_its_row(awa):
    dossier = start(awa)
    actions.write_letter(dossier=dossier, by=awa.pk, text="CANARI-LETTRE")
    row = fresh(dossier)
    assert row.note
    assert b"CANARI" not in bytes(row.note)
    assert actions.read_note(row)["letter"] == "CANARI-LETTRE"


def test_a_note_sealed_for_one_dossier_does_not_open_in_another(awa):
    first, second = start(awa), start(awa, "rsa")
    actions.write_letter(dossier=first, by=awa.pk, text="secret")
    second.note, second.note_version = first.note, first.note_version
    with pytest.raises(sealed.Unreadable):
        actions.read_note(second)
