"""Rows of the pages of consultations, for agents and for everybody."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.noise import attackers, preview
from campaigns.noise.plan import Plan
from campaigns.noise.refusals import BUDGETS, PlanRefused
from campaigns.plans import drafting
from campaigns.plans.actions.campaigns import opinion_on
from campaigns.plans.enums import PRESETS
from campaigns.plans.models import Campaign
from campaigns.plans.presenting import ways, wording
from campaigns.plans.states import State, Step
from core.templatetags.civic import long_date
from vault.records.models import Holder

KINDS = {State.OPEN: "ok", State.APPROVED: "fresh", State.REFUSED: "expired", State.DROPPED: "expired"}

#: Ended before it opened: by which step, whose words are public.
ENDED = {State.REFUSED: Step.REFUSE, State.DROPPED: Step.DROP}


def _title(campaign: Campaign) -> str:
    return campaign.title[wording.language()]


def agents_rows(campaigns: list[Campaign]) -> list[dict[str, Any]]:
    return [
        {
            "label": _title(one),
            "href": reverse("plans:plan", args=[one.code]),
            "text": _("Par %(name)s, commencée le %(day)s")
            % {"name": one.created_by.name, "day": long_date(one.created_at)},
            "tag": one.get_state_display(),
            "tag_kind": KINDS.get(State(one.state), ""),
        }
        for one in campaigns
    ]


def public_rows(campaigns: list[Campaign]) -> list[dict[str, Any]]:
    """Return one row for each consultation of the register. A draft has no sheet yet."""
    rows = []
    for one in campaigns:
        has_sheet = one.state not in {State.DRAFT, State.DROPPED, State.REFUSED}
        rows.append(
            {
                "label": _title(one),
                "href": reverse("plans:sheet", args=[one.code]) if has_sheet else "",
                "text": _public_text(one),
                "tag": one.get_state_display(),
                "tag_kind": KINDS.get(State(one.state), ""),
            }
        )
    return rows


def _public_text(campaign: Campaign) -> str:
    if campaign.state == State.OPEN:
        return _("Jusqu’au %(day)s. %(purpose)s") % {
            "day": long_date(campaign.plan.last_day),
            "purpose": campaign.plan.purpose.in_language(wording.language()),
        }
    if campaign.state in ENDED:
        last = campaign.events.filter(step=ENDED[State(campaign.state)]).last()
        if last and (last.words or campaign.state == State.REFUSED):
            return last.words
    purpose: str = campaign.document["purpose"][wording.language()]
    return purpose


def history(campaign: Campaign) -> list[dict[str, Any]]:
    return [
        {
            "label": one.get_step_display(),
            "text": " ".join(filter(None, [_opinion(one.favourable), one.words])),
            "tag": long_date(one.at),
        }
        for one in campaign.events.all()
    ]


def _opinion(favourable: bool | None) -> str:
    return "" if favourable is None else _("Favorable.") if favourable else _("Défavorable.")


def plan_page(campaign: Campaign, reader: User) -> dict[str, Any]:
    """Return the context of a plan's page: its parts, its faults, what the reader may do next."""
    faults = find_faults(campaign)
    is_author = campaign.created_by_id == reader.pk
    is_draft, is_submitted = campaign.state == State.DRAFT, campaign.state == State.SUBMITTED
    return {
        "campaign": campaign,
        "title": _title(campaign),
        "faults": faults,
        "faults_title": _("Le plan ne peut pas encore être soumis")
        if is_draft
        else _("Le plan ne peut plus être approuvé : rendez-le à son auteur"),
        "sections": _sections(campaign, editable=is_author and is_draft),
        "tables": _tables(campaign),
        "heads": [{"label": _("Tableau")}, {"label": _("Part"), "num": True}],
        "tasks": _tasks(campaign),
        "history": history(campaign),
        "ways": ways.for_agents(campaign),
        "may_submit": is_author and is_draft and not faults,
        "may_drop": is_author and campaign.state in {State.DRAFT, State.SUBMITTED, State.APPROVED},
        "may_decide": is_submitted and not is_author,
        "may_advise": is_submitted and not is_author and reader.is_dpo,
        "edit_tables": reverse("plans:edit_tables", args=[campaign.code]) if is_author and is_draft else "",
    }


