"""Fill a portal for the sweep of its pages: one object for each kind of URL, and one signed-in user per role.

`main` runs in a process of the portal (`manage.py shell`); it prints URL names and cookies as JSON.
"""

import io
import json
import sys
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

from tests.journeys.filling_others import at_the_desk, companion, links, official_forms, urgencies
from tests.journeys.filling_requests import sent_requests
from vault.holders.actions.requests import known_parts, note_step, start_request

SOON = timedelta(hours=6)


def main() -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    from accounts.actions import accounts as actions
    from accounts.actions import identities
    from accounts.models import FactorReset, User
    from accounts.sign_in.openid import Identity
    from core.messages import phones
    from core.models import City, HelpPage, LegalPage
    from demo.people.accounts import find
    from services.places.models import Place
    from vault.records.models import Holder, PaperKind

    resident = actions.register_resident(
        email="balayage@courriel.example", name="Nadia Kervella", password="un-mot-de-passe-de-test"
    )
    newcomer = actions.register_resident(email="vide@courriel.example", name="Inès")
    agent = find("agathe")
    assert agent is not None
    RecoveryCodes.activate(agent.account())
    identities.link(user=newcomer, identity=Identity("franceconnect", "vide-v1", "eidas1"))
    legal, _ = LegalPage.objects.get_or_create(
        slug="cookies", defaults={"text": "Texte de la ville.", "text_en": "The city’s words."}
    )
    phones.keep(resident_id=resident.pk, by=resident.pk, number="+33639980001")
    phones.accept_requests(resident_id=resident.pk, by=resident.pk, on=True)
    brought(resident)
    made = {
        **vault(resident),
        **connections(resident),
        **jobs(resident),
        **household(resident),
        **requests(resident),
        **companion(resident),
        **links(resident),
        **urgencies(resident, agent.account()),
        **contributions(resident),
        **panel(resident, agent.account()),
        **sent_requests(resident, agent.account()),
        "city": City.objects.get().pk,
        "town_hall": Place.objects.get(code="villebrume--mairie").pk,
        "legal": legal.pk,
        "help_page": HelpPage.objects.create(slug="piscine", theme="debut", question="La piscine ?", text="Oui.").pk,
        "user": User.objects.get(email=agent.email).pk,
        "paper_kind": PaperKind.objects.earliest("pk").pk,
        "holder": Holder.objects.earliest("pk").pk,
        "passkey": Authenticator.objects.create(
            user=newcomer, type="webauthn", data={"name": "Téléphone", "credential": {}}
        ).pk,
        "reset": FactorReset.objects.create(person=newcomer, reason="lost", asked_by=agent.account()).pk,
        **named(agent.account()),
        **labels(agent.account()),
        **consultations(agent.account()),
        **groups(resident, agent.account()),
        **complaints(resident),
        "invitation": identities.invite(agent=agent.account(), by=agent.account()),
        **local_aids(agent.account()),
        **official_forms(agent.account(), resident),
        **procedures(agent.account(), resident),
    }
    theo = find("theo")
    assert theo is not None
    people = {"resident": resident, "newcomer": newcomer, "companion": theo.account(), "agent": agent.account()}
    people["publisher"] = User.objects.get(email="editrice@untoit.example")
    cookies = {who: cookie(person) for who, person in people.items()}
    made |= at_the_desk(agent.account(), cookies["agent"])
    cookies |= {"interviewed": interviewed(), "keeping": interviewed(newcomer)}
    json.dump({"made": {name: str(value) for name, value in made.items()}, "cookies": cookies}, sys.stdout)


def named(agent: Any) -> dict[str, Any]:
    """Make two nominations, one proposed by another agent and one that stands, a setting and an account to confirm."""
    from accounts.actions import city_decisions, nominations, pending
    from accounts.models import Nomination, Organisation, Role
    from demo.people.accounts import find

    hugo, ines = find("hugo"), find("ines")
    assert hugo is not None and ines is not None
    by, officer = hugo.account(), ines.account()
    waiting = nominations.propose(person=agent, role=Role.SECOND, employer="", by=officer)
    decision = city_decisions.change(what=city_decisions.What.DAYS, value=3, by=by)
    tokens: list[str] = []
    row = pending.offer_place(
        email="zoe@ville.example",
        name="Zoé Le Goff",
        where=Organisation.objects.filter(accompanies=True).earliest("pk"),
        by=by,
        link=lambda token: tokens.append(token) or "http://localhost/",  # type: ignore[func-returns-value]
    )
    assert decision is not None
    return {
        "nomination": Nomination.objects.get(person=by, role=Role.MANAGER).pk,
        "proposed": waiting.pk,
        "city_decision": decision.pk,
        "pending": tokens[0],
        "pending_row": row.pk,
    }


