"""Services as recipients of grants: the label is looked at in each reading, under the service's own lock."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from certification.labels.enums import PREFIX, LabelState
from certification.labels.models import Label, LabelPurpose, PurposeVersion, Service
from certification.labels.models.service import lock_key
from core.journal import register
from core.models import RegisterEntry
from core.templatetags.civic import long_date
from vault.records.enums import RefusalCode
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipients import Contact, Halt
from vault.records.grants.terms import Terms
from vault.records.models import Grant


def label_for(service_id: UUID, version_id: UUID) -> Label | None:
    """Return the label in force that allows this version of a purpose to the service, or None. Cost: one query.

    Raises:
        Forged: the portal did not write the label, what it allows, or that its publisher is not closed.
    """
    labels = Label.objects.in_force().filter(service=service_id)
    allowed = LabelPurpose.objects.filter(label__in=labels, version=version_id)
    allowed = allowed.select_related("label__service__publisher")
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
    """Return why the city does not allow the grant's purpose to this service now, or None. Call it under `lock_of`."""
    prefix, _colon, id = grant.agreement.partition(":")
    if prefix == PREFIX and may_ask(grant.recipient_id, UUID(id), grant.resident_id):
        return None
    return RefusalCode.WITHDRAWN if withdrawn_label(grant) else RefusalCode.LABEL


def withdrawn_label(grant: Grant) -> Label | None:
    """Return the label that the city withdrew after this grant was given, or None. It ended the grant for good."""
    since = Label.objects.filter(service=grant.recipient_id, withdrawn_at__gte=grant.starts_at)
    return since.select_related("service__publisher").defer("snapshot").order_by("withdrawn_at").first()


def lock_of(grant: Grant) -> int:
    return lock_key(grant.recipient_id)


def halts(grants: Sequence[Grant]) -> dict[UUID, Halt]:
    """Return those of these grants that no label in force allows, each with the city's reasons. Cost: three queries.

    Their `refusal` would be the same; the gate alone decides.
    """
    asked = {grant.pk: UUID(grant.agreement.partition(":")[2]) for grant in grants}
    rows = LabelPurpose.objects.filter(version__in=asked.values()).select_related("label__service__publisher")
    labels: dict[UUID, list[Label]] = {}
    for row in rows.order_by("-label__valid_from").defer("label__snapshot"):
        labels.setdefault(row.version_id, []).append(row.label)
    allowed = set(Label.objects.in_force().filter(allowed__version__in=asked.values()).values_list("pk", flat=True))
    found: dict[UUID, Label] = {}
    for pk, version in asked.items():
        known = labels.get(version, [])
        if known and not any(label.pk in allowed for label in known):
            found[pk] = next((label for label in known if label.stands), known[0])
    reasons = _reasons({label.service_id for label in found.values()})
    return {pk: _halt(label, reasons) for pk, label in found.items()}


def revoked(grant: Grant) -> Halt | None:
    """Return why the city ended a grant: it withdrew the label."""
    label = withdrawn_label(grant)
    return _halt(label, _reasons({label.service_id})) if label else None


def _halt(label: Label, told: Mapping[tuple[UUID, str], str]) -> Halt:
    href = reverse("labels:label", args=[label.number])
    if label.withdrawn_at is not None:
        text = _(
            "Depuis le %(day)s, ce service ne peut plus rien lire, et votre accord prend fin. La ville lui demande "
            "d’effacer ce qu’il a lu. Raison : %(reasons)s"
        ) % {"day": long_date(label.withdrawn_at), "reasons": told.get((label.service_id, "label_withdrawn"), "")}
        return Halt(_("Retiré par la ville"), text, href)
    if label.state != LabelState.SUSPENDED or label.suspended_at is None:
        text = _("Ce service ne lit plus rien. Votre accord reste jusqu’à sa fin : vous pouvez l’arrêter.")
        return Halt(_("Plus vérifié"), text, href)
    text = _("Depuis le %(day)s, ce service ne lit plus rien. Raison : %(reasons)s") % {
        "day": long_date(label.suspended_at),
        "reasons": told.get((label.service_id, "label_suspended"), ""),
    }
    return Halt(_("Suspendu par la ville"), text, href)


def _reasons(services: Collection[UUID]) -> dict[tuple[UUID, str], str]:
    """Return the reasons of each service's last suspension and withdrawal, as the register has them."""
    events = ("label_suspended", "label_withdrawn")
    written = RegisterEntry.objects.filter(kind="label", subject_id__in=services, event__in=events)
    told = register.believed(written.order_by("number"))
    return {(one.subject_id, one.event): str(one.content.get("reasons", "")) for one in told}


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
