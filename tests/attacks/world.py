"""Data in which every kind of user has a relation to one resident's vault, with one object for each kind of URL.

`things_of` makes the resident's objects; `town` makes the other users, each with their mandate, urgent access or link.
"""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client, override_settings
from django.test.client import ClientHandler
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from accounts.actions import city_decisions, pending
from accounts.actions import desk as agents_desk
from accounts.actions.places import add_to_office
from accounts.models import FactorReset, Publisher, PublisherRole, Role, Session, User
from campaigns.debates.actions import posts
from campaigns.debates.enums import Kind, Rule, VoteState
from campaigns.panel.actions import opinions, panels
from campaigns.panel.enums import Stance
from campaigns.plans.actions import campaigns
from certification.access.actions import clients
from certification.access.enums import Environment
from certification.developers.actions import trials
from certification.developers.models import Delivery, Endpoint, Event
from certification.labels.actions import complaints, labels, requests
from certification.labels.enums import Change, Signatory
from certification.labels.models import CharterVersion, Complaint, HolderContact, Service, Signature
from core import journal
from core.files import resumable
from core.models import City, HelpPage, Job, LegalPage
from demo.holders import reach
from services.aids import catalogue, shipping
from services.aids.actions import local_aids, urgent_dates, urgent_situations
from services.dossiers import across as parts
from services.dossiers.actions import dossiers
from services.dossiers.actions import parts as actions_parts
from services.dossiers.actions.preparing import prepare
from services.dossiers.models import Dossier
from services.places.models import Place
from services.procedures import shipping as procedure_shipping
from services.procedures.actions import procedures
from services.requests.actions import office as offices
from services.requests.actions.outside import note_sent
from services.requests.enums import Fault
from services.versions.actions import versions
from tests.accounts.factories import AgentFactory, CompanionFactory, ResidentFactory, established, signed_in
from tests.accounts.soft_key import SoftKey
from tests.campaigns import given
from tests.campaigns.debates import voted
from tests.campaigns.made import days_ahead, document, own_survey
from tests.campaigns.panel import seated
from tests.certification.made import SIRETS, charter, evidenced, filled, labelled, member, proposed, publisher, service
from tests.services.dossiers.made import built, fill
from tests.services.official_forms import made as forms
from tests.services.requests.made import fresh, opened_office, sent
from tests.services.requests.made import work as write_letters
from tests.services.watch.made import a_finding
from tests.vault.at_desk import keeper
from tests.vault.at_desk import opened as opened_at_desk
from tests.vault.couples import couple, place, shared
from tests.vault.data_samples import bank_table
from tests.vault.entrusted import entrusted, help_of, helping_place, place_at
from tests.vault.lived import brought, exported
from tests.vault.made import add, add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import entered, linked
from tests.vault.urgent import asked as urgently_asked
from tests.vault.urgent import offered, opened
from vault.holders.actions import connections
from vault.holders.actions.requests import start_request
from vault.holders.models import ConnectorHealth, Lot, Sender
from vault.journal.actions import contests
from vault.records import actions, gate
from vault.records.actions import grants
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder, Paper, PaperKind
from vault.sharing.actions import asking, erasures, handing_over, sent_papers
from vault.sharing.enums import Act, AskedFor
from vault.sharing.models import DeskVisit

BIRTHDATE = "identite.pivot#/birthdate"


@dataclass
class Person:
    """A user with a browser. `holds` replaces some of the resident's objects by their own, under the same keys."""

    cookies: dict[str, str] = field(default_factory=dict)
    holds: dict[str, Any] = field(default_factory=dict)
    handler: ClientHandler = field(default_factory=partial(ClientHandler, enforce_csrf_checks=False))

    def browser(self) -> Client:
        """Return a new browser, so that no page's cookies affect the next one. The chain of middleware is kept."""
        client = Client()
        client.handler = self.handler
        for name, value in self.cookies.items():
            client.cookies[name] = value
        return client


