"""The holders whose data a request asks for: those that the city has an address for are told."""

from collections.abc import Iterator
from dataclasses import dataclass

from certification.labels.models import HolderContact, LabelRequest, PurposeField
from vault import types


@dataclass(frozen=True)
class Asked:
    """A holder, and the labels of its data that a request asks for."""

    contact: HolderContact
    data: list[str]


def asked(request: LabelRequest) -> Iterator[Asked]:
    """Yield the holders to tell. Cost: two queries."""
    fields = PurposeField.objects.filter(purpose__request=request).values_list("field", flat=True).distinct()
    by_type: dict[str, list[str]] = {}
    for one in fields:
        by_type.setdefault(one.partition("#")[0], []).append(one)
    for contact in HolderContact.objects.exclude(email="").select_related("holder"):
        theirs = [one for code in contact.holder.holds for one in by_type.get(code, [])]
        if theirs:
            yield Asked(contact, [str(types.field(one).label) for one in theirs])
