from django.db import models
from django.utils.translation import gettext_lazy as _


class Environment(models.TextChoices):
    """The side where a client works. No code, token or reading of one is ever of the other."""

    LIVE = "live", _("réel")
    TEST = "test", _("essai")


#: What a secret begins with, by which scanners of published code recognise one.
PREFIXES = {Environment.LIVE: "gar_live_", Environment.TEST: "gar_test_"}
#: What a client may ask for. The fields and papers themselves are in the agreement, never in a scope.
OPENID, VAULT = "openid", "vault"
#: For the programs of a holder that the city lets send: of no resident's grant.
LOTS = "lots"
#: The `type` of authorization_details (RFC 9396).
DETAILS_TYPE = "vault_purpose"