def things_of(resident: User) -> dict[str, Any]:
    """Make one object for each kind of URL, all of this resident."""
    paper_kinds.load()
    holder_catalogue.load()
    browser = signed_in(resident)
    fill(resident)
    kept = uploaded(browser, resident, notice_pdf(income_year=2024))
    actions.confirm_paper(paper=kept, by=resident.pk)
    waiting = uploaded(browser, resident, notice_pdf(income_year=2023))
    add(
        resident,
        "energie.index",
        {"point": "14500000000001", "horodate": "2026-01-01T00:00:00+01:00", "unite": "Wh", "cadrans": {}, "total": 5},
    )
    done = built(resident)
    dossier = dossiers.start(resident_id=resident.pk, aids=["rsa"])
    with scope(resident=resident.pk):
        job = Job.objects.create(
            resident_id=resident.pk, kind="read_paper", subject_id=uuid4(), purpose="Essayer", state=Job.State.FAILED
        )
    partner = ResidentFactory()
    couple(resident, partner)
    actions_parts.ask(dossier=dossiers.start(resident_id=partner.pk, aids=["rsa"]), by=partner.pk)
    grant = shared(resident, partner, "people", "address")
    offered()
    line, contested = (entry.id for entry in journal.entries(resident_id=resident.pk, limit=2))
    link = linked(resident, BIRTHDATE).link
    return {
        "member": place(partner).pk,
        "grant": grant.pk,
        "the receipt": first_receipt(grant),
        "link": link.grant_id,
        "erasure": asked_to_erase(link.grant, BIRTHDATE),
        "paper": kept.pk,
        "the side": the_side(kept),
        "waiting paper": waiting.pk,
        "connection": connected_to_caf(resident).pk,
        "data file": uploaded(browser, resident, bank_table(), name="compte.csv").pk,
        "record": add_signed_notice(resident, annee_revenus=2022).pk,
        "draft": actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile").pk,
        "request": start_request(
            resident_id=resident.pk,
            by=resident.pk,
            holder=Holder.objects.get(code="caf"),
            right="access",
            parts={"name": "Nadia"},
        ).pk,
        "dossier": dossier.pk,
        "built dossier": done.pk,
        "the seal": done.seal.code,
        "part": parts.received(resident.pk)[0].part.pk,
        "job": job.pk,
        "upload": resumable.start(resident_id=resident.pk, length=10, metadata={"filename": "a.pdf"}).pk,
        "passkey": a_passkey(resident).pk,
        "help": help_of(resident).pk,
        "access request": asking.ask(
            companion=CompanionFactory(), address=resident.email, items=["home"], purpose=AskedFor.REVIEW, length="m1"
        ).pk,
        "emergency": urgently_asked(AgentFactory(), resident).pk,
        "line": line,
        "contested line": contested,
        "contest": contests.contest_line(
            resident_id=resident.pk, by=resident.pk, entry_id=contested, message="Pourquoi ?"
        ).pk,
        "complaint": complained(resident).pk,
        "brought": brought(resident).pk,
        "session": Session.objects.filter(user=resident).earliest("pk").pk,
    }


def asked_to_erase(grant: Any, field: str) -> Any:
    """Read a field under a grant, and ask for what was read to be erased."""
    gate.read(grant=grant, fields=[field], person=grant.resident_id)
    return erasures.ask(grant=grant, by=grant.resident_id).pk


def a_passkey(resident: User) -> Authenticator:
    options = {
        "authenticatorSelection": {"userVerification": "required", "residentKey": "required"},
        "user": {"id": ""},
        "challenge": "",
    }
    credential = json.loads(SoftKey().create({"publicKey": options}))
    return Authenticator.objects.create(
        user=resident, type="webauthn", data={"name": "Téléphone", "credential": credential}
    )


def connected_to_caf(resident: User) -> Any:
    with override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1")):
        return connections.connect(
            resident_id=resident.pk, by=resident.pk, holder="caf", datasets=["quotient"], unattended=True
        )


