"""The catalogue of data types, and the functions on payloads that need no vault.

Callers write `from vault import types`, then `types.get`, `types.field`, `types.validate`.
"""

from vault.types.catalogue import (
    FOLDER,
    PARTIAL_DATE,
    DataType,
    FieldInfo,
    Problem,
    UnknownType,
    Words,
    all_types,
    data_codes,
    example,
    field,
    field_exists,
    field_ids,
    fields_of,
    get,
    is_known,
    is_partial_date,
    schema_of,
    themes,
    unit_label,
    upgraded,
    versions,
)
from vault.types.checking import problems, validate

__all__ = [
    "DataType",
    "FOLDER",
    "FieldInfo",
    "PARTIAL_DATE",
    "Problem",
    "UnknownType",
    "Words",
    "all_types",
    "data_codes",
    "example",
    "field",
    "field_exists",
    "field_ids",
    "fields_of",
    "get",
    "is_known",
    "is_partial_date",
    "problems",
    "schema_of",
    "themes",
    "unit_label",
    "upgraded",
    "validate",
    "versions",
]
