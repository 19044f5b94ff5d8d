"""Where “Quitter vite” may lead: ordinary pages of others, each over TLS, that ask nothing and shock nobody."""

from django.conf import settings

#: Addresses and names. An address written into the database that is not here leads to the operator's own choice.
EXITS = {
    "https://meteofrance.com/": "Météo-France",
    "https://www.service-public.gouv.fr/": "Service-Public",
    "https://www.vie-publique.fr/": "Vie-publique",
    "https://www.bnf.fr/": "Bibliothèque nationale de France",
    "https://www.mnhn.fr/": "Muséum national d’histoire naturelle",
}


def exit_address(chosen: str) -> str:
    """Return the address that the city chose in the list, or the operator's."""
    return chosen if chosen in EXITS else settings.EXIT_URL
