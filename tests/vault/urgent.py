"""Emergency accesses for tests, made with the verbs, in a city that offers them."""

from accounts.models import User
from core.models import City
from vault.records.models import Grant
from vault.sharing.actions import emergency
from vault.sharing.models import EmergencyAccess

REASON = "Hospitalisée, son bailleur demande le loyer aujourd’hui."


def offered(offered: bool = True) -> None:
    city = City.current()
    city.of_name = city.of_name or "de Villebrume"
    city.emergency_access = offered
    city.save()


def asked(agent: User, resident: User, *items: str, minutes: int = 30) -> EmergencyAccess:
    return emergency.ask(by=agent, written=resident.email, reason=REASON, items=items or ["home"], minutes=minutes)


def opened(agent: User, second: User, resident: User, *items: str, minutes: int = 30) -> EmergencyAccess:
    return emergency.decide(access=asked(agent, resident, *items, minutes=minutes), by=second, agree=True)


def held(access: EmergencyAccess) -> Grant:
    assert access.grant is not None
    return access.grant
