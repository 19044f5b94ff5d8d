import uuid
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils import timezone

from accounts import devices
from accounts.models.people import User
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city


class Lifetime:
    """Maximum duration of a session: idle, and in total.

    Those who work for others: ASVS asks for at most 15 minutes and 12 hours. Residents: two hours, to find a paper at
    home or wait at a desk; sensitive acts need a confirmation after ten minutes, and the cookie ends with the browser.
    A visitor's session holds a code, a message or the answers of an interview: two hours, to find a figure meanwhile.
    """

    AGENT = (timedelta(minutes=15), timedelta(hours=10))
    RESIDENT = (timedelta(hours=2), timedelta(hours=12))
    VISITOR = (timedelta(hours=2), timedelta(hours=2))
    LONGEST = max(AGENT[1], RESIDENT[1], VISITOR[1])

    @classmethod
    def of(cls, user: User | None) -> tuple[timedelta, timedelta]:
        if user is None:
            return cls.VISITOR
        return cls.AGENT if user.works_for_others else cls.RESIDENT


class SessionQuerySet(RowQuerySet["Session"]):
    def over(self, now: datetime) -> Self:
        """Return expired sessions, for the purge."""
        working = models.Q(user__is_staff=True) | models.Q(user__is_companion=True) | models.Q(user__is_publisher=True)
        kinds = [
            (models.Q(user__isnull=True), Lifetime.VISITOR),
            (working, Lifetime.AGENT),
            (
                models.Q(user__is_staff=False, user__is_companion=False, user__is_publisher=False),
                Lifetime.RESIDENT,
            ),
        ]
        over = models.Q(user__is_active=False)
        for who, (idle, absolute) in kinds:
            over |= who & (models.Q(last_seen_at__lt=now - idle) | models.Q(started_at__lt=now - absolute))
        return self.filter(over)

    def going_on(self, now: datetime) -> Self:
        return self.exclude(pk__in=Session.objects.over(now).values("pk"))


class Session(AuthenticatedRow):
    """A browser's session. The row holds the key's hash and data sealed under the key: it is useless by itself.

    Its visitor, who has the key, could write other data: the MAC is the portal's. Of an account's sessions, only those
    that the account names are under way (`accounts.sign_in.sessions`).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")
    data = models.BinaryField()
    device = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    objects = SessionQuerySet.as_manager()
    decides = by_city(
        "key_hash",
        "user",
        "data",
        "device",
        "started_at",
        "last_seen_at",
        put_back="its account names its sessions under way; a visitor's lasts two hours",
    )

    class Meta:
        indexes = [models.Index(fields=["last_seen_at"], name="session_purge")]

    def __str__(self) -> str:
        return f"session {self.pk}"

    @property
    def device_words(self) -> str:
        return devices.words(self.device)

    @property
    def name(self) -> str:
        return self.pk.hex

    @property
    def is_over(self) -> bool:
        if self.user is not None and not (self.user.is_active and self.name in self.user.live_sessions):
            return True
        idle, absolute = Lifetime.of(self.user)
        now = timezone.now()
        return now - self.last_seen_at > idle or now - self.started_at > absolute
