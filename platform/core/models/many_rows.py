# ruff: noqa: SLF001 - Django documents _meta and _base_manager
"""The check and the writing of many rows at once, with the same MACs as one by one."""

import hmac
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models

from core import canonical
from core.models.row_values import plain
from core.models.rows import AuthenticatedRow, Forged, checking, is_genuine, label_of, mac_of


def check_read(model: type[AuthenticatedRow], rows: Iterable[Sequence[Any]], *, key: bytes) -> None:
    """Check rows as `check` does, without an object for each, which takes most of the time of a hundred rows.

    Args:
        rows: `values_list` of the id, the MAC, then the columns of the model's list, in its order. No head follows it.

    Raises:
        Forged: the portal did not write a row as it is.
    """
    if not checking():
        return
    version = len(model.decides.lists)
    start, first = f'["{label_of(model)}",{version},"', bytes([version])
    for pk, mac, *columns in rows:
        encoded = f'{start}{pk}",[{canonical.items(plain(columns))}]]'.encode()
        if not hmac.compare_digest(bytes(mac), first + hmac.digest(key, encoded, "sha256")):
            row = model._base_manager.get(pk=pk)  # under an earlier list of columns, or forged
            if not is_genuine(row, row.mac, key=key):
                raise Forged(row)


def write_together(rows: Sequence[AuthenticatedRow], keys: Sequence[bytes], *names: str) -> None:
    """Write these columns of rows of one model, as they are now, with their MACs, in one statement.

    The caller has locked, just loaded and checked the rows. No head follows these columns.

    Args:
        keys: the key of each row.
    """
    if not rows:
        return
    for row, key in zip(rows, keys, strict=True):
        row.mac = mac_of(row, key=key)
    model = type(rows[0])
    fields = [model._meta.pk, *(model._meta.get_field(name) for name in (*names, "mac"))]
    columns = [field for field in fields if isinstance(field, models.Field)]
    known = [field.column or "" for field in columns]
    row_of = ", ".join(f"%s::{field.db_type(connection)}" for field in columns)
    arguments = [field.get_db_prep_save(getattr(row, field.attname), connection) for row in rows for field in columns]
    written = ", ".join(f"{name} = new.{name}" for name in known[1:])
    values = ", ".join([f"({row_of})"] * len(rows))
    stored = model._meta.db_table
    same = f"{stored}.{known[0]} = new.{known[0]}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {stored} SET {written} FROM (VALUES {values}) AS new ({', '.join(known)}) WHERE {same}",  # noqa: S608 - names of our own tables and columns
            arguments,
        )
