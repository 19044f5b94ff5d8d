"""The text of the last e-mail sent."""

import re

from django.core import mail


def last_text() -> str:
    message = mail.outbox[-1]
    return f"{message.subject}\n{message.body}"


def sent_code() -> str:
    """Return the six-digit code of the last e-mail.

    Raises:
        AssertionError: the e-mail has none.
    """
    found = re.search(r"\b\d{6}\b", last_text())
    if found is None:
        raise AssertionError("no code in the last mail")
    return found[0]
