from uuid import UUID

from certification.access.models import Pseudonym, keys


def sub_of(service_id: UUID, person_id: UUID) -> str:
    """Return the name of a resident at a service; keep it the first time."""
    made = {"sub": keys.pairwise(service_id, person_id)}
    found, _made = Pseudonym.objects.get_or_create(service_id=service_id, person_id=person_id, defaults=made)
    return found.sub


def person_of(service_id: UUID, sub: str) -> UUID | None:
    """Return the resident whom a service knows by this name, or None. Another service's name finds nobody."""
    return Pseudonym.objects.filter(service_id=service_id, sub=sub).values_list("person_id", flat=True).first()