def first_receipt(grant: Any) -> Any:
    with scope(resident=grant.resident_id):
        return grant.events.get().pk


def the_side(paper: Any) -> Any:
    with scope(resident=paper.resident_id):
        return paper.files.get().pk


def handed_over(mandate: Any, companion: User) -> Any:
    """Return the id of the companion's offer of their mandate to a colleague."""
    colleague = CompanionFactory(organisation=helping_place().name)
    return handing_over.offer(mandate=mandate, companion=companion, membership_id=place_at(colleague).pk).pk


def town(owner: User, stranger: User, things: dict[str, Any]) -> dict[str, Person]:
    """Make the users. Adds to `things` the objects that they hold of the owner, and those that the admin shows."""
    helper, before, without = (
        CompanionFactory(organisation=name) for name in (helping_place().name, "Mission locale", "Mission locale")
    )
    mandate, over = (entrusted(owner, companion, "home", acts=list(Act)) for companion in (helper, before))
    grants.stop(grant=over.grant, by=owner.pk)
    request = asking.ask(
        companion=helper, address=owner.email, items=["home"], purpose=AskedFor.REVIEW, length="m1", by_phone=True
    )
    asker, officer = AgentFactory(), AgentFactory()
    access = opened(asker, AgentFactory(), owner)
    officer.is_dpo = True
    officer.save()
    established(officer, Role.OFFICER)
    manager, at_desk = AgentFactory(manages_agents=True, at_desk=True), keeper()
    desk = signed_in(at_desk)
    place = Place.objects.create(code="mairie", name="Mairie")
    things["place"] = place.pk
    key = linked(owner, BIRTHDATE, papers=[things["paper"]], documents=[things["built dossier"]])
    exported(owner)
    things |= {
        "mandate": mandate.pk,
        "handover": handed_over(mandate, helper),
        "prepared dossier": prepare(mandate=mandate, companion=helper, aids=["ville_cantine"], token=uuid4()).pk,
        "erasure of a mandate": asked_to_erase(mandate.grant, "logement.domicile#/loyer"),
        "asked by telephone": request.pk,
        "opened access": access.pk,
        "access to decide": urgently_asked(asker, owner).pk,
        "token": key.token,
        "visit": opened_at_desk(at_desk, desk).pk,
        "membership": place_at(helper).pk,
        "organisation": place_at(helper).organisation_id,
        "core.city": City.current().pk,
        "core.helppage": HelpPage.objects.create(
            slug="piscine", theme="debut", question="La piscine ?", text="Oui."
        ).pk,
        "core.legalpage": LegalPage.objects.create(slug=LegalPage.Slug.HELP, text="Aide").pk,
        "core.job": things["job"],
        "accounts.user": officer.pk,
        "accounts.organisation": place_at(helper).organisation_id,
        "accounts.membership": place_at(helper).pk,
        "accounts.factorreset": agents_desk.ask_for_reset(
            written=helper.email, reason=FactorReset.Reason.LOST, by=officer
        ).pk,
        "records.paperkind": PaperKind.objects.earliest("pk").pk,
        "records.holder": Holder.objects.earliest("pk").pk,
        "holders.connectorhealth": ConnectorHealth.objects.create(connector="enedis").pk,
        "holders.sender": (
            sender := Sender.objects.create(
                holder="mediatheque", service_id=uuid4(), types=["loisirs.adhesion"], rhythm="daily"
            )
        ).pk,
        "lot": Lot.objects.create(sender=sender, key="1", lines=0).pk,
        "journal.contest": things["contest"],
        "sharing.emergencyaccess": access.pk,
        "places.place": place.pk,
    }
    with scope(resident=owner.pk):
        paper = Paper.objects.get(pk=things["paper"])
    with scopes_disabled():
        visited = DeskVisit.objects.select_related("grant").get(pk=things["visit"])
    with scope(resident=visited.resident_id):
        brought_there = Paper.objects.create(resident_id=visited.resident_id, token=uuid4(), content=b"")
    other = AgentFactory(manages_agents=True)
    proposed = city_decisions.change(what=city_decisions.What.DAYS, value=3, by=other)
    assert proposed is not None
    things |= {
        "sent paper": sent_papers.ticket(grant=mandate.grant, paper=paper),
        "sent at the desk": sent_papers.ticket(grant=visited.grant, paper=brought_there),
        "consultation": given.opened().code,
        "nomination": other.nominations.get().pk,
        "city decision": proposed.pk,
        "accounts.pendingaccount": pending.offer(
            email="zoe@villebrume.example", name="Zoé", by=other, link=lambda token: "http://localhost/"
        ).pk,
    }
    examiner = AgentFactory()
    things |= sent_to_an_office(owner, examiner, things["built dossier"])
    things |= labels_of(house := publisher(), author := member(house), examiner)
    things |= consultations_of(examiner)
    things |= debates_of(owner, examiner)
    things |= panel_of(owner, helper, examiner)
    things |= local_aids_of(examiner)
    things |= official_forms_of(examiner)
    things |= procedures_of(examiner)
    things |= urgent_situations_of(examiner)
    urgent_dates.note(resident_id=owner.pk, by=owner.pk, code="violences", days={"demande": timezone.localdate()})
    visit = settings.VISIT_COOKIE_NAME
    return {
        "nobody": Person(),
        "visitor": Person({visit: entered(key).cookies[visit].value}),
        "owner": person_signed_in(owner),
        "stranger": person_signed_in(stranger),
        "companion": person_signed_in(helper),
        "companion after the mandate": person_signed_in(before, mandate=over.pk),
        "companion without mandate": person_signed_in(without),
        "publisher": person_signed_in(author),
        "other publisher": person_signed_in(member(publisher("Autre", SIRETS[1]))),
        "agent": person_signed_in(examiner),
        "officer": person_signed_in(officer),
        "agent with an urgent access": person_signed_in(asker),
        "agent at the desk": Person({settings.SESSION_COOKIE_NAME: desk.cookies[settings.SESSION_COOKIE_NAME].value}),
        "manager": person_signed_in(manager),
    }


