"""Warn the agents once when an API refuses the city, which affects every resident. The admin also shows it."""

import logging
from smtplib import SMTPException

from django.utils.translation import override

from accounts.models import User
from core.messages import mails
from vault.holders.connectors.faults import KINDS
from vault.holders.enums import API_NAMES

logger = logging.getLogger(__name__)


def warn_agents(connector: str, code: str) -> None:
    """E-mail the agents, without naming a resident. The refusal and a failure to send are logged."""
    logger.error("an API refuses the city", extra={"kind": connector, "code": code})
    addresses = list(User.objects.agents().filter(is_active=True).exclude(email="").values_list("email", flat=True))
    with override("fr"):
        name = API_NAMES.get(connector, connector)
        context = {"connector": name, "what": str(KINDS[code].what) % {"holder": name}}
    try:
        mails.send("holders/email/connector_refused", to=addresses, said=context, languages=mails.FRENCH)
    except (OSError, SMTPException) as error:
        logger.error("the agents could not be warned", exc_info=error)
