"""Purposes tried in the sandbox before there is a label: what a publisher's request says today, asked of personas."""

from certification.labels import agreements
from certification.labels.actions import granting
from certification.labels.models import LabelRequest, Purpose, PurposeVersion, Service


def purposes_of(service: Service) -> list[Purpose]:
    """Return the purposes of the service's request that is under way, if there is one."""
    request = LabelRequest.objects.open().filter(service=service).order_by("-created_at").first()
    return list(request.purposes.prefetch_related("fields", "papers")) if request else []


def version_of(purpose: Purpose) -> PurposeVersion:
    """Return the purpose as it is described today, frozen. No label names it, so it opens no resident's vault.

    If a label is granted for the same words, it takes the same version.
    """
    return granting.version_of(agreements.frozen(purpose, purpose.request.service), purpose.request.service)