def program_of(label: Any, author: Any) -> dict[str, Any]:
    """Register a program of a service, and one for the sandbox; with the parameters by which each asks a person."""
    from urllib.parse import urlencode

    from certification.access.actions import clients
    from certification.access.enums import Environment
    from tests.certification import made

    back = "https://loyerjuste.example/retour"

    def registered(service: Any) -> list[Any]:
        return [
            clients.register(service=service, by=author, environment=environment, redirect_uris=[back])[0]
            for environment in (Environment.LIVE, Environment.TEST)
        ]

    client, trial = registered(label.service)
    # Of nothing delicate: the page of consent then takes an address that shows it any number of times.
    house = label.service.publisher
    asking = registered(
        made.labelled(author, made.service(author, house, "Mon Quartier"), fields=made.ORDINARY).service
    )
    asked = {
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid vault",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return {
        "program": client.client_id,
        "secret": client.secrets[0].id,
        "trial": trial.client_id,
        "untried": _untried(label, author, trial, back),
        "labelled_service": label.service_id,
        "consent": urlencode({**asked, "client_id": asking[0].client_id}),
        "trial_consent": urlencode({**asked, "client_id": asking[1].client_id}),
        "colleague": colleague_of(author).pk,
        **told_by_webhooks(client, trial),
    }


def _untried(label: Any, author: Any, trial: Any, back: str) -> str:
    """Give the test program trials of each outcome, and register another one without any."""
    from django.utils import timezone

    from certification.access.actions import clients
    from certification.access.enums import Environment
    from certification.developers.actions import trials
    from certification.developers.models import Scenario, Trial

    trials.begin(client=trial, by=author)
    now = timezone.now()
    done = {"authorized_at": now, "exchanged_at": now, "used_at": now}
    Trial.objects.filter(client=trial, scenario__in=[Scenario.SOUND, Scenario.NONCE]).update(**done)
    Trial.objects.filter(client=trial, scenario=Scenario.STATE).update(lacking=["pkce", "nonce"])
    untried, _secret = clients.register(
        service=label.service, by=author, environment=Environment.TEST, redirect_uris=[back]
    )
    return str(untried.client_id)


def colleague_of(author: Any) -> Any:
    """Add a second member to the publisher."""
    from accounts.actions import places
    from accounts.models import PublisherRole

    house = author.publisher_memberships.get().publisher
    return places.add_member(email="dev@loyerjuste.example", name="Noé", publisher=house, role=PublisherRole.DEVELOPER)


def told_by_webhooks(client: Any, trial: Any) -> dict[str, Any]:
    """Make an address in service with deliveries in each state, one that did not answer, and calls of a program."""
    from datetime import timedelta

    from django.utils import timezone

    from certification.developers.actions import outbox
    from certification.developers.enums import DeliveryState, EventType
    from certification.developers.models import Call, Delivery, Endpoint, Event
    from certification.developers.models.webhooks import PURPOSE
    from core.keys import protect

    now = timezone.now()
    secret = protect.protect("whsec_" + "QUJD" * 11, purpose=PURPOSE)
    given = {"client": client, "secret": secret, "events": [*EventType.values]}
    former = {"former_secret": secret, "former_until": now + timedelta(days=7)}
    endpoint = Endpoint.objects.create(url="https://loyerjuste.example/signaux", proved_at=now, **given, **former)
    waiting = Endpoint.objects.create(url="https://loyerjuste.example/essai", problem="challenge", **given)
    made = [
        Event.objects.create(service=client.service, environment="live", type=kind, data={})
        for kind in ("consent.given", "consent.changed", "consent.withdrawn")
    ]
    outbox.publish()
    for event, state in zip(made, DeliveryState, strict=True):
        problem = "" if state == DeliveryState.DONE else "status"
        Delivery.objects.filter(event=event).update(
            state=state, attempts=2, last_problem=problem, last_status=500, next_at=now + timedelta(hours=2)
        )
    for status, code in ((200, ""), (403, "not_covered"), (503, "down")):
        Call.objects.create(
            client=trial,
            at=now,
            method="GET",
            route="/bac-a-sable/api/v1/me/fields",
            status=status,
            code=code,
            milliseconds=19,
            request_id="7f31c2a4" * 4,
        )
    return {"endpoint": endpoint.pk, "new_endpoint": waiting.pk}


def complaints(resident: Any) -> dict[str, Any]:
    """Tell the city of two problems with a service; one is answered."""
    from certification.labels.actions import complaints as actions
    from certification.labels.models import Complaint, Service
    from tests.accounts.factories import AgentFactory

    one = Service.objects.get(name="Loyer Juste")
    said = {"resident_id": resident.pk, "by": resident.pk, "service": one, "message": "Il demande mon salaire."}
    answered, waiting = (actions.complain(about=Complaint.About.ASKS_MORE, **said) for _time in range(2))
    actions.answer(complaint=answered, by=AgentFactory(), text="Corrigé.", upheld="Il demandait trop. Corrigé.")
    return {"complaint": waiting.pk, "answered_complaint": answered.pk, "labelled_service": one.pk}


def local_aids(agent: Any) -> dict[str, Any]:
    """Make two versions of an aid and of a situation: a draft of the agent's, a colleague's for the second person."""
    from services.aids.actions import local_aids as actions
    from services.aids.actions import urgent_situations
    from services.aids.models import LocalAid, UrgentSituation
    from services.versions.actions import versions
    from tests.accounts.factories import AgentFactory

    first, second = LocalAid.objects.published().filter(version=1).order_by("pk")[:2]
    draft = versions.renew(row=first, by=agent, begin=actions.begin)
    other = AgentFactory(name="Hugo Bastide")
    tried = versions.try_out(row=versions.renew(row=second, by=other, begin=actions.begin), by=other)
    situation, proposed, *_others = UrgentSituation.objects.published().filter(version=1).order_by("pk")
    begun = versions.renew(row=situation, by=agent, begin=urgent_situations.begin)
    waiting = versions.try_out(row=versions.renew(row=proposed, by=other, begin=urgent_situations.begin), by=other)
    return {
        "local_aid": first.pk,
        "draft_aid": draft.pk,
        "tried_aid": tried.pk,
        "tried_aid_mark": tried.mark,
        "situation": situation.pk,
        "draft_situation": begun.pk,
        "tried_situation": waiting.pk,
        "tried_situation_mark": waiting.mark,
    }


