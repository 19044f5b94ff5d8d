"""What follows a decision: a label with its frozen text, or a refusal in the register. `actions.requests` calls it."""

import json
from pathlib import Path
from typing import Any

from django.utils import timezone

from certification.labels import agreements
from certification.labels.models import Label, LabelPurpose, LabelRequest, PurposeVersion, Service
from certification.labels.models.label import sha256_of
from core.journal import register
from vault.records.actions.grants import months_later

#: What the publisher and the city promise each other: in each label's frozen text.
AGREEMENT = Path(__file__).parents[1] / "content" / "agreement.json"


def grant_label(request: LabelRequest) -> Label:
    """Make the label of an accepted request. The former label of the service stands until its own end.

    A purpose that is the same as before keeps its version, so that the grants of residents go on.

    Raises:
        Forged: the charter's criteria are not those that were published.
    """
    request.charter.require_whole()
    service, now = request.service, timezone.now()
    versions = [version_of(agreements.frozen(purpose, service), service) for purpose in _purposes(request)]
    number = f"L{request.number[1:]}"
    snapshot = _snapshot(request, number, versions)
    label = Label.objects.create(
        number=number,
        service=service,
        request=request,
        valid_from=now,
        valid_until=months_later(now, request.months or 0),
        snapshot=snapshot,
        sha256=sha256_of(snapshot),
    )
    for version in versions:
        LabelPurpose.objects.create(label=label, version=version)
    content = _public(request) | {
        "label": number,
        "sha256": label.sha256,
        "valid_until": label.valid_until.isoformat(),
        "reasons": request.reasons,
    }
    register.write(kind="label", subject_id=service.pk, event="label_granted", content=content)
    return label


def note_refusal(request: LabelRequest) -> None:
    content = _public(request) | {"reasons": request.reasons, "remedies": request.remedies}
    register.write(kind="label", subject_id=request.service_id, event="label_refused", content=content)


def _purposes(request: LabelRequest) -> list[Any]:
    return list(request.purposes.prefetch_related("fields", "papers"))


def version_of(content: dict[str, Any], service: Service) -> PurposeVersion:
    """Return the version of a purpose with these words; freeze one if there is none."""
    sha256 = sha256_of(content)
    found = PurposeVersion.objects.filter(service=service, sha256=sha256).first()
    return found or PurposeVersion.objects.create(service=service, content=content, sha256=sha256)


def _public(request: LabelRequest) -> dict[str, Any]:
    """Return what each entry about a request says. It names no person."""
    return {
        "request": request.number,
        "service": request.service.name,
        "publisher": request.service.publisher.name,
        "charter": request.charter.number,
    }


def _snapshot(request: LabelRequest, number: str, versions: list[PurposeVersion]) -> dict[str, Any]:
    service, publisher = request.service, request.service.publisher
    return {
        "label": number,
        "request": request.number,
        "charter": {"version": request.charter.number, "sha256": request.charter.sha256},
        "service": {"name": service.name, "summary": service.summary, "url": service.url, "price": service.price},
        "publisher": {"name": publisher.name, "siret": publisher.siret},
        "privacy_url": request.privacy_url,
        "hosting": request.hosting,
        "subprocessors": request.subprocessors.splitlines(),
        "data_contact": request.data_contact,
        "purposes": [{"id": str(one.pk), "sha256": one.sha256, **one.content} for one in versions],
        "answers": [
            {"code": one.criterion.code, "verdict": one.verdict, "text": one.text, "proof_url": one.proof_url}
            for one in request.answers.select_related("criterion")
        ],
        "reviews": [
            {"code": one.criterion.code, "verdict": one.verdict, "text": one.text}
            for one in request.reviews.select_related("criterion")
        ],
        "opinion": request.opinion,
        "reasons": request.reasons,
        "months": request.months,
        "agreement": json.loads(AGREEMENT.read_text(encoding="utf-8")),
    }