def sent_to_an_office(owner: User, agent: User, dossier_id: Any) -> dict[str, Any]:
    """Send a dossier to an office, where `agent` asks for a correction."""
    office = opened_office()
    place = add_to_office(agent=agent, organisation=office, instructs=True, may_decide=True, by=None)
    with scope(resident=owner.pk):
        dossier = Dossier.objects.get(pk=dossier_id)
    request = sent(owner, office, dossier)
    write_letters()
    offices.take(request=request, place=place)
    correction = offices.ask_correction(
        request=fresh(request), place=place, line="l0", fault=Fault.OUTDATED, message="Trop ancien."
    )
    outside = note_sent(
        resident_id=owner.pk,
        by=owner.pk,
        dossier=dossier,
        office="CAF",
        number="0427781",
        on=timezone.localdate(),
        token=uuid4(),
    )
    return {
        "request to an office": request.pk,
        "its correction": correction.pk,
        "outside request": outside.pk,
        "finding": a_finding(owner).pk,
        "accounts.officemember": place.pk,
    }


def complained(resident: User) -> Complaint:
    """Tell the city of a problem with a service of a publisher that is nobody's here."""
    house = Publisher.objects.create(name="Signalé", siret=SIRETS[2])
    one = Service.objects.create(
        publisher=house, name="Signalé", summary="Compare.", url="https://signale.example/", price="Gratuit"
    )
    return complaints.complain(
        resident_id=resident.pk, by=resident.pk, service=one, about=Complaint.About.OTHER, message="Il ne marche pas."
    )


