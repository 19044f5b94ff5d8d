"""Find who calls by an access token: the token, its client, its person and their grant, in one statement.

Built by the ORM, the query takes longer to compile than to run (bench/api.py). The rows are loaded as the ORM loads
them: those under the city's key are checked, and the grant is not, since the gate checks it in each reading.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from certification.access.enums import Environment
from certification.access.models import AccessToken, Client, RefusedCalls
from certification.labels.enums import SERVICE_KIND
from vault.records.models import Grant, GrantField

M = TypeVar("M", bound=Model)
#: Of a grant, what no call needs: the largest column.
UNUSED_HERE = ("snapshot",)


class Given(NamedTuple):
    """A grant with its fields, and whether calls under it were refused before. Nothing of it is checked."""

    grant: Grant
    fields: list[str]
    was_refused: bool


class Found(NamedTuple):
    token: AccessToken
    client: Client
    person: User
    given: Given


def find(token_hash: str, environment: Environment) -> Found | None:
    """Return what a valid token of this server leads to, or None. The grant may be in whatever state.

    The grant is its person's, given to the service of the token's client. Cost: one query.

    Raises:
        Forged: the portal did not write the token, the client or the person.
    """
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [SERVICE_KIND, token_hash, timezone.now(), environment.value])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    token, client = _load(AccessToken, values), _load(Client, values)
    person, grant = _load(User, values), _load(Grant, values)
    return Found(token, client, person, Given(grant, next(values), next(values)))


@cache
def _statement() -> str:
    named = {"token": AccessToken, "client": Client, "person": User, "given": Grant}
    columns = [f'{name}."{field.column}"' for name, model in named.items() for field in _fields_of(model)]
    return f"""
        SELECT {", ".join(columns)},
            ARRAY(SELECT field FROM {_table(GrantField)} one
                WHERE one.grant_id = given.id AND one.resident_id = person.id ORDER BY field),
            EXISTS(SELECT FROM {_table(RefusedCalls)} one
                WHERE one.grant_id = given.id AND one.resident_id = person.id)
        FROM {_table(AccessToken)} token
        JOIN {_table(Client)} client ON client.id = token.application_id
        JOIN {_table(User)} person ON person.id = token.user_id
        JOIN {_table(Grant)} given ON given.id = token.grant_id AND given.resident_id = person.id
            AND given.recipient_kind = %s AND given.recipient_id = client.service_id
        WHERE token.token_checksum = %s AND token.expires > %s AND client.environment = %s
    """  # noqa: S608 - names of our own tables and columns


def _load(model: type[M], values: Iterator[Any]) -> M:
    fields = _fields_of(model)
    read = [next(values) for _field in fields]
    for place, convert in _converters(model):
        read[place] = convert(read[place], None, connection)
    return model.from_db(connection.alias, [field.attname for field in fields], read)


@cache
def _fields_of(model: type[Model]) -> Sequence[Any]:
    left_out = UNUSED_HERE if model is Grant else ()
    return [field for field in model._meta.concrete_fields if field.name not in left_out]  # noqa: SLF001 - documented


@cache
def _converters(model: type[Model]) -> list[tuple[int, Any]]:
    """Return what Django converts of a loaded row: the place of the column, and the function."""
    fields = enumerate(_fields_of(model))
    return [(place, convert) for place, field in fields for convert in field.get_db_converters(connection)]


def _table(model: type[Model]) -> str:
    return f'"{model._meta.db_table}"'  # noqa: SLF001 - Django documents it