def procedures(agent: Any, resident: Any) -> dict[str, Any]:
    """Make a draft of the agent's that the law refuses, a colleague's proposed one, and a dossier of an older list."""
    from services.dossiers.actions import dossiers
    from services.procedures import shipping
    from services.procedures.actions import procedures as actions
    from services.procedures.models import Procedure
    from services.versions.actions import versions
    from tests.accounts.factories import AgentFactory

    shipping.load()
    canteen, nursery, rental = (Procedure.objects.published().get(code=item["code"]) for item in shipping.shipped())
    begun = dossiers.start(resident_id=resident.pk, aids=[rental.code])
    dossiers.say_guarantors(dossier=begun, by=resident.pk, count=1)
    hugo, awa = AgentFactory(name="Hugo Bastide"), AgentFactory(name="Awa Sorel")
    newer = versions.renew(row=rental, by=awa, begin=actions.begin)
    papers = newer.rules["papers"][:-1]
    newer = actions.change(row=newer, by=awa, seen=0, rules_={"papers": papers})
    versions.publish(row=versions.try_out(row=newer, by=awa), by=hugo)
    draft = versions.renew(row=canteen, by=agent, begin=actions.begin)
    asked = {"title": "Vous", "fields": ["identite.pivot#/gender"]}
    actions.change(row=draft, by=agent, seen=0, rules_={"sections": [*draft.rules["sections"], asked]})
    proposed = versions.try_out(row=versions.renew(row=nursery, by=awa, begin=actions.begin), by=awa)
    return {
        "procedure": canteen.pk,
        "draft_procedure": draft.pk,
        "proposed_procedure": proposed.pk,
        "proposed_procedure_mark": proposed.mark,
        "older_list": begun.pk,
    }


def consultations(agent: Any) -> dict[str, Any]:
    """Make consultations: two of the agent's, a draft without zones and one with all; one open; one to decide."""
    from django.utils import timezone

    from campaigns.plans.actions import campaigns
    from tests.accounts.factories import AgentFactory
    from tests.campaigns.made import days_ahead, document, own_survey, words

    other = AgentFactory(name="Hugo Martin")
    officer = AgentFactory(name="Solène Abadie")
    officer.is_dpo = True
    officer.save()
    whole = campaigns.begin(by=agent, template="travel", document=document(code="trajets-d-hiver", **days_ahead()))
    bare = document(code="courses", zoning=None, title=words("Vos courses"))
    campaigns.begin(by=agent, template="food", document=bare)
    asked = document(code="chauffage", **days_ahead(), title=words("Le chauffage cet hiver"))
    waiting = campaigns.begin(by=other, template="energy", document=asked)
    campaigns.submit(campaign=waiting, by=other, today=timezone.localdate())
    refused = campaigns.begin(
        by=other, template="food", document=document(code="midi", **days_ahead(), title=words("Le midi"))
    )
    refused = campaigns.submit(campaign=refused, by=other, today=timezone.localdate())
    campaigns.refuse(campaign=refused, by=agent, words="Des réponses touchaient à la santé.")
    own = campaigns.begin(by=agent, template="empty", document=own_survey("marche"))
    return {
        "draft_plan": whole.code,
        "bare_plan": "courses",
        "waiting_plan": waiting.code,
        "own_plan": own.code,
    }


def groups(resident: Any, agent: Any) -> dict[str, Any]:
    """Make a group that votes, which the resident joined; a holder that residents ask together; a draft of each."""
    import os
    from datetime import timedelta

    from django.utils import timezone

    from campaigns.contributions.actions import asking, group
    from campaigns.debates import standing
    from campaigns.debates.actions import group_votes
    from campaigns.plans.actions import campaigns
    from tests.campaigns import given
    from tests.campaigns.debates import voted
    from tests.campaigns.made import document, words
    from vault.holders.actions.requests import note_step
    from vault.holders.enums import RequestStep
    from vault.records.models import Holder

    url, me = os.environ["RELEASE_DATABASE_URL"], {"resident_id": resident.pk, "by": resident.pk}
    grouped = given.grouped(created_by=agent, title=words("Les trajets du quartier des Forges"))
    codes = group.invite(campaign=grouped, by=agent)
    group.join(campaign=grouped, code=codes[0], **me)
    group_votes.follow(timezone.now())
    vote = standing.opening_vote(grouped)
    assert vote is not None
    voted.give_keys(vote, url)
    holder = next(one for one in Holder.objects.filter(several=False).order_by("code") if "portability" in one.rights)
    asked = given.asking(holder.code)
    given.give_keys(asked, url)
    row = asking.prepare(resident=resident, by=resident.pk, campaign=asked)
    sent = timezone.localdate() - timedelta(days=4)
    note_step(request=row, by=resident.pk, step=RequestStep.SENT, on=sent)
    group_plan = document(code="conseil", title=words("Le conseil de quartier"), minimum=50)
    group_plan["group"] = {"invited": 60, "quorum": 20, "votes_until": "2027-01-04"}
    asking_plan = document(code="fournisseur", title=words("Nos compteurs"), holder="")
    for name, plan in (("travel", group_plan), ("portability", asking_plan)):
        campaigns.begin(by=agent, template=name, document=plan)
    return {
        "group_consultation": grouped.code,
        "asking_consultation": asked.code,
        "group_plan": group_plan["code"],
        "asking_plan": asking_plan["code"],
    }


