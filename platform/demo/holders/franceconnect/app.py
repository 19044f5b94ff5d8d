"""FranceConnect, for the residents of Villebrume and for people with an unusual civil status."""

from collections.abc import Mapping
from typing import Any

from demo.holders.cases import cases
from demo.holders.frame import App
from demo.holders.openid import Provider, Rules, Someone

APP = App("franceconnect", "FranceConnect")
PIVOT = ("given_name", "given_name_array", "family_name", "birthdate", "gender", "birthplace", "birthcountry")
RULES = Rules(
    scopes={"identite_pivot": PIVOT, "preferred_username": ("preferred_username",), "email": ("email",)},
    parameters=frozenset(
        {
            "client_id",
            "redirect_uri",
            "response_type",
            "scope",
            "state",
            "nonce",
            "acr_values",
            "prompt",
            "claims",
            "idp_hint",
            "ui_locales",
        }
    ),
    levels=frozenset({"eidas1"}),
)


def _civil(given: str, family: str, birthdate: str, gender: str, **more: str) -> dict[str, Any]:
    return {
        "given_name": given,
        "given_name_array": given.split(" "),
        "family_name": family,
        "birthdate": birthdate,
        "gender": gender,
        "email": f"{family.lower()}@courriel.example",
        **more,
    }


#: Frequent sources of bugs: born abroad (no birthplace), an unknown day or month, a preferred name.
SURPRISING = {
    "ailleurs": Someone(
        "Amina Benali, née à l’étranger",
        _civil("Amina Fatima", "BENALI", "1988-05-17", "female", birthplace="", birthcountry="99352"),
    ),
    "annee": Someone(
        "Tenzin Dorje, jour et mois de naissance inconnus",
        _civil("Tenzin", "DORJE", "1992-00-00", "male", birthplace="", birthcountry="99216"),
    ),
    "mois": Someone(
        "Moussa Traoré, jour de naissance inconnu",
        _civil("Moussa", "TRAORE", "1992-11-00", "male", birthplace="", birthcountry="99335"),
    ),
    "usage": Someone(
        "Claire Vasseur, qui se fait appeler Morel",
        _civil(
            "Claire Anne-Marie",
            "VASSEUR",
            "1979-02-28",
            "female",
            birthplace="2A004",
            birthcountry="99100",
            preferred_username="MOREL",
        ),
    ),
}


def people() -> Mapping[str, Someone]:
    return {slug: Someone(case.name, _of_story(case.facts)) for slug, case in cases().items()} | SURPRISING


def _of_story(facts: Mapping[str, Any]) -> dict[str, Any]:
    names = {name: facts[name] for name in ("birthplace", "birthcountry")}
    return _civil(facts["given_name"], facts["family_name"].upper(), facts["birthdate"], facts["gender"], **names)


PROVIDER = Provider(APP, RULES, people, "Qui êtes-vous ?")
