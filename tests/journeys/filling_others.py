"""Fill a portal for the sweep of its pages: what others than the resident open in a vault, and official forms.

Visitors of links, a companion, an agent with an urgent access, the desk. `filling.py` calls each function once.
"""

from typing import Any
from uuid import uuid4


def links(resident: Any) -> dict[str, Any]:
    """Make three links: one that was visited, one locked, one whose visitor is asked to erase what they saw."""
    from django.test import Client
    from django_scopes import scope

    from tests.vault.shown import entered, linked
    from vault.records import gate
    from vault.records.models import Paper
    from vault.sharing.actions import erasures
    from vault.sharing.actions import links as actions

    with scope(resident=resident.pk):
        paper = Paper.objects.kept().filter(kind="rib").first() or Paper.objects.kept().earliest("created_at")
    key = linked(
        resident, "logement.domicile#/loyer", "emploi.revenu#/mois", "emploi.revenu#/net_social", papers=[paper.pk]
    )
    visitor = entered(key, Client(HTTP_HOST="127.0.0.1"))
    visitor.get(f"/l/{key.token}/")
    list(visitor.get(f"/l/{key.token}/papier/{paper.pk}/0/").streaming_content)  # type: ignore[attr-defined]
    locked = linked(resident, "logement.domicile#/loyer", name="Bailleur", title="Bail")
    for _ in range(5):
        actions.enter(link=locked.link, typed="0")
    erased = linked(resident, "logement.domicile#/loyer", name="Syndic", title="Charges").link
    gate.read_all(grant=erased.grant, fields=["logement.domicile#/loyer"], visit=None)
    return {
        "link": key.link.grant_id,
        "token": key.token,
        "locked_link": locked.link.grant_id,
        "erased_grant": erased.grant_id,
        "erasure": erasures.ask(grant=erased.grant, by=resident.pk).pk,
    }


def companion(resident: Any) -> dict[str, Any]:
    """Make a mandate of the demonstration's companion, who has read once, and a waiting code."""
    from accounts.actions import places
    from demo.people.accounts import find
    from services.dossiers.actions.preparing import prepare
    from tests.vault.entrusted import entrusted, help_of, said
    from vault.sharing.actions import erasures, handing_over, mandates
    from vault.sharing.agreements.entrusting import AGREEMENT
    from vault.sharing.enums import Act

    theo = find("theo")
    assert theo is not None
    account = theo.account()
    place = places.of_companion(account)
    assert place is not None
    mandate = entrusted(resident, account, "home", "unemployment", acts=list(Act), months=6)
    mandates.look(mandate=mandate, companion=account, item_code="home", agreement=AGREEMENT)
    said(resident, "home")
    colleague = places.add_companion(
        email="nora.releve@villebrume.example", name="Nora Vidal", organisation=place.organisation
    )
    made = {
        "handover": handing_over.offer(mandate=mandate, companion=account, membership_id=colleague.pk).pk,
        "place": place.pk,
        "organisation": place.organisation_id,
        "mandate": mandate.pk,
        "prepared": prepare(mandate=mandate, companion=account, aids=["ville_creche"], token=uuid4()).pk,
        "entrusted_grant": mandate.grant_id,
        "mandate_erasure": erasures.ask(grant=mandate.grant, by=resident.pk).pk,
    }
    return made | requests_of(resident, account) | {"help": help_of(resident, place.organisation).pk}


def requests_of(resident: Any, account: Any) -> dict[str, Any]:
    """Make three requests of the companion: one to answer, one accepted, one refused."""
    from vault.records.enums import Mode
    from vault.records.grants.terms import Terms
    from vault.sharing.actions import asking
    from vault.sharing.actions.household import fingerprint
    from vault.sharing.actions.mandates import today
    from vault.sharing.enums import AskedFor

    made = [
        asking.ask(
            companion=account, address=resident.email, items=["home", "wages"], purpose=AskedFor.HOUSING, length="m1"
        )
        for _ in range(3)
    ]
    fingerprint_today = fingerprint(today(resident_id=resident.pk))
    asking.accept(request=made[1], by=resident.pk, terms=Terms(["home"], Mode.LOOK, 1), seen=fingerprint_today)
    asking.refuse(request=made[2], by=resident.pk)
    made.append(
        asking.ask(
            companion=account,
            address="personne@courriel.example",
            items=["home"],
            purpose=AskedFor.HOUSING,
            length="m1",
            by_phone=True,
        )
    )
    return {
        name: request.pk
        for name, request in zip(("access_asked", "asked_answered", "asked_refused", "by_phone"), made, strict=True)
    }