def labels(agent: Any) -> dict[str, Any]:
    """Make a publisher with requests in each state, two labels and a change to decide; the agent examines."""
    from accounts.models import Publisher
    from certification.labels.actions import charters, requests
    from certification.labels.actions import labels as actions
    from certification.labels.enums import Change
    from certification.labels.models import HolderContact
    from tests.accounts.factories import AgentFactory
    from tests.certification import made
    from vault.records.models import Holder

    house = Publisher.objects.create(name="Association Un Toit", siret=made.SIRETS[0])
    author = made.member(house, email="editrice@untoit.example")
    label = made.labelled(author, made.service(author, house, "Loyer Juste"))
    suspended = made.labelled(author, made.service(author, house, "Coin de Table"))
    second = AgentFactory()
    actions.suspend(label=suspended, by=second, reasons="Le site ne répond plus depuis hier.")
    change = actions.propose_change(label=suspended, by=second, what=Change.LIFT, reasons="Elle est revenue.")
    draft = made.filled(author, made.service(author, house, "Vélo à l’essai"))
    requests.write_message(request=draft, by=author, text="Faut-il un contrat d’hébergement ?")
    sent = made.filled(author, made.service(author, house, "Temps Commun"))
    examined = made.filled(author, made.service(author, house, "Assiette Claire"))
    for request in (draft, examined):
        made.evidenced(request, author)
    for request in (sent, examined):
        requests.submit(request=request, by=author)
    requests.take(request=examined, by=agent)
    waiting = made.proposed(author, made.service(author, house, "Médiathèque"), second)
    contact = checked(author, draft, examined, label.request)
    charter = made.charter()
    holder = Holder.objects.filter(holds__contains=["fiscal.avis_ir"]).earliest("pk")
    told = HolderContact.objects.create(holder=holder, email="donnees@impots.example")
    manager = AgentFactory(manages_agents=True)
    return {
        "new_service": made.service(author, house, "Par 4 Chemins").pk,
        "holder_contact": told.pk,
        **for_the_publisher(author, house, second, manager),
        "publisher": house.pk,
        "publisher_member": house.members.get(person=author).pk,
        "charter": charter.pk,
        "draft_charter": charters.draft_after(charter=charter, by=manager).pk,
        "signature": signed(charter).pk,
        "label": label.pk,
        "label_number": label.number,
        "label_request": label.request_id,
        "suspended_label": suspended.pk,
        "suspended_number": suspended.number,
        "label_change": change.pk,
        **program_of(label, author),
        "draft_request": draft.pk,
        "purpose": draft.purposes.get().pk,
        "sent_request": sent.pk,
        "examined_request": examined.pk,
        "proposed_request": waiting.pk,
        "contact_link": contact,
    }


def for_the_publisher(author: Any, house: Any, instructor: Any, decider: Any) -> dict[str, Any]:
    """Make what waits for the publisher: a label whose agreement it accepts, a suspension that it answers."""
    from certification.labels.actions import labels, requests
    from certification.labels.enums import Change
    from tests.certification import made

    request = made.proposed(author, made.service(author, house, "Deux Rives"), instructor)
    label = made.labelled(author, made.service(author, house, "Thermolis"))
    change = labels.propose_change(label=label, by=instructor, what=Change.SUSPEND, reasons="Il ne répond plus.")
    return {
        "label_to_accept": requests.accept(request=request, by=decider, reasons="Tout est rempli.").pk,
        "label_to_answer": label.pk,
        "change_to_answer": change.pk,
    }


def signed(charter: Any) -> Any:
    """Sign the charter for an association, with a reservation."""
    from django.utils import timezone

    from certification.labels.models import Signature

    return Signature.objects.create(
        charter=charter,
        kind="association",
        name="Ligue des usagers",
        reservations="Nous demandons un audit chaque année.",
        signed_on=timezone.localdate(),
    )


