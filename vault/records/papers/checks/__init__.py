"""The automatic checks of a paper: failed, passed or inconclusive, each with its own text. Inconclusive never blocks.

The rules are here; which papers a check applies to, its texts and its weight are in `vault/records/content/paper_checks.json`.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, gettext

from vault.records.enums import Outcome
from vault.records.papers.checks import address, amounts, dates, files, host, identity, months, tax
from vault.records.papers.checks.check_input import Seen
from vault.records.values.decrypted import CheckLine

CONTENT = Path(__file__).parents[2] / "content" / "paper_checks.json"

RULES: dict[str, Callable[[Seen], Outcome | None]] = {
    "file_readable": files.readable,
    "file_kind": files.kind,
    "file_sharp": files.sharp,
    "file_single_kind": files.single_kind,
    "same_file": files.same_file,
    "front_and_back": files.front_and_back,
    "property_tax_leaves": files.property_tax_leaves,
    "name_matches_identity": identity.name,
    "expiry_date": dates.expiry,
    "expiry_soon": dates.expiry_soon,
    "address_recent": dates.recent,
    "birth_record_recent": dates.recent,
    "medical_certificate_recent": dates.recent,
    "qf_fresh": dates.quotient,
    "school_year": dates.school_year,
    "grant_valid": dates.school_year,
    "address_matches": address.matches,
    "address_in_territory": address.in_territory,
    "tax_is_notice": tax.is_notice,
    "tax_year": tax.year,
    "tax_not_too_old": tax.not_too_old,
    "tax_no_newer": tax.no_newer,
    "tax_same_year": tax.same_year,
    "payslip_social_net": tax.payslip_social_net,
    "tax_2ddoc_read": tax.code_read,
    "tax_all_leaves": tax.all_leaves,
    "property_tax_year": tax.property_year,
    "mrz_consistent": identity.unread,
    "signed": identity.unread,
    "number_hidden": identity.unread,
    "identity_name": identity.name,
    "visale_name": identity.name,
    "host_bundle": host.bundle,
    "cni_extension": identity.card_extension,
    "payslip_three_months": months.three_payslips,
    "payslip_continuity": months.payslips_follow,
    "payslip_amount": amounts.payslip,
    "rent_three_receipts": months.three_receipts,
    "qf_matches_source": amounts.quotient,
    "rib_holder": identity.name,
    "rib_iban_valid": amounts.iban,
    "grant_amount": amounts.grant,
}
#: Where a sentence names what was read.
SAID = "%(said)s"
#: The reader tells these of any paper, before anyone has said what it is; they are said of the kinds that they apply to.
TOLD_OF_ANY = ("signed", "number_hidden")
#: The name on the paper is not its resident's: whose it is must then be asked.
NAMES = ("name_matches_identity", "identity_name", "visale_name")
#: A code that fails one of these was tampered with or is not what it says: the paper is refused, nothing of it is kept.
FORGED = ("2ddoc_signature", "2ddoc_issuer", "2ddoc_test_authority")


def run(seen: Seen, found: Sequence[CheckLine] = ()) -> list[CheckLine]:
    """What the reading found, then each rule that applies to this kind of paper, in the order of the content file. None: nothing to say."""
    lines = [line for line in found if line.code not in TOLD_OF_ANY or _applies(line.code, seen)]
    told = {line.code for line in lines}
    for code in definitions():
        if code in RULES and code not in told and _applies(code, seen):
            outcome = RULES[code](seen)
            if outcome is not None:
                lines.append(_line(code, outcome))
    return lines


def _applies(code: str, seen: Seen) -> bool:
    return bool({"*", seen.kind_code} & set(definitions()[code]["applies_to"]))


def _line(code: str, outcome: Outcome) -> CheckLine:
    return CheckLine(code, str(outcome), definitions()[code][str(outcome)]["fr"])


def forged(lines: Sequence[CheckLine]) -> CheckLine | None:
    return next((line for line in lines if line.code in FORGED and line.outcome == Outcome.FAILED), None)


def text(line: CheckLine) -> str:
    """The sentence in the reader's language. What the readers say, and a check that has left the content, keep their own words."""
    entry = definitions().get(line.code)
    sentence = str(entry[line.outcome]["en" if get_language() == "en" else "fr"]) if entry else gettext(line.text)
    return sentence.replace(SAID, line.said) if line.said else sentence


def severity(code: str) -> str:
    return str(definitions().get(code, {}).get("severity", "info"))


@cache
def definitions() -> dict[str, dict[str, Any]]:
    items = json.loads(CONTENT.read_text(encoding="utf-8"))["items"]
    return {item["code"]: item for item in items}
