"""Desk visits: what an agent may read and do in one vault while its resident is at the desk."""

from django.db import models

from accounts.models import Sheet
from core import rows
from core.models import ResidentManager, ResidentModel
from core.models.rows import AuthenticatedRow, by_resident
from vault.records.models.grant import Grant
from vault.sharing.enums import Act

#: Recipient kind: an agent of the city who keeps the desk, by their account's id.
DESK_KIND = "desk"


class DeskVisit(AuthenticatedRow, ResidentModel):
    """A visit, active while its grant is and the agent's session goes on, until its resident claims the vault.

    A session that is signed out, closed or idle too long ends the visit.
    """

    grant = models.OneToOneField(Grant, on_delete=models.CASCADE, related_name="desk_visit")
    session_id = models.UUIDField(
        help_text="the agent's session, an accounts.Session: another browser of theirs opens nothing"
    )
    token = models.UUIDField(unique=True, help_text="tells a form sent twice from two forms")
    name = models.CharField(max_length=120, help_text="how the resident was called; the agent reads it")
    acts = models.JSONField(default=list, help_text="codes of vault.records.enums.Act")

    objects = ResidentManager["DeskVisit"]()
    decides = by_resident("grant", "session_id", "acts", "name", former=[("grant", "session_id", "acts")])

    def __str__(self) -> str:
        return f"desk visit {self.id}"

    def is_claimed_since(self) -> bool:
        """Return True if the resident claimed the vault after the visit began. Cost: two queries.

        Raises:
            Forged: their sheet, or another row of their account, is not as the portal wrote it.
        """
        rows.accounts.check(self.resident_id)
        sheet = Sheet.objects.filter(person_id=self.resident_id).first()
        return sheet is not None and sheet.claimed_at is not None and sheet.claimed_at > self.grant.starts_at

    def allows(self, act: Act) -> bool:
        return act.value in self.acts
