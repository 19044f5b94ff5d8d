"""Fictional papers, sent as a browser sends them, and the worker's part of an upload."""

from datetime import date
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django_scopes import scope

from core.models import Job
from demo.papers import specimens
from vault.records.models import Paper
from vault.records.tasks import read_paper

NADIA = specimens.Holder(family_name="Kervella", given_name="Nadia", title="Mme", number="0123456789012")
BRUNO = specimens.Holder(family_name="Lassalle", given_name="Bruno", number="0123456789013")
HOME = specimens.Home(street="14 rue des Tanneries")


def notice_pdf(holder=NADIA, *, income_year=2025, income=12312, parts="2.5", **more) -> bytes:
    return specimens.tax_notice(
        declarants=[holder],
        home=HOME,
        income_year=income_year,
        income=income,
        parts=Decimal(parts),
        issued_on=date(income_year + 1, 7, 31),
        **more,
    )


def send(client, content: bytes, *, kind="", name="avis.pdf", token="", address="records:add_paper", args=()):
    """Post a file as a browser does, with the form's own token unless the test gives one."""
    url = reverse(address, args=args)
    token = token or client.get(url).context["form"].initial["token"]
    return client.post(url, {"kind": kind, "token": token, "file": SimpleUploadedFile(name, content)})


def work(resident) -> None:
    """Run the waiting jobs that read papers, as the worker does."""
    with scope(resident=resident.pk):
        waiting = list(Job.objects.filter(state=Job.State.WAITING, kind="read_paper"))
    for job in waiting:
        read_paper(str(job.pk))


def the_paper(resident) -> Paper:
    with scope(resident=resident.pk):
        return Paper.objects.latest("created_at")


def uploaded(client, resident, content: bytes, **more) -> Paper:
    assert send(client, content, **more).status_code == 302
    work(resident)
    return the_paper(resident)


def quotient_pdf() -> bytes:
    """Return an attestation without a code, as a benefits office prints it."""
    return specimens.benefits_statement(
        person=NADIA,
        home=HOME,
        month=date(2026, 11, 1),
        issued_on=date(2026, 11, 3),
        lines=[("Allocations", Decimal("151.00"))],
        quotient=526,
    )
