"""Does the paper say what the vault already holds? What the resident declared, or what the holder itself sent."""

from decimal import Decimal, InvalidOperation

from vault.readers.subjects.iban import iban_is_valid
from vault.records.enums import Assurance, Outcome
from vault.records.papers.checks.check_input import Seen
from vault.records.papers.checks.months import PAYSLIP
from vault.records.values.decrypted import Opened

QUOTIENT = "social.quotient_familial"
GRANT = "etudes.bourse"
#: The difference that an average month or a rounding explains.
TOLERANCE = Decimal("0.10")
PAY = ("net_social", "net_avant_impot")


def payslip(seen: Seen) -> Outcome:
    """With what was declared for the same month."""
    read = seen.payload(PAYSLIP)
    declared = [
        held for held in _held(seen, PAYSLIP, Assurance.DECLARED) if held.payload.get("mois") == read.get("mois")
    ]
    pairs = [(_number(read.get(name)), _number(held.payload.get(name))) for held in declared for name in PAY]
    told = [(left, right) for left, right in pairs if left is not None and right is not None]
    if not told:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if all(abs(left - right) <= TOLERANCE * max(left, right) for left, right in told)
        else Outcome.FAILED
    )


def quotient(seen: Seen) -> Outcome:
    """With what the benefits office sent for the same month: its figure counts."""
    read = seen.payload(QUOTIENT)
    same = [
        held.payload
        for held in _held(seen, QUOTIENT, Assurance.HOLDER)
        if all(held.payload.get(name) == read.get(name) for name in ("annee", "mois"))
    ]
    if not same or _number(read.get("valeur")) is None:
        return Outcome.INCONCLUSIVE
    return (
        Outcome.PASSED
        if any(_number(held.get("valeur")) == _number(read.get("valeur")) for held in same)
        else Outcome.FAILED
    )


def grant(seen: Seen) -> Outcome:
    read = seen.payload(GRANT).get("echelon")
    declared = [held.payload.get("echelon") for held in _held(seen, GRANT, Assurance.DECLARED)]
    told = [level for level in declared if level is not None]
    if read is None or not told:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if str(told[-1]) == str(read) else Outcome.FAILED


def iban(seen: Seen) -> Outcome:
    read = seen.payload("banque.compte").get("identifiant")
    if not read:
        return Outcome.INCONCLUSIVE
    return Outcome.PASSED if iban_is_valid(str(read)) else Outcome.FAILED


def _held(seen: Seen, type_code: str, assurance: Assurance) -> list[Opened]:
    return [held for held in seen.known.of_type(type_code) if held.assurance == assurance]


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