def urgencies(resident: Any, agent: Any) -> dict[str, Any]:
    """Make urgent accesses: one to decide, one opened by the agent, one for an unknown resident."""
    from demo.people.accounts import find
    from tests.vault.urgent import REASON, opened
    from tests.vault.urgent import asked as urgently_asked
    from vault.sharing.actions import emergency

    hugo = find("hugo")
    assert hugo is not None
    other = hugo.account()
    nobody = emergency.ask(by=other, written="personne@courriel.example", reason=REASON, items=["home"], minutes=15)
    made = {"urgent_nobody": nobody.pk, "urgent": urgently_asked(other, resident, "home", "wages").pk}
    return made | {"urgent_open": opened(agent, other, resident, "home", "unemployment", minutes=60).pk}


def at_the_desk(agent: Any, cookie: str) -> dict[str, Any]:
    """Make a desk visit, in the session of the sweep, of a resident who came back with their sheet."""
    from accounts.models import Session
    from accounts.sign_in.sessions import hashed
    from tests.vault.at_desk import owner, sheet_of
    from tests.vault.made import HOME, add
    from vault.sharing.actions import desk

    session = Session.objects.get(key_hash=hashed(cookie))
    first = desk.open_vault(agent=agent, session=session, name="Rosa Delmas", token=uuid4())
    code = sheet_of(first, agent)
    add(owner(first), "logement.domicile", HOME)
    visit = desk.come_back(agent=agent, session=session, code=code, items=["home", "unemployment"], token=uuid4())
    return {"desk_visit": visit.pk, "paper_grant": on_paper(visit, agent)}


def on_paper(visit: Any, agent: Any) -> Any:
    """Make a mandate that was signed on paper."""
    from accounts.models import Membership
    from core.files.storage import sealed_storage
    from core.files.uploads import SealedUpload
    from vault.records.enums import GrantChannel, Mode
    from vault.records.grants.terms import Terms
    from vault.sharing.actions import desk

    with sealed_storage.create(resident_id=visit.resident_id) as sealed:
        sealed.write(b"%PDF-1.7 signed with a pen")
    upload = SealedUpload(name="mandat.pdf", content_type="application/pdf", sealed=sealed)
    place = Membership.objects.current().earliest("since")
    terms = Terms(["home"], Mode.LOOK, 1, channel=GrantChannel.DESK)
    signed = desk.sign_on_paper(
        visit=visit, agent=agent, membership_id=place.pk, terms=terms, allowed=[], upload=upload, keep=False
    )
    return signed.grant_id


def official_forms(agent: Any, resident: Any) -> dict[str, Any]:
    """Use the town's form: a dossier of its aid, the next version as the agent's draft, and a colleague's."""
    from demo.seeding.official_forms import SPORT
    from services.dossiers.actions import dossiers
    from services.official_forms.actions import official_forms as actions
    from services.official_forms.models import OfficialForm
    from services.versions.models import State
    from tests.accounts.factories import AgentFactory

    form = OfficialForm.objects.get(state=State.PUBLISHED, number=SPORT.number)
    draft, proposed = (actions.renew(form=form, by=author) for author in (agent, AgentFactory(name="Hugo Bastide")))
    dossier = dossiers.start(resident_id=resident.pk, aids=form.aids)
    return {
        "official_form": form.pk,
        "draft_form": draft.pk,
        "proposed_form": proposed.pk,
        "form_dossier": dossier.pk,
    }
