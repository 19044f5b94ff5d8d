"""ProConnect, for the agents of Villebrume: with a password, with a second factor, and one agent of another town."""

from collections.abc import Mapping

from demo.holders.frame import App
from demo.holders.openid import Provider, Rules, Someone
from demo.people.accounts import PEOPLE

APP = App("proconnect", "ProConnect")
RULES = Rules(
    scopes={
        "email": ("email",),
        "given_name": ("given_name",),
        "usual_name": ("usual_name",),
        "uid": ("uid",),
        "siret": ("siret",),
    },
    parameters=frozenset(
        {"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "acr_values", "prompt", "claims"}
    ),
)


def people() -> Mapping[str, Someone]:
    agents = [person for person in PEOPLE if person.is_agent]
    once = {one.slug: Someone(f"{one.name}, mot de passe seul", {"email": one.email}) for one in agents}
    twice = {
        f"{one.slug}-mfa": Someone(
            f"{one.name}, avec second facteur", {"email": one.email}, amr=("pwd", "mfa"), same_as=one.slug
        )
        for one in agents
    }
    return {**once, **twice, "ailleurs": Someone("Un agent d’une autre ville", {"email": "agent@autreville.example"})}


PROVIDER = Provider(APP, RULES, people, "Quel agent ?")
