from collections.abc import Mapping
from typing import Any

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen
from vault.types.names import same_address, words

HELD = ("logement.domicile#/adresse", "identite.contact#/adresse", "foyer.composition#/adresse")


def matches(seen: Seen) -> Outcome:
    held = [address for field_id in HELD if (address := seen.known.value(field_id))]
    answers = [
        answer for address in held if seen.address and (answer := same_address(seen.address, address)) is not None
    ]
    if not answers:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if any(answers) else Outcome.FAILED


def in_territory(seen: Seen) -> Outcome:
    address: Mapping[str, Any] = seen.address
    if address.get("cog") and seen.insee:
        return Outcome.PASSED if address["cog"] == seen.insee else Outcome.FAILED
    if address.get("commune") and seen.town:
        return Outcome.PASSED if words(address["commune"]) == words(seen.town) else Outcome.INCONCLUSIVE
    return Outcome.INCONCLUSIVE