def checked(author: Any, draft: Any, *others: Any) -> str:
    """Write what the checks of requests found, and return the link that confirms a contact."""
    from django.core import signing
    from django.utils import timezone

    from certification.labels.actions import checks
    from certification.labels.checks import subject as found
    from certification.labels.models import CheckResult, CheckRun, ContactProof

    seen = {
        "C01": found.passed("siret_open", siret="13002526500013", name="UN TOIT"),
        "C04": found.failed("reason_missing", asked=["fiscal.avis_ir#/nombre_parts"]),
        "C05": found.unsure("needs_sandbox"),
        "C09": found.failed("policy_lacks", lacking=["officer", "cnil"]),
        "C14": found.failed(
            "answer_certificate", url="https://loyerjuste.example/une/adresse-tres-longue-sans-aucun-espace"
        ),
        "C15": found.failed("headers_lacking", lacking=["csp", "nosniff", "cookie_secure"]),
        "C18": found.passed("security_there", day="2027-03-01"),
    }
    for request in (draft, *others):
        why = CheckRun.Why.PUBLISHER
        # After whatever the portal's own worker makes of the run that followed the sending.
        end = timezone.now() + timedelta(hours=1)
        run = CheckRun.objects.create(
            request=request, why=why, asked_by=author, state=CheckRun.State.DONE, started_at=end, finished_at=end
        )
        for code, one in seen.items():
            CheckResult.objects.create(
                run=run, code=code, outcome=one.outcome, finding=one.code, details=dict(one.details)
            )
    proof = ContactProof.objects.create(service=draft.service, address="donnees@loyerjuste.example")
    return signing.dumps([str(proof.pk), proof.address], salt=checks.SALT)


def contributions(resident: Any) -> dict[str, Any]:
    """Open two consultations, one of which the resident takes part in. They have records for the other one."""
    import os

    from campaigns.contributions import offer
    from campaigns.contributions.actions import contributing
    from tests.campaigns import given
    from tests.campaigns.results import published

    asked, joined = given.opened(), given.opened(code="joined", zoning=published.mapped()["zoning"])
    for one in (asked, joined):
        given.give_keys(one, os.environ["RELEASE_DATABASE_URL"])
    for day in ("16", "17"):
        given.trip(resident, debut=f"2026-11-{day}T07:41:00+01:00")
    released = os.environ["RELEASE_DATABASE_URL"]
    published.publish_at(released, joined, published.drawn(joined.plan, 2_000))
    answered = offer.of_answers(joined.plan, {"mode": 1})
    contributing.from_answers(resident_id=resident.pk, by=resident.pk, campaign=joined, answered=answered)
    return {"consultation": asked.code, "joined_consultation": joined.code} | debates(resident, joined)


def debates(resident: Any, open_one: Any) -> dict[str, Any]:
    """Make debates: one with an open vote, in which the resident wrote and voted; others counted, void, to ask."""
    import os
    from datetime import timedelta

    from django.utils import timezone

    from campaigns.debates.actions import casting, posts
    from campaigns.debates.enums import Kind, Rule, VoteState
    from tests.accounts.factories import AgentFactory
    from tests.campaigns import given
    from tests.campaigns.debates import voted
    from tests.campaigns.results import published

    url, yesterday = os.environ["RELEASE_DATABASE_URL"], timezone.now() - timedelta(days=1)
    made = {name: given.opened(code=name) for name in ("compte", "nul", "a-voter", "a-decider")}
    figures = published.drawn(made["compte"].plan, 300)
    for one in made.values():
        published.publish_at(url, one, figures)
    me = {"resident_id": resident.pk, "by": resident.pk}
    proposal = posts.propose(campaign=open_one, title="La rue de l’école à 30 km/h", text="Elle longe l’école.", **me)
    sides = (Kind.FOR, Kind.FOR, Kind.FOR, Kind.AGAINST)
    for number, side in enumerate(sides, start=1):
        posts.argue(proposal=proposal, kind=side, text=f"Les enfants traversent {number} fois par jour.", **me)
    agent = AgentFactory()
    aside = [posts.argue(proposal=proposal, kind=Kind.AGAINST, text="M. Astruc roule vite.", **me) for _two in "12"]
    for post in aside:
        last = posts.set_aside(post=post, by=agent, rule=Rule.PERSON, reasons="Il nomme un voisin.")
    posts.appeal(moderation=last, words="C’est un nom inventé.", **me)
    vote = voted.asked(open_one, closes_at=timezone.now() + timedelta(days=3))
    voted.give_keys(vote, url)
    voted.proven(resident)
    casting.cast(resident=resident, by=resident.pk, vote=vote, choices=[voted.YES, voted.NONE])
    tallies = [{"for": 640, "against": 301, "none": 92}, {"for": 301, "against": 640, "none": 92}]
    for name, counts in (("compte", tallies), ("nul", [])):
        voted.publish_count(voted.asked(made[name], closes_at=yesterday), counts, url)
    free = voted.proposal(made["a-voter"])
    voted.asked(made["a-decider"], state=VoteState.PROPOSED, decided_by=None)
    return {"post": proposal.pk, "free_post": free.pk, "aside_post": aside[0].pk, "appealed_post": aside[1].pk}


