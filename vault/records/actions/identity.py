"""The civil status that FranceConnect gives (« identité pivot »), copied into the vault at its resident's request."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop
from django_scopes import scope

from vault.records import perms
from vault.records.actions.records import (
    Source,
    Subject,
    journal_record_event,
    one_at_a_time,
    same_subject,
    write,
    write_over,
)
from vault.records.enums import Assurance, Method
from vault.records.models import Record

HOLDER = "FranceConnect"
TYPE = "identite.pivot"
KEEP = gettext_noop("Copier votre identité depuis FranceConnect")


def keep_identity(*, resident_id: UUID, by: UUID, identity: Mapping[str, Any]) -> Record:
    """Write the civil status as a record.

    A name in use that the vault knew, and that FranceConnect does not give, stays as it was. Copying the same civil
    status again writes one more record.

    Raises:
        PermissionDenied: `by` is not the resident.
        Invalid: FranceConnect left out a required value.
    """
    perms.require_may_write(resident_id, by)
    payload = {name: value for name, value in identity.items() if value not in ("", [], None)}
    source = Source(holder=HOLDER, method=Method.API_PULL, assurance=Assurance.HOLDER)
    subject = Subject(type=TYPE, person=resident_id)
    with transaction.atomic(), scope(resident=resident_id):
        one_at_a_time(resident_id)
        older = same_subject(subject, payload)
        record = (
            write_over(older, payload, source, subject)
            if older
            else write(resident_id, subject, payload, source, older=None)
        )
        journal_record_event(record, by, "identity_kept", KEEP, payload)
    return record