def find_faults(campaign: Campaign) -> list[str]:
    """Return why the plan is refused today, each reason once, and what to change."""
    begins = campaign.state in {State.DRAFT, State.SUBMITTED}
    try:
        Plan.from_json(campaign.document, submitted_on=timezone.localdate() if begins else None)
    except PlanRefused as refused:
        return list(dict.fromkeys(wording.refusal_words(reason) for reason in refused.reasons))
    return []


def decision_page(campaign: Campaign) -> dict[str, Any]:
    """Return what whoever advises or decides reads beside their form: plan, opinion, preview, what is asked."""
    plan, given = campaign.plan, opinion_on(campaign)
    return {
        "campaign": campaign,
        "title": _title(campaign),
        "sections": _sections(campaign, editable=False),
        "opinion": f"{_opinion(given.favourable)} {given.words}" if given else "",
        "asked": wording.asked(plan),
        **preview_table(plan),
    }


def preview_table(plan: Plan) -> dict[str, Any]:
    """Return the table of what a plan would show, by the number of contributors."""
    numbers = [
        {"label": _("%(n)s personnes") % {"n": wording.number(n)}, "num": True} for n in preview.numbers_of(plan)
    ]
    return {
        "heads": [{"label": _("Tableau")}, *numbers],
        "rows": wording.preview_rows(plan),
        "finding": wording.finding(plan),
        "epsilon": wording.epsilon_words(plan),
    }


def _sections(campaign: Campaign, *, editable: bool) -> list[dict[str, Any]]:
    stored, language = campaign.document, wording.language()
    zones = stored["zoning"]["zones"] if stored["zoning"] else []
    days = ", ".join(long_date(day) for day in stored["windows"])
    listed = [
        (_("Question"), stored["question"][language], "plans:edit_question"),
        (_("But"), stored["purpose"][language], "plans:edit_question"),
        (_("Qui demande"), stored["sponsor"], "plans:edit_question"),
        (_("Partenaires"), ", ".join(one["name"] for one in stored["partners"]) or _("Aucun"), "plans:edit_question"),
        (_("Zones"), _("%(count)s zones") % {"count": len(zones)} if zones else _("À écrire"), "plans:edit_zones"),
        (_("Qui répond"), _who(stored.get("group")), "plans:edit_group"),
        (_("Ouverture"), long_date(stored["opens"]), "plans:edit_dates"),
        (_("Publications"), days, "plans:edit_dates"),
        (_("Minimum"), _("%(n)s personnes, avec le hasard") % {"n": stored["minimum"]}, "plans:edit_dates"),
        (_("Total caché"), _("Trop petit, ou trop incertain"), ""),
        (_("Nombre de réponses"), _counter(stored.get("milestones")), "plans:edit_tables"),
        (_("Protection"), str(dict(PRESETS)[stored["sensitivity"]]), "plans:edit_tables"),
    ]
    if campaign.template == drafting.OWN:
        listed.insert(2, (_("Réponses"), ", ".join(list_answers(campaign, language)), "plans:edit_answers"))
    if "holder" in stored:
        listed.insert(0, (_("Organisme"), holder_name(stored["holder"]) or _("À choisir"), "plans:edit_holder"))
    return [
        {"key": key, "value": value, "href": reverse(name, args=[campaign.code]) if name and editable else ""}
        for key, value, name in listed
    ]


def _who(group: dict[str, Any] | None) -> str:
    if group is None:
        return _("Tous les habitants")
    sentence = _(
        "Un groupe invité de %(invited)s personnes, s’il vote oui : %(quorum)s votes au moins, jusqu’au %(day)s"
    )
    return sentence % {**group, "day": long_date(group["votes_until"])}


def holder_name(code: str) -> str:
    """Return the name of a holder in the reader's language, or its code if the city has withdrawn it."""
    holder = Holder.objects.filter(code=code).first()
    return str(holder.name) if holder else code


def _counter(milestones: bool | None) -> str:
    return _("Par paliers, avec du hasard, pendant la consultation") if milestones else _("Pas montré avant la fin")


def _tables(campaign: Campaign) -> list[list[str]]:
    found = drafting.shares_of(campaign.document)
    language = wording.language()
    return [[table["label"][language], f"{found[table['code']]}\u00a0%"] for table in campaign.document["tables"]]


