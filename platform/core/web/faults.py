"""What the portal answers in place of 500, wherever the fault was: in a view, or in a middleware."""

import logging
import sys
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.db import DataError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse

from core import tampered, views
from core.database.unstorable import is_refusal
from core.journal.signed_notes import KeyUnusable
from core.keys import KeyringError
from core.messages.mails import NotSent

logger = logging.getLogger(__name__)
#: What Python says of a time that no zone near its own can tell, or that is added to.
TOO_FAR = "date value out of range"


class FaultsMiddleware:
    """Answers for a fault of a view, before the middleware above it sees one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return fault_page(request, exception)


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for a fault of a middleware. Django calls this view while it handles the exception."""
    return fault_page(request, sys.exception()) or views.server_error(request)


def fault_page(request: HttpRequest, fault: BaseException | None) -> HttpResponse | None:
    """Answer 503 when the keys, the database or the mail server are down, or when something stored is not what the
    portal wrote; 400 when the database cannot store what was sent.

    Without its key no vault can be read; while the database refuses journal entries, nothing is read.
    """
    match fault:
        case KeyringError() | KeyUnusable():
            logger.error("a vault could not be opened: keys", exc_info=fault)
            return views.keys_down(request)
        case OperationalError() | InternalError():
            logger.error("the database is down or full", exc_info=fault)
            return views.database_down(request)
        case NotSent():
            logger.error("an e-mail could not leave", exc_info=fault)
            return views.mail_down(request)
        case OverflowError() if TOO_FAR in str(fault):
            logger.error("a date that is stored, or was sent, is too far to be told", exc_info=fault)
            return views.row_refused(request)
    if isinstance(fault, DataError) and not is_refusal(fault) and not _is_of_the_server(fault):
        logger.error("the database holds a value that the portal does not write", exc_info=fault)
        return views.row_refused(request)
    if isinstance(fault, tampered.SIGNS):
        tampered.report(fault)
        return views.row_refused(request)
    return views.bad_request(request, BadRequest()) if is_refusal(fault) else None


def _is_of_the_server(fault: DataError) -> bool:
    """Return whether PostgreSQL itself refused a value; otherwise Python cannot hold one that is stored."""
    return getattr(fault.__cause__, "sqlstate", None) is not None
