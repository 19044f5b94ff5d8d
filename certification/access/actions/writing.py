"""Values that a service writes into a vault, under its grant."""

from collections.abc import Mapping, Sequence
from typing import Any

from certification.access.actions.reading import counted
from certification.access.lookup import Given
from vault.records.grants import agreements
from vault.sharing.actions import writing


def write(*, given: Given, values: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
    """Write values as `vault.sharing.actions.writing.write`. A refusal is counted as one of a reading.

    Raises:
        Refused
        Invalid: a value does not follow its type; nothing is written.
    """
    wanted = {type_code for type_code, _payload in values}
    return counted(
        given,
        lambda: wanted <= set(agreements.writes_of(given.grant)),
        lambda: writing.write(grant=given.grant, values=values),
    )
