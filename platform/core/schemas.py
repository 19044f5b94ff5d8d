"""JSON Schemas. jsonschema has no types and takes long to load: processes that check no document do without it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol


class Broken(Protocol):
    """A rule of the schema that a document breaks, and where."""

    absolute_path: Sequence[str | int]
    context: Sequence["Broken"] | None
    instance: Any
    message: str
    schema: Mapping[str, Any]
    validator: str
    validator_value: Any


class Validator(Protocol):
    def iter_errors(self, document: object) -> Iterator[Broken]: ...
    def is_valid(self, document: object) -> bool: ...


def validator(
    schema: Mapping[str, Any], *, formats: Sequence[str] = (), checks: Mapping[str, Callable[[object], bool]] = {}
) -> Validator:
    """Return the validator of a schema.

    Args:
        formats: those that are checked as jsonschema does; the schema's others say nothing.
        checks: those that are checked by a function, which returns False or raises ValueError.
    """
    from jsonschema import Draft202012Validator, FormatChecker

    checker = FormatChecker(formats)
    for name, check in checks.items():
        checker.checks(name, raises=ValueError)(check)
    found: Validator = Draft202012Validator(dict(schema), format_checker=checker)
    return found


def place(broken: Broken) -> str:
    """Return where in the document, such as `tables/2/dimensions`; an empty text for the whole."""
    return "/".join(map(str, broken.absolute_path))
