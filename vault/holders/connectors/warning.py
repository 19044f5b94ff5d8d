"""An API that refuses the city breaks every resident in silence: the agents are told once, by e-mail, and the admin shows it."""

import logging
from smtplib import SMTPException

from django.utils.translation import override

from accounts.models import User
from core.messages import mails
from vault.holders.connectors.faults import KINDS

logger = logging.getLogger(__name__)


def warn_agents(connector: str, code: str) -> None:
    """No resident is named: it happens to all of them. A mail server that is down is in the log, like the refusal itself."""
    logger.error("an API refuses the city", extra={"kind": connector, "code": code})
    addresses = list(User.objects.agents().filter(is_active=True).exclude(email="").values_list("email", flat=True))
    with override("fr"):
        said = {"connector": connector, "what": str(KINDS[code].what) % {"holder": connector}}
    try:
        mails.send("holders/email/connector_refused", to=addresses, said=said, languages=mails.FRENCH)
    except (OSError, SMTPException) as error:
        logger.error("the agents could not be told", exc_info=error)