def panel(resident: Any, agent: Any) -> dict[str, Any]:
    """Make a panel where the resident sits, with opinions answered, due and late; and a draw that is announced."""
    from datetime import timedelta

    from django.utils import timezone

    from campaigns.panel.actions import panels
    from campaigns.panel.enums import Decision, Stance
    from campaigns.panel.models import Answer, Opinion
    from demo.people.accounts import find
    from tests.campaigns.panel import seated

    today, now = timezone.localdate(), timezone.now()
    sits = seated.seated(resident, created_by=agent, seats=15, more=14, ends_on=today + timedelta(days=40))
    theo = find("theo")
    assert theo is not None
    panels.name_association(panel=sits, organisation=theo.account().memberships.get().organisation, by=agent)
    words = "Une rue de douze maisons, tout le monde sait qui chauffe. Le plus petit découpage doit être le quartier."
    asked, past = (seated.referral(sits, title=title, title_en=title) for title in ("Charte, version 4", "Thermolis"))
    rank = 20
    for about, stance, days in (
        (asked, Stance.RESERVED, 3),
        (asked, Stance.UNFAVOURABLE, 35),
        (asked, Stance.FAVOURABLE, 2),
        (past, Stance.FAVOURABLE, 9),
    ):
        rank += 1
        made = Opinion.objects.create(
            referral=about, member=rank, stance=stance, reasons=words, at=now - timedelta(days=days)
        )
    Answer.objects.create(opinion=made, decision=Decision.FOLLOWED, words="Le tableau par rue est retiré.", by=agent)
    minute = now.replace(second=0, microsecond=0) + timedelta(days=20)
    next_one = seated.panel(created_by=agent, draws_at=minute, ends_on=today + timedelta(days=300))
    return {"panel": sits.number, "announced_panel": next_one.number, "referral": asked.number}


def brought(resident: Any) -> None:
    """Import two copies from other portals: one signed, one unsigned."""
    from vault.records.actions.files import keep_file
    from vault.records.actions.notes import seal_note
    from vault.records.models import Brought

    for number, city, signed in (("1", "Ville de Montjoie", True), ("2", "Ville du Val-Clair", False)):
        row = Brought(pk=uuid4(), resident_id=resident.pk, manifest_sha256=number * 64)
        with keep_file(resident_id=resident.pk, kind=Brought.FILE) as kept:
            kept.write(b"PK")
        row.stored_name, row.size = kept.name, kept.size
        note = {
            "city": city,
            "portal": "https://autre.example",
            "made_at": "2026-10-02T09:00:00+00:00",
            "journal_lines": 412,
        }
        row.content = seal_note(resident_id=resident.pk, place=row.place, note=note | {"signed": signed})
        row.save(force_insert=True)


def vault(resident: Any) -> dict[str, Any]:
    from django.utils import timezone
    from django_scopes import scope

    from demo.papers import drawer
    from demo.seeding import residents
    from services.aids.actions import simulations as aids
    from services.dossiers.actions import dossiers
    from services.dossiers.tasks import build
    from tests.vault.made import add
    from vault.records import actions
    from vault.records.models import Record

    today = timezone.localdate()
    residents.fill_vault(resident, "nadia", today)
    residents.fill_drawer(resident, "nadia", today)
    notice = received(resident, "avis.pdf", drawer.tax_notice("nadia", today), kind="avis_impot")
    refused = received(resident, "avis.exe", b"MZ\x90\x00" + bytes(400))
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    family = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="foyer.composition")
    aids.simulate(resident_id=resident.pk)
    dossier = dossiers.start(resident_id=resident.pk, aids=["prime_activite"])
    # An allowance that has ended, which this dossier asks for.
    ended = {"est_beneficiaire": True, "date_fin_droit": f"{today - timedelta(days=30):%Y-%m-%d}"}
    add(resident, "sante.c2s", ended)
    stale = dossiers.start(resident_id=resident.pk, aids=["c2s"])
    ready = dossiers.start(resident_id=resident.pk, aids=["ars"])
    # Built here, unless the portal's worker was faster: then wait for it.
    build(str(dossiers.build(dossier=ready, by=resident.pk).pk))
    until_ready(ready)
    with scope(resident=resident.pk):
        home = Record.objects.current().get(type="logement.domicile")
        kept = notice.__class__.objects.filter(state="kept").latest("created_at")
        two = notice.__class__.objects.filter(state="kept").earliest("created_at")
        side = added(resident, two)
        assert ready.seal is not None
    return {
        "to_confirm": notice.pk,
        "refused": refused.pk,
        "kept": kept.pk,
        "two_sides": two.pk,
        "side": side.pk,
        **data(resident, today),
        "record": home.pk,
        "draft": draft.pk,
        "family": family.pk,
        "dossier": dossier.pk,
        "stale": stale.pk,
        "ready": ready.pk,
        "code": ready.seal.code,
        "me": resident.pk,
    }


def until_ready(dossier: Any) -> None:
    from django_scopes import scope

    with scope(resident=dossier.resident_id):
        for _ in range(120):
            dossier.refresh_from_db()
            if dossier.seal is not None:
                return
            time.sleep(0.5)


