"""What a person reads in the last mail they got."""

import re

from django.core import mail


def last_text() -> str:
    message = mail.outbox[-1]
    return f"{message.subject}\n{message.body}"


def sent_code() -> str:
    """The six figures of the last mail.

    Raises:
        AssertionError: it holds none.
    """
    found = re.search(r"\b\d{6}\b", last_text())
    if found is None:
        raise AssertionError("no code in the last mail")
    return found[0]