def labels_of(house: Publisher, author: User, examiner: User) -> dict[str, Any]:
    """Make a publisher's requests in each state, a label, and a change of it that `examiner` proposes."""
    label = labelled(author, service(author, house, "Labellisé"))
    draft = filled(author, service(author, house, "En brouillon"))
    sent = filled(author, service(author, house, "Envoyé"))
    examined = filled(author, service(author, house, "Instruit"))
    shown, hidden = (evidenced(request, author) for request in (draft, examined))
    for request in (sent, examined):
        requests.submit(request=request, by=author)
    requests.take(request=examined, by=examiner)
    other = labelled(author, service(author, house, "À retirer"))
    change = labels.propose_change(label=other, by=examiner, what=Change.WITHDRAW, reasons="Il revend.")
    lifted = labelled(author, service(author, house, "Relevé"))
    labels.suspend(label=lifted, by=examiner, reasons="Une faille.")
    agreed = labels.propose_change(label=lifted, by=examiner, what=Change.LIFT, reasons="Corrigée.")
    labels.decide_change(change=agreed, by=AgentFactory(), agree=True)
    waiting = proposed(author, service(author, house, "À accepter"), examiner)
    current = charter()
    program, _secret = clients.register(
        service=label.service, by=author, environment=Environment.LIVE, redirect_uris=["https://labellise.example/"]
    )
    tried, _secret = clients.register(
        service=label.service, by=author, environment=Environment.TEST, redirect_uris=["https://labellise.example/"]
    )
    listening = Endpoint.objects.create(
        client=program, url="https://labellise.example/", events=["consent.given"], secret="", proved_at=timezone.now()
    )
    told = Event.objects.create(service=label.service, environment="live", type="consent.given", data={})
    return {
        "program": program.client_id,
        "test program": tried.client_id,
        "trial": trials.begin(client=tried, by=author)[0].pk,
        "secret": program.secrets[0].id,
        "endpoint": listening.pk,
        "delivery": Delivery.objects.create(endpoint=listening, event=told).pk,
        "decided request": label.request_id,
        "label to accept": requests.accept(request=waiting, by=AgentFactory(), reasons="Oui.").pk,
        "agreed change": agreed.pk,
        "label": label.pk,
        "label number": label.number,
        "service": label.service_id,
        "draft request": draft.pk,
        "purpose": draft.purposes.get().pk,
        "evidence": shown.pk,
        "sent evidence": hidden.pk,
        "sent request": sent.pk,
        "examined request": examined.pk,
        "proposed request": proposed(author, service(author, house, "À décider"), examiner).pk,
        "change of a label": change.pk,
        "accounts.publisher": house.pk,
        "accounts.publishermember": house.members.get(person=author).pk,
        "colleague": house.members.get(person=member(house, PublisherRole.DEVELOPER)).pk,
        "labels.charterversion": CharterVersion.objects.create(number=2, opening="Bonjour.", money="Non.").pk,
        "labels.holdercontact": HolderContact.objects.create(holder=Holder.objects.all()[0], email="").pk,
        "labels.signature": Signature.objects.create(
            charter=current, kind=Signatory.ASSOCIATION, name="Ligue des usagers", signed_on=timezone.localdate()
        ).pk,
    }


def local_aids_of(author: User) -> dict[str, Any]:
    """Publish a shipped aid, and make two versions of an agent: a draft of its next one, and a tried one."""
    published, other, *_others = shipping.load_local_aids()
    draft = versions.renew(row=published, by=author, begin=local_aids.begin)
    tried = versions.try_out(row=versions.renew(row=other, by=author, begin=local_aids.begin), by=author)
    return {"local aid": published.pk, "next local aid": draft.pk, "tried local aid": tried.pk}


def official_forms_of(author: User) -> dict[str, Any]:
    """Make three forms of an agent: one that a colleague published for the RSA, and two drafts."""
    published = forms.published(author, AgentFactory(), aids=["rsa"])
    draft, other = (forms.draft(author, code=code) for code in ("brouillon", "autre"))
    return {
        "published form": published.pk,
        "draft form": draft.pk,
        "form to publish": other.pk,
        "official_forms.officialform": draft.pk,
    }