def household(resident: Any) -> dict[str, Any]:
    """Make a partner, and an agreement each way."""
    from accounts.actions import accounts as actions
    from tests.vault.couples import agreed, couple, shared
    from tests.vault.made import add
    from vault.records import gate
    from vault.records.actions import grants
    from vault.records.enums import HouseholdRole

    partner = actions.register_resident(email="conjoint@courriel.example", name="Yann Kervella")
    identity = {
        "family_name": "Kervella",
        "given_name": "Yann",
        "birthdate": "1985-05-05",
        "gender": "male",
        "birthcountry": "99100",
    }
    add(partner, "identite.pivot", identity)
    add(partner, "foyer.situation", {"activite": "actif", "nationalite": "FR"})
    add(
        partner,
        "logement.domicile",
        {"adresse": {"voie": "12 rue des Tanneurs", "code_postal": "00420", "commune": "Villebrume"}},
    )
    _me, other = couple(resident, partner)
    shared(partner, resident, "address")
    agreed(partner, resident, "joint_simulation", "nationality")
    grant = agreed(resident, partner, "joint_simulation", "nationality")
    for _ in range(5):
        gate.read(grant=grant, fields=["identite.pivot#/birthdate", "foyer.situation#/activite"], person=resident.pk)
    sister = actions.register_resident(email="soeur@courriel.example", name="Maëlle Kervella")
    couple(resident, sister, HouseholdRole.ADULT)
    stopped = grants.stop(grant=shared(resident, sister, "address"), by=resident.pk)
    paused = grants.pause(grant=shared(resident, sister, "home"), by=resident.pk)
    copied = shared(resident, partner, "address", "people")
    more = {"copied_grant": copied.pk, "paused_grant": paused.pk, "stopped_grant": stopped.pk}
    return {
        "member": other.pk,
        "grant": grant.pk,
        **more,
        **journal_lines(resident, grant),
        **parts_of_dossiers(resident, partner),
    }


def parts_of_dossiers(resident: Any, partner: Any) -> dict[str, Any]:
    """Make one part asked by the resident and two asked from them: one to answer, one in preparation."""
    from django_scopes import scope

    from services.dossiers import across as parts
    from services.dossiers.actions import dossiers as actions
    from services.dossiers.actions import parts as actions_parts
    from services.dossiers.models import Dossier

    with scope(resident=resident.pk):
        own = Dossier.objects.get(state="draft", aids=["prime_activite"])
    actions_parts.ask(dossier=own, by=resident.pk)
    for _ in range(2):
        actions_parts.ask(dossier=actions.start(resident_id=partner.pk, aids=["prime_activite"]), by=partner.pk)
    waits, agreed_to = parts.received(resident.pk)
    return {"part": waits.part.pk, "own_part": actions_parts.agree(found=agreed_to, by=resident.pk).pk}


def connections(resident: Any) -> dict[str, Any]:
    """Make connections: one that received data, one that waits for an agreement, one stopped."""
    from django.test import override_settings

    from demo.holders import reach
    from vault.holders.actions import connections as actions
    from vault.holders.models import Connection, ConnectorHealth, Sender

    def made(holder: str, datasets: list[str], **more: Any) -> Connection:
        with override_settings(CONNECTORS=reach.connectors("http://127.0.0.1:1")):
            return actions.connect(
                resident_id=resident.pk, by=resident.pk, holder=holder, datasets=datasets, unattended=True, **more
            )

    # `seed_demo` lets the library send.
    sender = Sender.objects.get(holder="mediatheque")
    stopped = made("cpam", ["c2s"])
    actions.stop(connection=stopped, by=resident.pk)
    connected = made("caf", ["quotient", "prestations"])
    outcomes = {
        "quotient": {"code": "arrived", "news": 2, "masked": True, "then": "down"},
        "prestations": {"code": "city_refused"},
    }
    with actions.locked(connected) as held:
        actions.seal_content(held, actions.content_of(held) | {"outcomes": outcomes})
        held.problem = "city_refused"
        held.save()
    health, _ = ConnectorHealth.objects.update_or_create(
        connector="api_particulier", defaults={"problem": "city_refused"}
    )
    return {
        "connector": health.pk,
        "connected": connected.pk,
        "asked": made("enedis", ["jours"]).pk,
        "stopped": stopped.pk,
        "sender": sender.pk,
        "with_code": made("mediatheque", ["loisirs.adhesion"]).pk,
    }


def requests(resident: Any) -> dict[str, Any]:
    """Make a letter in each state."""
    from django.utils import timezone

    from vault.holders.enums import RequestStep
    from vault.records.models import Holder

    today, made = timezone.localdate(), {}
    for state, code, days in (
        ("draft", "caf", None),
        ("waiting", "banque", 3),
        ("late", "enedis", 40),
        ("answered", "mediatheque", 10),
    ):
        holder = Holder.objects.get(code=code)
        parts = known_parts(resident_id=resident.pk, holder=holder, name=resident.name, email=resident.email)
        row = start_request(resident_id=resident.pk, by=resident.pk, holder=holder, right="access", parts=parts)
        if days is not None:
            row = note_step(request=row, by=resident.pk, step=RequestStep.SENT, on=today - timedelta(days=days))
        if state == "answered":
            note_step(request=row, by=resident.pk, step=RequestStep.ANSWERED, on=today, answer="whole")
        made[f"request_{state}"] = row.pk
    return made


def data(resident: Any, today: Any) -> dict[str, Any]:
    """Make data files: one stored, one to confirm, and tables with unnamed columns."""
    from datetime import datetime

    from django_scopes import scope

    from demo.tour import bank
    from tests.vault.data_samples import bank_table, load_curve
    from vault.records import actions

    start = datetime(today.year - 1, 3, 1)
    kept = received(resident, "courbe.json", load_curve(days=45, start=start))
    with scope(resident=resident.pk):
        actions.keep_data(paper_id=kept.pk)
    return {
        "data": kept.pk,
        "measures": received(resident, "suite.json", load_curve(days=70, start=start)).pk,
        "operations": received(resident, "operations.ofx", bank.ofx(today)).pk,
        "statement": received(resident, "compte.csv", bank_table()).pk,
        "empty_statement": received(resident, "sans-titres.csv", b"\n".join(bank_table().splitlines()[1:])).pk,
        "month": f"{start:%Y-%m}",
    }


