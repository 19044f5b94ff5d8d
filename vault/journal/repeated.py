"""Which entries of the journal the pages show as one row, with a count: the same reading, repeated by one agent."""

from core.journal import Line
from vault.journal import sentences


def identify_act(entry: Line) -> tuple[str, ...] | None:
    """Return what tells the same act from others, or None for an entry that always has a row of its own.

    An agent reads one request several times; a refused reading is asked for again by the same recipient.
    """
    details = entry.details
    if entry.event in sentences.REFUSALS and "grant" in details:
        return (entry.event, details["grant"], details.get("agent", ""), details.get("reason", ""), *entry.fields)
    if sentences.is_reading(entry.event) and {"agent", "number", "grant"} <= details.keys():
        return (entry.event, details.get("recipient", ""), details["agent"], details["number"])
    return None
