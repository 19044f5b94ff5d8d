"""What shows that something stored is not what the portal wrote, or is gone: a row, a key, a file, a chain's end.

Nothing is opened then. Pages and the API answer 503, a job ends, and the operator is alerted.
"""

import logging

from cryptography.exceptions import InvalidTag

from core import rows
from core.journal import signed_notes
from core.keys import KeyMissing
from core.keys.sealed import Unreadable

logger = logging.getLogger(__name__)

SIGNS = (rows.Forged, KeyMissing, Unreadable, InvalidTag, signed_notes.Forged)


def report(error: BaseException) -> None:
    """Alert the operator. Of a row, also journal the refusal: call it outside the transaction of what was refused."""
    if isinstance(error, rows.Forged):
        rows.report(error)
    else:
        logger.error("something stored is not what the portal wrote, or is gone", exc_info=error)
