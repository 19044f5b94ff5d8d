"""A visit at the desk: what an agent may see and do in one vault, with its person in front of them, for as long as they are there."""

from django.db import models

from accounts.models import Sheet
from core.models import ResidentManager, ResidentModel
from vault.records.models.grant import Grant
from vault.sharing.enums import Act

#: An agent of the city who keeps the desk, by their account's id.
DESK_KIND = "desk"


class DeskVisit(ResidentModel):
    """It lives and ends with its grant, and with the agent's session: signed out, closed or asleep, nothing opens under it any more. Nor
    once its person has claimed the vault: they are at home."""

    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="desk_visit")
    session_id = models.UUIDField(
        help_text="the agent's session, an accounts.Session: another browser of theirs opens nothing"
    )
    token = models.UUIDField(unique=True, help_text="tells a form sent twice from two forms")
    name = models.CharField(max_length=120, help_text="how the resident was called; the agent reads it")
    acts = models.JSONField(default=list, help_text="codes of vault.records.enums.Act")

    objects = ResidentManager["DeskVisit"]()

    def __str__(self) -> str:
        return f"desk visit {self.id}"

    def is_claimed_since(self) -> bool:
        return Sheet.objects.filter(person_id=self.resident_id, claimed_at__gt=self.created_at).exists()

    def allows(self, act: Act) -> bool:
        return act.value in self.acts