def _tasks(campaign: Campaign) -> list[dict[str, Any]]:
    """Return what is left before the consultation opens."""
    given = opinion_on(campaign) if campaign.state != State.DRAFT else None
    is_frozen = campaign.state not in {State.DRAFT, State.DROPPED}
    approved = campaign.approved_by_id is not None
    preview_url = reverse("plans:preview", args=[campaign.code])
    listed = [
        (_("Aperçu"), preview_url, _("À lire"), ""),
        (_("Plan figé"), "", _("Fait") if is_frozen else _("À faire"), "ok" if is_frozen else ""),
        (_("Avis du délégué"), "", _("Donné") if given else _("À demander"), "ok" if given else ""),
        (_("Approbation"), "", _("Donnée") if approved else _("À demander"), "ok" if approved else ""),
    ]
    return [{"name": name, "href": href, "tag": tag, "tag_kind": kind} for name, href, tag, kind in listed]


def shares(campaign: Campaign) -> dict[str, int]:
    found = drafting.shares_of(campaign.document)
    return {table["code"]: found.get(table["code"], 0) for table in drafting.templates()[campaign.template]["tables"]}


def write_answer_lines(campaign: Campaign) -> str:
    """Return the answers of an agent's own question as they write them, one a line."""
    return "\n".join(map(" ; ".join, zip(list_answers(campaign, "fr"), list_answers(campaign, "en"), strict=True)))


def list_answers(campaign: Campaign, language: str) -> list[str]:
    """Return the answers of an agent's own question in a language, in their order."""
    columns = campaign.document["dimensions"]
    return [cell["label"][language] for one in columns if one["code"] == drafting.ANSWER for cell in one["cells"]]


def zone_lines(zoning: dict[str, Any]) -> str:
    """Return zones as agents write them: one a line, coarser ones first."""
    names = {zone["code"]: zone["label"]["fr"] for zone in zoning["zones"]}
    lines = []
    for zone in zoning["zones"]:
        parent = names.get(zone.get("parent") or "", "")
        parts = [zone["label"]["fr"], str(zone["population"]), parent, " ".join(zone.get("codes", ()))]
        while not parts[-1]:
            parts.pop()
        lines.append(" ; ".join(parts))
    return "\n".join(lines)


def other_presets(campaign: Campaign) -> list[dict[str, Any]]:
    """Return what the finest table would show with each protection, for the usual number of contributors."""
    rows = []
    for name, label in PRESETS:
        plan = Plan.from_json(drafting.with_sensitivity(campaign.document, name))
        finest = max(plan.tables, key=plan.size)
        found = preview.expected(plan, finest, preview.usual(plan))
        right = round(100 * attackers.right_between_two(BUDGETS[name]))
        value = _("%(shown)s cases sur %(all)s pour « %(table)s ». L’attaquant : %(right)s fois sur 100.") % {
            "shown": round(found.shown),
            "all": found.cells,
            "table": finest.label.in_language(wording.language()),
            "right": right,
        }
        rows.append({"key": str(label).split(":", maxsplit=1)[0].strip(), "value": value})
    return rows


def sheet_rows(campaign: Campaign) -> list[dict[str, Any]]:
    """Return the facts of the altruism sheet."""
    plan, language = campaign.plan, wording.language()
    partners = ", ".join(f"{one.name} ({one.role.in_language(language)})" for one in plan.partners)
    asked = [{"key": _("Organisme"), "value": holder_name(plan.holder)}] if plan.holder else []
    return [
        *asked,
        {"key": _("But"), "value": plan.purpose.in_language(language)},
        {"key": _("Qui demande"), "value": plan.sponsor},
        {"key": _("Partenaires"), "value": partners or _("Aucun")},
        {"key": _("Qui répond"), "value": _who(campaign.document.get("group"))},
        {"key": _("Ouverture"), "value": long_date(plan.opens)},
        {"key": _("Dernier jour pour participer"), "value": long_date(plan.last_day)},
        {"key": _("Publications"), "value": ", ".join(long_date(window.release) for window in plan.windows)},
        {"key": _("Nombre de réponses"), "value": _counter(plan.milestones)},
        {
            "key": _("Une réponse par"),
            "value": _("logement") if plan.unit == "dwelling" else _("personne"),
        },
        {
            "key": _("Conservation"),
            "value": _("%(months)s mois au plus, puis tout est détruit") % {"months": plan.retention_months},
        },
        {"key": _("Lieu"), "value": _("Les serveurs de la ville")},
        {"key": _("Se retirer"), "value": _("À tout moment dans « Mes partages », avant d’être compté")},
        {"key": _("Label d’altruisme des données"), "value": _("Aucun : la ville n’est pas inscrite")},
    ]
