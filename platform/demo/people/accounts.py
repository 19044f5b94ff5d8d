"""The fictional people of Villebrume. Their e-mail addresses do not exist, and their second factor is public."""

import time
from dataclasses import dataclass
from datetime import timedelta

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.actions import accounts as actions
from accounts.actions import nominations, places
from accounts.models import Nomination, Organisation, Role, User
from accounts.sign_in import second_factor

AGENT_SECRET = "VILLEBRUMEVILLEBRUMEVILLEBRUME22"  # noqa: S105 - an invented agent's, public on purpose
STEP = 30
#: Shared contact address of a couple. Contact addresses may be shared, sign-in addresses may not.
COUPLE = "lemoine@villebrume.example"


@dataclass(frozen=True)
class Person:
    slug: str
    name: str
    situation: str | Promise
    role: Role | None = None
    contact: str = ""
    works_at: str = ""
    publishes_at: str = ""

    @property
    def is_agent(self) -> bool:
        return self.role is not None

    @property
    def is_resident(self) -> bool:
        return not self.is_agent and not self.works_at and not self.publishes_at

    @property
    def email(self) -> str:
        return f"{self.slug}@{self.publishes_at or 'villebrume.example'}"

    def account(self) -> User:
        """Return their account, creating it the first time. `manage.py seed_demo` fills their vault."""
        if self.is_agent:
            return _agent(self)
        if self.works_at:
            return _companion(self)
        if self.publishes_at:
            return _with_second_factor(User.objects.signing_in_as(self.email).get())
        account = actions.register_resident(email=self.email, name=self.name)
        if self.contact and not account.contact_email:
            actions.change_contact_address(user=account, email=self.contact)
        return account

    def code(self) -> str:
        """Return the current code of an agent's or companion's second factor."""
        value: str = format_hotp_value(hotp_value(AGENT_SECRET, int(time.time()) // STEP))
        return value


PEOPLE = (
    Person(
        "nadia",
        "Nadia Kervella",
        _("36 ans, seule avec deux enfants. Elle travaille à temps partiel et loue un logement social."),
    ),
    Person(
        "paul",
        "Paul Astruc",
        _("47 ans, en couple. Il a un handicap reconnu, elle a un salaire. Ils louent un logement social."),
    ),
    Person(
        "samir",
        "Samir Belhadj",
        _("20 ans, étudiant boursier. Il vit en résidence et reste sur la déclaration de ses parents."),
    ),
    Person(
        "odette", "Odette Marchais", _("74 ans, retraitée avec une petite pension. Elle vit seule dans sa maison.")
    ),
    Person("leo", "Léo Fontanel", _("29 ans, seul, petit salaire. Il loue un studio meublé.")),
    Person("karim", "Karim Ouali", _("41 ans, au chômage depuis bientôt un an. Il loue un logement social.")),
    Person("elise", "Élise Garnier", _("39 ans, en couple, trois enfants, deux salaires. Ils louent leur logement.")),
    Person("mael", "Maël Tessier", _("19 ans, apprenti. Il loue un petit meublé.")),
    Person(
        "claire",
        "Claire Lemoine",
        _("33 ans, mariée à Yann, une petite fille. Mi-temps. Chacun a son coffre."),
        contact=COUPLE,
    ),
    Person(
        "yann",
        "Yann Lemoine",
        _("35 ans, marié à Claire, un salaire. On leur écrit à la même adresse."),
        contact=COUPLE,
    ),
    Person(
        "theo",
        "Théo Lassalle",
        _("Accompagnant. Il agit pour Odette, sous le mandat qu’elle lui a donné. Il ne voit personne d’autre."),
        works_at="CCAS de Villebrume",
    ),
    Person(
        "agathe",
        "Agathe Roussel",
        _(
            "Agent de la ville. Elle règle le portail, tient le guichet et étudie les demandes envoyées\u00a0;"
            " elle n’ouvre aucun coffre sans sa personne."
        ),
        role=Role.MANAGER,
    ),
    Person(
        "hugo",
        "Hugo Ferrand",
        _(
            "Agent de la ville. Il gère les agents et les organismes, confirme ce qu’Agathe propose,"
            " et décide des demandes."
        ),
        role=Role.MANAGER,
    ),
    Person(
        "ines",
        "Inès Delaunay",
        _("Déléguée à la protection des données. Elle répond aux contestations, et décide à deux."),
        role=Role.OFFICER,
    ),
)


#: Whoever writes for the service that the demonstration serves beside the portal, which makes their account.
SALOME = Person(
    "equipe",
    "Salomé Attal",
    _("Éditrice du service Par 4 Chemins. Elle suit sa demande à la ville et essaie ses programmes."),
    publishes_at="par4chemins.example",
)


def find(slug: str) -> Person | None:
    return next((person for person in (*PEOPLE, SALOME) if person.slug == slug), None)


def is_invented(user: User) -> bool:
    return any(person.email == user.email for person in (*PEOPLE, SALOME))


def _companion(person: Person) -> User:
    help_text = "Aide aux démarches : logement, factures, retraite. Sur rendez-vous."
    organisation, _made = Organisation.objects.get_or_create(
        name=person.works_at,
        defaults={"helps_with": help_text, "answers_help": True, "address": "3 place du Lavoir, Villebrume"},
    )
    account = places.add_companion(email=person.email, name=person.name, organisation=organisation).person
    return _with_second_factor(account)


def _agent(person: Person) -> User:
    """Return the agent, named for long enough to decide with another one."""
    agent = User.objects.signing_in_as(person.email).first() or actions.add_agent(
        email=person.email, name=person.name, at_desk=person.slug == "agathe"
    )
    if person.role is not None:
        name_long_ago(agent, person.role)
    return _with_second_factor(User.objects.get(pk=agent.pk))


def name_long_ago(agent: User, role: Role) -> None:
    """Name the agent as the operator does, long enough ago to count. Their second factor was set up in presence."""
    nomination = nominations.name_by_operator(person=agent, role=role)
    nomination.confirmed_at = nomination.proposed_at = agent.date_joined - timedelta(days=90)
    seen = Nomination.objects.filter(person=agent, seen_at__isnull=False).order_by("seen_at").first()
    nomination.seen_at = nomination.seen_at or (seen.seen_at if seen else timezone.now())
    nomination.save()


def _with_second_factor(user: User) -> User:
    if not second_factor.is_set_up(user):
        TOTP.activate(user, AGENT_SECRET)
    return user
