"""A vault with one of each thing in it, for the tests of the copy and of closing."""

from typing import Any
from uuid import uuid4

from django.test import override_settings
from django.utils import timezone
from django_scopes import scope

from accounts.actions.sheets import LASTS
from accounts.models import Sheet
from core import jobs
from core.messages import phones
from demo.holders import reach
from services.dossiers.actions import dossiers
from services.dossiers.actions import parts as actions_parts
from services.dossiers.models import Dossier
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, signed_in
from tests.services.dossiers.made import built, fill
from tests.vault.at_desk import visited
from tests.vault.couples import couple, shared
from tests.vault.entrusted import entrusted, help_of, said
from tests.vault.made import NOTICE, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import INCOME, linked
from tests.vault.urgent import offered, opened
from vault.holders.actions import connections
from vault.holders.actions.requests import start_request
from vault.journal.actions import alerts, contests
from vault.records import actions
from vault.records.actions import exports
from vault.records.actions.files import keep_file
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Brought, Export, Holder, Paper
from vault.records.tasks import make_export
from vault.sharing.actions import asking, links
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.enums import AskedFor


def live(resident: Any) -> Any:
    """Fill the vault. Return the partner. The dossier is no PDF: its file is only moved, counted and deleted."""
    paper_kinds.load()
    holder_catalogue.load()
    kept = _keep_papers_and_records(resident)
    dossier = built(resident, drawn=False)
    partner = ResidentFactory(name="Yann")
    couple(resident, partner)
    actions_parts.ask(dossier=dossiers.start(resident_id=partner.pk, aids=["rsa"]), by=partner.pk)
    shared(resident, partner, "people", "address")
    shared(partner, resident, "address")
    actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    caf = Holder.objects.get(code="caf")
    start_request(resident_id=resident.pk, by=resident.pk, holder=caf, right="access", parts={"name": "Nadia"})
    with override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1")):
        connections.connect(
            resident_id=resident.pk, by=resident.pk, holder="caf", datasets=["quotient"], unattended=True
        )
    help_of(resident)
    phones.keep(resident_id=resident.pk, by=resident.pk, number="+33639980001")
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    _give_access(resident, kept, dossier)
    in_a_year = timezone.now() + LASTS
    Sheet.objects.create(
        person=resident, number=1, code_hash="0" * 64, expires_at=in_a_year, claimed_at=timezone.now()
    )
    alerts.choose_alerts(resident_id=resident.pk, by=resident.pk, readings=True, refusals=False)
    return partner


def _keep_papers_and_records(resident: Any) -> Paper:
    """Return the paper that is kept."""
    browser = signed_in(resident)
    fill(resident)
    kept = uploaded(browser, resident, notice_pdf(income_year=2024), name="avis d’impôt : 2024.pdf")
    actions.confirm_paper(paper=kept, by=resident.pk)
    uploaded(browser, resident, notice_pdf(income_year=2023), name="../avis.pdf")
    changed = add_signed_notice(resident, annee_revenus=2022)
    actions.correct_record(
        record=changed, by=resident.pk, payload={**NOTICE, "annee_revenus": 2022, "revenu_fiscal_reference": 11000}
    )
    gone = add_signed_notice(resident, annee_revenus=2021)
    actions.withdraw_record(record=gone, by=resident.pk)
    return kept


def _give_access(resident: Any, paper: Paper, dossier: Dossier) -> None:
    """Give access to a companion, by a link, in an emergency and at the desk."""
    companion = CompanionFactory()
    entrusted(resident, companion, "family")
    said(resident, "family")
    asking.ask(
        companion=companion,
        address=resident.email,
        items=["family"],
        purpose=AskedFor.REVIEW,
        length=next(iter(AGREEMENT.lengths)),
    )
    key = linked(resident, INCOME, papers=[paper.pk], documents=[dossier.pk])
    links.enter(link=key.link, typed=key.code)
    offered()
    opened(AgentFactory(), AgentFactory(), resident)
    visited(resident, "family")


def contest(resident: Any) -> None:
    from core import journal

    [entry] = journal.entries(resident_id=resident.pk, limit=1)
    contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=entry.id, message="Je ne comprends pas.")


def exported(resident: Any) -> Export:
    job = exports.ask(resident_id=resident.pk, by=resident.pk)
    make_export(str(job.pk))
    with scope(resident=resident.pk):
        job.refresh_from_db()
        assert job.state == jobs.State.DONE, (job.state, job.problem)
        return Export.objects.get()


def brought(resident: Any) -> Brought:
    """Create a row as the import of a copy leaves it."""
    with keep_file(resident_id=resident.pk, kind=Brought.FILE) as file:
        file.write(b"PK")
    row = Brought(pk=uuid4(), resident_id=resident.pk, manifest_sha256="0" * 64, stored_name=file.name, size=2)
    note = {
        "city": "Ailleurs",
        "portal": "https://ailleurs.example",
        "made_at": "2026-01-02T03:04:05+00:00",
        "journal_lines": 3,
        "signed": True,
    }
    row.content = actions.seal_note(resident_id=resident.pk, place=row.place, note=note)
    with scope(resident=resident.pk):
        row.save(force_insert=True)
    return row
