"""Trials of a program against a server that misbehaves: what the server did, and what the program did then."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from certification.access.models import Client
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city
from vault.records.enums import Outcome

#: A program that was misled and does nothing more within this time stopped.
STOPS_WITHIN = timedelta(seconds=30)


class Scenario(models.TextChoices):
    """What the server does. Each has an issuer of its own; all but the first lie once."""

    SOUND = "sound", _("Tout est normal")
    STATE = "state", _("Le retour porte un autre state")
    ISSUER = "issuer", _("Le retour vient d’un autre émetteur (iss)")
    NONCE = "nonce", _("Le jeton porte un autre nonce")
    AUDIENCE = "audience", _("Le jeton est pour un autre programme")
    TOKEN_ISSUER = "token_issuer", _("Le jeton est d’un autre émetteur")
    EXPIRED = "expired", _("Le jeton a pris fin")
    SIGNATURE = "signature", _("Le jeton est signé par une autre clé")
    UNSIGNED = "unsigned", _("Le jeton n’est pas signé (alg none)")
    TOKEN_ERROR = "token_error", _("L’échange du code échoue, avec des jetons")
    REPLAY = "replay", _("L’échange du code échoue, puis accepte le même code")
    NARROWED = "narrowed", _("Le serveur accorde moins : sans openid ni id_token")
    REVOKED = "revoked", _("L’accord a pris fin : le jeton est refusé")


#: The lie is in the way back, so that a program that exchanges the code was misled.
ON_THE_WAY_BACK = frozenset({Scenario.STATE, Scenario.ISSUER})
#: What misleads is to insist: the verbs note it in `lacking`.
AFTER_A_REFUSAL = frozenset({Scenario.SOUND, Scenario.REPLAY, Scenario.REVOKED})
#: Calls that had left when the first refusal came.
UNDER_WAY = timedelta(seconds=2)


class Trial(AuthenticatedRow):
    """One scenario for one program. No resident, persona or value is in it: its tokens open nothing.

    `code` and `token` are hashes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="trials")
    scenario = models.CharField(max_length=12, choices=Scenario.choices)
    made_at = models.DateTimeField(default=timezone.now)
    authorized_at = models.DateTimeField(null=True, help_text="when the program last sent a browser here")
    redirect_uri = models.CharField(max_length=500, blank=True)
    nonce = models.CharField(max_length=300, blank=True)
    code_challenge = models.CharField(max_length=128, blank=True)
    code = models.CharField(max_length=64, blank=True)
    token = models.CharField(max_length=64, blank=True, db_index=True)
    lacking = models.JSONField(default=list, help_text="what its requests lacked, by code")
    exchanged_at = models.DateTimeField(null=True, help_text="the program sent the code")
    used_at = models.DateTimeField(null=True, help_text="the program used the access token")

    objects = RowQuerySet["Trial"].as_manager()
    decides = by_city(
        "client",
        "scenario",
        "authorized_at",
        "redirect_uri",
        "nonce",
        "code_challenge",
        "code",
        "token",
        "lacking",
        "exchanged_at",
        "used_at",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "scenario"], name="trial_once_per_scenario"),
            models.CheckConstraint(condition=Q(scenario__in=Scenario.values), name="trial_scenario_known"),
        ]

    def __str__(self) -> str:
        return f"{self.scenario} {self.pk}"

    def outcome(self, now: datetime) -> Outcome:
        """Return what the program showed. What it did wrong once stays, until the trials begin again.

        Silence proves nothing: a program that was not seen to reach the lie is inconclusive.
        """
        if self.lacking or self._was_misled:
            return Outcome.FAILED
        if self.scenario == Scenario.SOUND:
            return Outcome.PASSED if self.used_at else Outcome.INCONCLUSIVE
        reached = self.used_at if self.scenario == Scenario.REVOKED else self.exchanged_at
        if self.scenario in ON_THE_WAY_BACK:
            reached = self.authorized_at
        return Outcome.PASSED if reached and reached + STOPS_WITHIN <= now else Outcome.INCONCLUSIVE

    @property
    def _was_misled(self) -> bool:
        if self.scenario in AFTER_A_REFUSAL:
            return False
        return bool(self.exchanged_at if self.scenario in ON_THE_WAY_BACK else self.used_at)