def procedures_of(author: User) -> dict[str, Any]:
    """Publish the shipped procedures, and make two versions of an agent: a draft of the next one, a proposed one."""
    published, other, *_others = procedure_shipping.load()
    draft = versions.renew(row=published, by=author, begin=procedures.begin)
    proposed_one = versions.try_out(row=versions.renew(row=other, by=author, begin=procedures.begin), by=author)
    return {"procedure": published.pk, "next procedure": draft.pk, "proposed procedure": proposed_one.pk}


def urgent_situations_of(author: User) -> dict[str, Any]:
    """Publish two shipped situations, and make two versions of an agent: a draft of a next one, and a proposed one."""
    published, other = map(shipping.write_situation, catalogue.urgent_situations()[:2])
    draft = versions.renew(row=published, by=author, begin=urgent_situations.begin)
    tried = versions.try_out(row=versions.renew(row=other, by=author, begin=urgent_situations.begin), by=author)
    return {"situation": published.pk, "next situation": draft.pk, "tried situation": tried.pk}


def consultations_of(author: User) -> dict[str, Any]:
    """Make the plans of an agent: a draft, and one that waits for the officer and the second person."""
    codes = {"draft consultation": "brouillon", "submitted consultation": "soumise"}
    drafts = [
        campaigns.begin(by=author, template="travel", document=document(code=code, **days_ahead()))
        for code in codes.values()
    ]
    campaigns.submit(campaign=drafts[1], by=author, today=timezone.localdate())
    asking = document(code="a-demander", holder="")
    campaigns.begin(by=author, template="portability", document=asking)
    own = campaigns.begin(by=author, template="empty", document=own_survey("marche"))
    grouped = given.grouped(created_by=author)
    return codes | {
        "draft of an own question": own.code,
        "draft of asking": asking["code"],
        "group consultation": grouped.code,
        "asking consultation": given.asking().code,
    }


def debates_of(resident: User, agent: User) -> dict[str, Any]:
    """Make three debates: one to write in, with posts of the resident; one voted on; one whose vote is to decide."""
    debated, open_one, asked = (given.opened(code=code) for code in ("debat-ouvert", "debat-vote", "debat-demande"))
    me = {"resident_id": resident.pk, "by": resident.pk}
    proposal = posts.propose(campaign=debated, title="Un bus", text="Toutes les 15 minutes.", **me)
    arguments = [posts.argue(proposal=proposal, kind=Kind.FOR, text="Oui.", **me) for _time in range(2)]
    for one in arguments:
        moderation = posts.set_aside(post=one, by=agent, rule=Rule.TWICE, reasons="Deux fois.")
    posts.appeal(moderation=moderation, words="Une fois.", **me)
    voted.asked(open_one)
    voted.asked(asked, state=VoteState.PROPOSED, decided_by=None, created_by=agent)
    return {
        "debated consultation": debated.code,
        "voted consultation": open_one.code,
        "asked consultation": asked.code,
        "proposal": proposal.pk,
        "set aside post": arguments[0].pk,
        "appealed post": arguments[1].pk,
    }


def panel_of(resident: User, companion: User, agent: User) -> dict[str, Any]:
    """Make a panel where the resident sits, the companion's association beside, and a question that it answered."""
    one = seated.seated(resident, created_by=agent)
    panels.name_association(panel=one, organisation=place_at(companion).organisation, by=agent)
    asked = seated.referral(one)
    opinions.opine_for_association(by=companion, referral=asked, stance=Stance.RESERVED, reasons="Oui, mais.")
    return {"panel": one.number, "referral to a panel": asked.number}


def person_signed_in(user: User, **holds: Any) -> Person:
    name = settings.SESSION_COOKIE_NAME
    return Person({name: signed_in(user).cookies[name].value}, holds)
