"""Verify the JSON file of a publication: its hash, its signature, its budget, noise, thresholds and rounding."""

import hashlib
from collections.abc import Mapping
from typing import Any

from campaigns.contributions import freezing
from campaigns.noise import verifying
from campaigns.noise.plan import Plan
from campaigns.noise.publication import Publication
from campaigns.noise.refusals import PlanRefused
from core import canonical
from core.journal import signed_notes


def problems(file: bytes) -> list[str]:
    """Return what is wrong with a file, in English, or an empty list. It needs no database.

    The signature is checked with this portal's keys.
    """
    try:
        content = canonical.decode(file)
        document, plan_document = content["publication"], content["plan"]
        sha256, note = str(content["sha256"]), str(content["note"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ["the file is not a publication of this portal"]
    found = []
    if hashlib.sha256(canonical.encode(document)).hexdigest() != sha256:
        found.append("the document is not the one of the hash")
    found += _of_note(note, content)
    try:
        plan = Plan.from_json(plan_document)
    except (PlanRefused, KeyError, TypeError):
        return [*found, "the plan is not a plan"]
    return [*found, *verifying.problems(Publication(document), plan)]


def _of_note(note: str, content: Mapping[str, Any]) -> list[str]:
    try:
        lines = signed_notes.read_text(note, freezing.log_name()).split("\n")
    except signed_notes.Forged:
        return ["the note was not signed by this portal"]
    except signed_notes.KeyUnusable as error:
        return [f"the signature could not be checked: {error}"]
    previous = content.get("previous_sha256") or "first"
    window = content["publication"].get("window") if isinstance(content["publication"], dict) else ""
    agrees = lines[2:5] == [window, content["sha256"], previous]
    return [] if agrees else ["the note is about another publication"]
