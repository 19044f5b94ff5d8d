"""Services as recipients of grants: the label is looked at in each reading, under the service's own lock."""

from uuid import UUID

from django.core.exceptions import PermissionDenied

from accounts.models import User
from certification.labels.enums import PREFIX
from certification.labels.models import Label, LabelPurpose, PurposeVersion, Service
from certification.labels.models.service import lock_key
from vault.records.enums import RefusalCode
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipients import Contact
from vault.records.grants.terms import Terms
from vault.records.models import Grant


def label_for(service_id: UUID, version_id: UUID) -> Label | None:
    """Return the label in force that allows this version of a purpose to the service, or None. Cost: one query.

    Raises:
        Forged: the portal did not write the label, or what it allows.
    """
    labels = Label.objects.in_force().filter(service=service_id)
    allowed = LabelPurpose.objects.filter(label__in=labels, version=version_id).select_related("label")
    found = allowed.defer("label__snapshot").first()
    return found.label if found else None


def may_ask(service_id: UUID, version_id: UUID, resident_id: UUID) -> bool:
    """Return whether a service may ask this resident for this version of a purpose, and read under their grant.

    A label in force must allow it. A persona may be asked without one, for the service's own purposes: developers try
    what they describe in their request.
    """
    if label_for(service_id, version_id) is not None:
        return True
    is_persona = User.objects.filter(pk=resident_id, is_persona=True).exists()
    return is_persona and PurposeVersion.objects.filter(pk=version_id, service=service_id).exists()


def refusal(grant: Grant) -> RefusalCode | None:
    """Return that no label in force allows the grant's purpose to this service. Call it under `lock_of`."""
    prefix, _colon, id = grant.agreement.partition(":")
    if prefix != PREFIX or not may_ask(grant.recipient_id, UUID(id), grant.resident_id):
        return RefusalCode.LABEL
    return None


def lock_of(grant: Grant) -> int:
    return lock_key(grant.recipient_id)


def contact(grant: Grant) -> Contact:
    """Return the service's publisher, and whom its last label names for questions about data."""
    service = Service.objects.select_related("publisher").get(pk=grant.recipient_id)
    label = Label.objects.filter(service=service).order_by("-valid_from").first()
    officer = str(label.text["data_contact"]) if label else ""
    return Contact((service.name, service.publisher.name, f"SIRET {service.publisher.siret}"), officer)


def never_again(former: Grant, agreement: Agreement, terms: Terms, seen: str) -> Grant:
    """Refuse to renew (`RecipientKind.give`): a service asks on its own page, with the values of that day.

    Raises:
        PermissionDenied: always.
    """
    raise PermissionDenied
