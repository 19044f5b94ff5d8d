import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from core.lookalikes import folded
from core.models.rows import AuthenticatedRow, RowQuerySet, by_city


class UserQuerySet(RowQuerySet["User"]):
    def agents(self) -> Self:
        return self.filter(is_staff=True)

    def select_for_update(
        self, nowait: bool = False, skip_locked: bool = False, of: Sequence[str] = (), no_key: bool = True
    ) -> Self:
        """Lock accounts. Rows that only refer to one are inserted meanwhile: nothing of its key ever changes."""
        return super().select_for_update(nowait, skip_locked, of, no_key)

    def signing_in_as(self, email: str) -> Self:
        """Return the account of a sign-in address, in any case: none or one."""
        return self.filter(email=email.strip().lower()).exclude(email="")


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def agents(self) -> UserQuerySet:
        return self.get_queryset().agents()

    def signing_in_as(self, email: str) -> UserQuerySet:
        return self.get_queryset().signing_in_as(email)

    def is_a_colleagues_name(self, name: str, *, user: "User | None" = None) -> bool:
        """Return whether an account of the city other than `user` has this name, open or closed."""
        known = self.filter(models.Q(is_staff=True) | models.Q(is_companion=True))
        others = known.exclude(pk=user.pk) if user else known
        return folded(name) in {folded(one.name) for one in others}

    def create_user(self, *, email: str = "", password: str | None = None, **fields: Any) -> "User":
        """Create a user. Without a password they sign in by an e-mailed code; without an address, not at all."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


#: Columns of an account under its MAC before it had a name there and publishers; before there were personas; before it
#: named its sessions, and before its address for letters.
_FIRST = (
    "email",
    "password",
    "is_resident",
    "is_staff",
    "is_companion",
    "is_superuser",
    "is_dpo",
    "at_desk",
    "is_active",
    "closes_at",
)
_SECOND = (
    "name",
    "email",
    "password",
    "is_resident",
    "is_staff",
    "is_companion",
    "is_publisher",
    "is_superuser",
    "is_dpo",
    "at_desk",
    "is_active",
    "closes_at",
)
_THIRD = (*_SECOND, "is_persona")


class User(AuthenticatedRow, AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # of id_tokens, whose model is a package’s
    """Any user who can sign in. A resident owns a vault, and may have no credentials (opened at a desk)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=120, help_text=_("Comment la personne veut être appelée."))
    email = models.EmailField(_("adresse de connexion"), blank=True, help_text=_("Vérifiée, et à une seule personne."))
    contact_email = models.EmailField(
        _("adresse pour vous écrire"), blank=True, help_text=_("Deux personnes peuvent avoir la même.")
    )
    # A vault opens without reminders (`register_resident`). The default stays: rows signed before this column hold it.
    reminders_by_email = models.BooleanField(_("rappels par e-mail"), default=True)
    is_resident = models.BooleanField(_("a un coffre"), default=False)
    is_staff = models.BooleanField(_("agent"), default=False)
    is_companion = models.BooleanField(_("accompagnant"), default=False)
    is_publisher = models.BooleanField(_("membre d’un éditeur"), default=False)
    is_persona = models.BooleanField(
        default=False, editable=False, help_text="a fictional resident whom developers play: nobody signs in as one"
    )
    is_superuser = models.BooleanField(_("gère les agents et les organismes"), default=False)
    is_dpo = models.BooleanField(
        _("délégué à la protection des données"),
        default=False,
        help_text=_("Lit les contestations des habitants et y répond."),
    )
    at_desk = models.BooleanField(
        _("tient le guichet"),
        default=False,
        help_text=_("Ouvre un coffre avec une personne qui n’a pas d’e-mail, devant elle."),
    )
    is_active = models.BooleanField(_("peut se connecter"), default=True)
    date_joined = models.DateTimeField(_("depuis le"), default=timezone.now, editable=False)
    closes_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="when their vault is erased; empty: nobody asked"
    )

    live_sessions = models.JSONField(
        default=dict,
        editable=False,
        help_text="the start of each session under way, by the row's id: another one opens nothing, also put back",
    )

    objects: ClassVar[UserManager] = UserManager()
    decides = by_city(
        *_THIRD,
        "live_sessions",
        "contact_email",
        "reminders_by_email",
        "date_joined",
        former=[_FIRST, _SECOND, _THIRD],
        account="id",
    )

    USERNAME_FIELD = "id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("agent")
        verbose_name_plural = _("agents")
        constraints = [
            models.UniqueConstraint(Lower("email"), condition=~models.Q(email=""), name="user_email_once"),
            models.CheckConstraint(
                condition=models.Q(is_persona=False)
                | models.Q(
                    email="",
                    contact_email="",
                    # Django's mark of a password that nobody has.
                    password__startswith="!",  # noqa: S106 - as above
                    is_resident=True,
                    is_staff=False,
                    is_companion=False,
                    is_publisher=False,
                    is_superuser=False,
                    is_dpo=False,
                    at_desk=False,
                ),
                name="user_persona_without_credentials",
            ),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the account, but not its sessions: another request may have begun or ended one meanwhile."""
        self.email = self.email.strip().lower()
        if not self._state.adding and kwargs.get("update_fields") is None:
            written = {field.name for field in self._meta.concrete_fields} - {"id", "mac", "live_sessions"}
            kwargs["update_fields"] = sorted(written)
        super().save(*args, **kwargs)

    @property
    def works_for_others(self) -> bool:
        """True for agents, companions and publishers' members: they need a second factor and get short sessions."""
        return self.is_staff or self.is_companion or self.is_publisher

    @property
    def is_closing(self) -> bool:
        return self.closes_at is not None and self.is_active

    @property
    def reference(self) -> str:
        """Identifier to quote at the desk after losing the second factor. Shown only after the first factor."""
        return self.pk.hex[:8].upper()

    def get_short_name(self) -> str:
        return self.name

    get_full_name = get_short_name


class SheetQuerySet(RowQuerySet["Sheet"]):
    def open(self) -> Self:
        """Return the sheets whose code is valid now."""
        return self.filter(claimed_at=None, expires_at__gt=timezone.now(), person__is_active=True)


class Sheet(AuthenticatedRow):
    """A printed sheet that lets a resident without credentials return to their vault. Only the last one is valid."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.OneToOneField(User, on_delete=models.CASCADE, related_name="sheet")
    number = models.PositiveSmallIntegerField(
        help_text="printed on it: of two sheets, the one that counts is the last"
    )
    code_hash = models.CharField(max_length=64, unique=True)
    printed_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)

    objects = SheetQuerySet.as_manager()
    decides = by_city("person", "number", "code_hash", "expires_at", "claimed_at", account="person")

    def __str__(self) -> str:
        return f"sheet {self.pk}"


class AgentInvitationQuerySet(RowQuerySet["Invitation"]):
    def open(self, since: datetime) -> Self:
        return self.filter(used_at=None, made_at__gt=since)


class Invitation(AuthenticatedRow):
    """An agent's invitation to link their ProConnect account. Stores only the hash of the token in their e-mail."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)
    token_hash = models.CharField(max_length=64, unique=True)

    objects = AgentInvitationQuerySet.as_manager()
    decides = by_city("agent", "made_by", "made_at", "used_at", "token_hash", account="agent")

    def __str__(self) -> str:
        return f"invitation {self.pk}"


class OfficeRight(models.TextChoices):
    """The right of an agent on one office: examining requests and proposing, or deciding what another one proposed."""

    INSTRUCT = "instruct_requests", _("instruit les demandes")
    DECIDE = "decide_requests", _("décide des demandes")


class OrganisationQuerySet(RowQuerySet["Organisation"]):
    def offices(self) -> Self:
        """Return those that residents may send a request to now."""
        return self.filter(is_active=True, receives=True)


#: Columns of an organisation under its MAC before its name and addresses were.
_OFFICE = ("is_active", "answers_help", "accompanies", "receives", "counter")


class Organisation(AuthenticatedRow):
    """An organisation of companions, or an office that receives requests, such as a service of the city.

    Its name is public: residents read it when they choose a companion or an office.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=60, unique=True)
    helps_with = models.CharField(
        _("aide proposée"), max_length=200, blank=True, help_text=_("En une phrase, comme les habitants la lisent.")
    )
    address = models.CharField(
        _("adresse"),
        max_length=120,
        blank=True,
        help_text=_("Là où les habitants viennent, comme « 3 place du Lavoir, Villebrume »."),
    )
    is_active = models.BooleanField(
        _("en activité"),
        default=True,
        help_text=_("Sinon, ses accompagnants n’agissent plus pour personne, et il n’ouvre plus de demande."),
    )

    answers_help = models.BooleanField(
        _("répond aux demandes d’aide"),
        default=False,
        help_text=_("Les habitants lui envoient un nom et un moment, et rien d’autre."),
    )

    accompanies = models.BooleanField(
        _("a des accompagnants"),
        default=True,
        help_text=_("Ils agissent pour les habitants qui leur donnent un mandat."),
    )
    receives = models.BooleanField(
        _("reçoit des demandes"),
        default=False,
        help_text=_("Les habitants lui envoient un dossier. Il lui faut une adresse et un téléphone."),
    )
    counter = models.BooleanField(
        _("tient un guichet"), default=False, help_text=_("Les habitants viennent à son adresse.")
    )
    phone = models.CharField(
        _("téléphone"), max_length=20, blank=True, help_text=_("Écrit sur les récépissés, comme « 04 65 71 20 18 ».")
    )

    objects = OrganisationQuerySet.as_manager()
    decides = by_city(
        *_OFFICE,
        "name",
        "helps_with",
        "address",
        "phone",
        former=[("is_active", "answers_help"), _OFFICE],
    )

    class Meta:
        verbose_name = _("organisme ou service")
        verbose_name_plural = _("organismes et services")
        ordering = ["name"]
        permissions = [
            ("instruct_requests", "Instruit les demandes de ce service"),
            ("decide_requests", "Décide des demandes de ce service"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(receives=False) | ~models.Q(address="") & ~models.Q(phone=""),
                name="organisation_receives_where",
                violation_error_message=_("Un service qui reçoit des demandes a une adresse et un téléphone."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(RowQuerySet["Membership"]):
    def current(self) -> Self:
        """Return the memberships that may receive a mandate or act now, with their organisations, hence checked."""
        return self.select_related("organisation").filter(
            ended_at=None,
            organisation__is_active=True,
            organisation__accompanies=True,
            person__is_active=True,
            person__is_companion=True,
        )

    def of_office(self, person: User) -> "Membership | None":
        """Return the agent's place in an office that receives requests now, or None.

        Cost: one query, which loads their rights with it, each checked.
        """
        held = models.FilteredRelation(
            "person__organisationpermission",
            condition=models.Q(person__organisationpermission__content_object=models.F("organisation")),
        )
        found = self.annotate(held=held).filter(
            person=person,
            held__isnull=False,
            ended_at=None,
            organisation__is_active=True,
            organisation__receives=True,
            person__is_active=True,
            person__is_staff=True,
        )
        rows = list(found.select_related("organisation", "person", "held"))  # type: ignore[misc]  # annotated
        if not rows:
            return None
        rows[0].rights = frozenset(row.held.right for row in rows)  # type: ignore[attr-defined]  # annotated
        return rows[0]


class Membership(AuthenticatedRow):
    """A companion's membership of an organisation, or an agent's of an office. Each mandate names a membership.

    In an office, an agent's rights are object permissions (`accounts/models/permissions.py`), as long as the place
    lasts: `instructs` examines requests and proposes, `may_decide` decides what another one proposed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="memberships", verbose_name=_("accompagnant")
    )
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships", verbose_name=_("organisme")
    )
    since = models.DateTimeField(_("depuis le"), default=timezone.now)
    ended_at = models.DateTimeField(_("fermé le"), null=True, blank=True)

    # Before rights were object permissions. Nothing reads them but the MACs of then.
    instructed = models.BooleanField(default=False, editable=False, db_column="instructs")
    decided = models.BooleanField(default=False, editable=False, db_column="may_decide")

    objects = MembershipQuerySet.as_manager()
    decides = by_city(
        "person",
        "organisation",
        "ended_at",
        former=[
            ("person", "organisation", "ended_at"),
            ("person", "organisation", "ended_at", "instructed", "decided"),
        ],
        account="person",
    )

    class Meta:
        verbose_name = _("accompagnant")
        verbose_name_plural = _("accompagnants")
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(ended_at=None), name="membership_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Name shown to residents when they agree, and in their journal."""
        return f"{self.person.name}, {self.organisation.name}"[:120]

    @cached_property
    def rights(self) -> frozenset[str]:
        """The agent's rights on the office, each checked. `of_office` loads them with the place."""
        if self.ended_at is not None:
            return frozenset()
        held = self.organisation.permissions.filter(user=self.person_id)
        return frozenset(row.right for row in held)

    @property
    def instructs(self) -> bool:
        return OfficeRight.INSTRUCT in self.rights

    @property
    def may_decide(self) -> bool:
        return OfficeRight.DECIDE in self.rights


class OfficeMember(Membership):
    """An agent's membership of an office, as the admin lists it apart from companions."""

    class Meta:
        proxy = True
        verbose_name = _("agent d’un service")
        verbose_name_plural = _("agents des services")
