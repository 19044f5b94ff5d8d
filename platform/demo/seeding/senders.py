"""The four holders of the town that send lots: allowed by the city, with a program each. Idempotent."""

import json

from accounts.actions import places
from accounts.models import Publisher, PublisherMember, PublisherRole
from certification.access.actions import clients
from certification.labels.actions import requests
from certification.labels.models import Service
from core.whole_files import replace_whole, write_once
from demo.holders import sending
from demo.people.accounts import find
from vault.holders.actions import senders
from vault.holders.enums import Rhythm

#: By the app of `demo/holders`: the holder in the catalogue, what it sends, how often.
SENDERS = {
    "mediatheque": ("mediatheque", ["loisirs.adhesion"], Rhythm.MONTHLY),
    "cantine": ("cantine_periscolaire", ["achats.ticket"], Rhythm.MONTHLY),
    "creche": ("petite_enfance", ["achats.ticket"], Rhythm.MONTHLY),
    "transport": ("transport_local", ["mobilite.abonnement", "mobilite.usage"], Rhythm.DAILY),
}
PUBLISHER, SIRET = "Services de Villebrume", "00042000000010"
TITLES = {
    "mediatheque": "Médiathèque de Villebrume",
    "cantine": "Cantines de Villebrume",
    "creche": "Crèche des Roseaux",
    "transport": "Carte Brume",
}


def allow_senders() -> None:
    """Allow the four holders, register their programs, and write the secrets where their process finds them."""
    manager, file = find("agathe"), sending.secrets_file()
    house, _made = Publisher.objects.get_or_create(siret=SIRET, defaults={"name": PUBLISHER})
    if manager is None or (file.exists() and Service.objects.filter(publisher=house).count() == len(SENDERS)):
        return
    member = PublisherMember.objects.filter(publisher=house).first()
    owner = (
        member.person
        if member
        else places.add_member(
            email="envois@villebrume.example", name="Basile Renard", publisher=house, role=PublisherRole.OWNER
        ).person
    )
    found = {}
    for name, (holder, types, rhythm) in SENDERS.items():
        service = Service.objects.filter(publisher=house, name=TITLES[name]).first() or requests.add_service(
            publisher=house,
            by=owner,
            name=TITLES[name],
            summary="Envoie ce qu’il sait de vous, si vous l’acceptez.",
            url="https://villebrume.example/",
            price="Gratuit",
        )
        if senders.of_service(service.pk) is None:
            senders.allow(holder=holder, service_id=service.pk, types_sent=types, rhythm=rhythm)
        client, secret = clients.register_sender(service=service, by=owner)
        found[name] = {"client_id": client.client_id, "secret": secret}
    content = json.dumps(found).encode()
    if not write_once(file, content):
        replace_whole(file, content)
