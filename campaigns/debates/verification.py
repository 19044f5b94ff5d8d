"""Verify the JSON file of a vote's count: its hash, its signature, and that its numbers add up."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from campaigns.contributions import freezing
from campaigns.debates.enums import FEWEST_BALLOTS, Choice, Outcome
from core import canonical
from core.journal import signed_notes


def problems(file: bytes) -> list[str]:
    """Return what is wrong with a file, in English, or an empty list. It needs no database.

    The signature is checked with this portal's keys.
    """
    try:
        content = json.loads(file)
        document, sha256, note = content["publication"], str(content["sha256"]), str(content["note"])
        if document["kind"] != "vote":
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        return ["the file is not the count of a vote of this portal"]
    found = []
    if hashlib.sha256(canonical.encode(document)).hexdigest() != sha256:
        found.append("the document is not the one of the hash")
    try:
        lines = signed_notes.read_text(note, freezing.log_name()).split("\n")
        agrees = lines[1:5] == [
            document.get("vote"),
            document.get("window"),
            sha256,
            document.get("previous_sha256") or "first",
        ]
        found += [] if agrees else ["the note is about another publication"]
    except signed_notes.Forged:
        found.append("the note was not signed by this portal")
    except signed_notes.KeyUnusable as error:
        found.append(f"the signature could not be checked: {error}")
    return [*found, *_of_numbers(document), *_of_texts(document, content)]


def hash_option(option: Mapping[str, str]) -> str:
    """Return the SHA-256, in hexadecimal, of the canonical JSON of a proposal's id, title and text.

    A signed count names its proposals by it, so that a text that is set aside later leaves the file, which verifies
    all the same. The id, drawn at random, keeps anybody from guessing the text.
    """
    return hashlib.sha256(canonical.encode({name: option[name] for name in ("id", "title", "text")})).hexdigest()


def _of_texts(document: dict[str, Any], content: dict[str, Any]) -> list[str]:
    """Check the texts that the file gives, which are not signed, by the hashes that are."""
    try:
        # Counts of version 2 hold the texts themselves.
        signed = {one["id"]: one.get("sha256") or hash_option(one) for one in document["options"]}
        whole = all(signed.get(text["id"]) == hash_option(text) for text in content.get("texts", ()))
    except (KeyError, TypeError, AttributeError):
        return ["the proposals are not those of a vote"]
    return [] if whole else ["a text is not the one of its hash"]


def _of_numbers(document: dict[str, Any]) -> list[str]:
    dropped = document.get("dropped")
    is_count = dropped is None or (type(dropped) is int and dropped >= 0)
    found = [] if is_count else ["the number of dropped ballots is not a number"]
    return [*found, *_of_choices(document)]


def _of_choices(document: dict[str, Any]) -> list[str]:
    counted = document.get("outcome") == Outcome.COUNTED
    if not counted:
        shown = {"ballots", "counts"} & set(document)
        return ["a void vote has no number of ballots"] if shown or document.get("outcome") != Outcome.VOID else []
    try:
        ballots, counts = document["ballots"], document["counts"]
        whole = all(sum(one[choice] for choice in Choice) == ballots["in_all"] for one in counts)
        fits = len(counts) == len(document["options"]) and all(one[choice] >= 0 for one in counts for choice in Choice)
    except (KeyError, TypeError):
        return ["the numbers are not those of a vote"]
    found = [] if whole and fits else ["the choices do not add up to the ballots"]
    return found + (["fewer ballots than a vote needs"] if ballots["in_all"] < FEWEST_BALLOTS else [])