def received(resident: Any, name: str, content: bytes, *, kind: str | None = None) -> Any:
    from django_scopes import scope

    from core.files.storage import sealed_storage
    from core.files.uploads import SealedUpload
    from vault.records import actions

    with sealed_storage.create(resident_id=resident.pk) as sealed:
        sealed.write(io.BytesIO(content).getvalue())
    upload = SealedUpload(name=name, content_type="application/pdf", sealed=sealed)
    paper = actions.receive_paper(resident_id=resident.pk, kind=kind, upload=upload, token=uuid4())
    with scope(resident=resident.pk):
        if paper.state == "quarantined":
            actions.check_paper(paper_id=paper.pk)
        paper.refresh_from_db()
    return paper


def added(resident: Any, paper: Any) -> Any:
    """Add a second file to the paper, and check it at once."""
    from core.files.storage import sealed_storage
    from core.files.uploads import SealedUpload
    from demo.papers import drawer
    from vault.records import actions

    with sealed_storage.create(resident_id=resident.pk) as sealed:
        sealed.write(drawer.tax_notice("nadia", paper.created_at.date()))
    upload = SealedUpload(name="verso.pdf", content_type="application/pdf", sealed=sealed)
    side = actions.add_side(paper=paper, by=resident.pk, upload=upload)
    actions.check_sides(paper_id=paper.pk)
    return side


def jobs(resident: Any) -> dict[str, Any]:
    """Make a job in each state, with heartbeats in the future so that no sweep touches them."""
    from django.utils import timezone
    from django_scopes import scope

    from core.models import Job

    later = timezone.now() + SOON
    with scope(resident=resident.pk):
        return {
            f"job_{state}": Job.objects.create(
                resident_id=resident.pk,
                kind="read_paper",
                state=state,
                subject_id=uuid4(),
                purpose="Lire un avis d’impôt",
                done=7,
                total=18,
                sent_at=later,
                heartbeat_at=later,
            ).pk
            for state in Job.State.values
        }


def journal_lines(resident: Any, grant: Any) -> dict[str, Any]:
    """Write entries of another user's read, and of a refused one."""
    from django_scopes import scope

    from core import journal
    from vault import types
    from vault.records import gate

    with scope(resident=resident.pk):
        fields = sorted(field.field for field in grant.fields.all())
    gate.read(grant=grant, fields=fields)
    line = journal.entries(resident_id=resident.pk, limit=1)[0].id
    try:
        gate.read(grant=grant, fields=types.fields_of("achats.ticket"))
    except gate.Refused:
        refused = journal.entries(resident_id=resident.pk, limit=1)[0].id
        return {"line": line, "refused_line": refused, **contested(resident, refused)}
    raise AssertionError("an agreement opened what it does not name")


def contested(resident: Any, line: Any) -> dict[str, Any]:
    """Make two contests: one waiting, one answered by the sweep's agent, who is also the officer."""
    from core import journal
    from demo.people.accounts import find
    from vault.journal.actions import contests

    found = find("agathe")
    assert found is not None
    officer = found.account()
    officer.is_dpo = True
    officer.save()
    opened = journal.entries(resident_id=resident.pk, limit=3)[-1].id
    sent = contests.contest_line(
        resident_id=resident.pk, by=resident.pk, entry_id=line, message="Je ne connais pas cette personne."
    )
    answered = contests.contest_line(
        resident_id=resident.pk, by=resident.pk, entry_id=opened, message="Pourquoi cette ligne ?"
    )
    contests.answer_contest(contest=answered, by=officer, answer="Vous aviez donné votre accord ce jour-là.")
    return {"contest": sent.pk, "answered": answered.pk, "answered_line": opened}


def cookie(user: Any) -> str:
    """Return the cookie of a session that stays confirmed during the whole sweep."""
    from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
    from django.conf import settings
    from django.utils import timezone

    from tests.accounts.factories import signed_in

    client = signed_in(user)
    session = client.session
    for record in session[AUTHENTICATION_METHODS_SESSION_KEY]:
        record["at"] = (timezone.now() + SOON).timestamp()
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def interviewed(user: Any = None) -> str:
    """Return the cookie of a visitor, or of a resident, who has answered an interview."""
    from importlib import import_module

    from django.conf import settings

    from services.aids.interview import state

    session = import_module(settings.SESSION_ENGINE).SessionStore(cookie(user) if user else None)
    interview = state.Interview.begin(str(user.pk) if user else "")
    interview.answers = {
        "naissance": "1996-11-30",
        "couple": False,
        "enfants": "1",
        "naissance_enfant-enfant-1": "2020-02-02",
        "activite": "actif",
        "revenus": "1250.00",
        "mois": "longtemps",
        "logement": "locataire_hlm",
        "loyer": "420.00",
        "nationalite": None,
    }
    state.save(session, interview)
    session.save()
    return str(session.session_key)
