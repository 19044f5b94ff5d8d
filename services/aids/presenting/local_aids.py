"""Rows of the pages of local aids: those of agents who write them, and those that everybody reads."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.templatetags.civic import long_date, money, nbsp, number
from services.aids.actions import local_aids
from services.aids.benefits import ALL, BY_CODE
from services.aids.catalogue import in_words
from services.aids.differences import ALL as DIFFERENCES
from services.aids.local import checking, evaluation, rule_tree, sheets
from services.aids.local.amounts import AMOUNTS, share_words
from services.aids.local.conditions import KINDS as CONDITIONS
from services.aids.local.conditions import word
from services.aids.models import LinkState, LocalAid, LocalAidCase
from services.versions import presenting as versions
from services.versions.models import State
from services.versions.presenting import SHOWN_TO_RESIDENTS, RulesPages
from vault.records.models import PaperKind

AIDS: Final = RulesPages(
    model=LocalAid,
    prefix="aids:local_",
    listed="aids:local_list",
    heading=gettext_lazy("Aides locales"),
    kicker=gettext_lazy("Aide locale, version %(version)s"),
    hints={
        State.DRAFT: gettext_lazy("Tous les cas passent : essayez-la, puis une autre personne la publie."),
        State.TESTED: gettext_lazy("Tous les cas passent. Une autre personne la publie."),
        State.PUBLISHED: SHOWN_TO_RESIDENTS,
        State.CLOSED: gettext_lazy("Cette version est fermée. Elle reste publique, et ne change plus."),
    },
    tried=gettext_lazy("Tous les cas passent. Une autre personne peut publier."),
    publish=gettext_lazy(
        "Vous l’avez relue : les habitants la verront dès leur prochain calcul. Elle ne changera plus."
    ),
    close=gettext_lazy("Fermer cette aide"),
    close_hint=gettext_lazy(
        "Les habitants ne voient plus cette aide, ni son montant, dès leur prochain calcul. Une demande déjà déposée "
        "suit son cours\u00a0: dites-le à ceux qui l’instruisent."
    ),
    drop_hint=gettext_lazy("Le brouillon et ses cas sont effacés."),
    begin=local_aids.begin,
    parts=lambda aid: parts(aid),
    wanting=lambda aid: wanting(aid.document),
)


def sentence(text: str) -> str:
    return str(nbsp(text[:1].upper() + text[1:]))


# Agents


def listed_text(aid: LocalAid) -> str:
    """Return what the agents' list says of a version."""
    names = {"institution": in_words(aid.rules["institution"]["name"]), "version": aid.version}
    return _("%(institution)s, version %(version)s") % names


def broken_links(aids: Sequence[LocalAid]) -> list[dict[str, Any]]:
    """Return the aids in force whose official page did not answer at the last look."""
    links = {aid.rules.get("link") for aid in aids} - {None, ""}
    broken = {one.url: one for one in LinkState.objects.filter(url__in=links).exclude(problem="")}
    return [
        {
            "label": aid.name,
            "href": reverse("aids:local_version", args=[aid.pk]),
            "text": _("Sa page officielle n’a pas répondu le %(day)s") % {"day": long_date(one.seen_at)},
            "tag": one.problem,
            "tag_kind": "expired",
        }
        for aid in aids
        if (one := broken.get(aid.rules.get("link", "")))
    ]


def version_page(aid: LocalAid, reader: User) -> dict[str, Any]:
    """Return the context of a version's page: its parts, what stops it, what the reader may do next."""
    document, context = aid.document, versions.version_page(AIDS, aid, reader)
    end = aid.closed_at or aid.valid_to
    return context | {
        "track": versions.track(aid, context["faults"], step=_("Essai"), passes=_("Tous les cas passent"), end=end),
        "tree": tree(document["conditions"], aid, editable=context["mine"]),
        "summary": sentence(evaluation.condition_text(document["conditions"], document)) + ".",
        "amount": amount_rows(document),
        "cases": case_rows(aid, document),
        "sheet": sheet_rows(aid),
    }


def wanting(document: Mapping[str, Any]) -> list[str]:
    """Return what keeps a draft from being published: texts to write, empty groups, then the faults of the rules."""
    texts = {
        "instructions": _("Écrivez comment la demander."),
        "contact": _("Écrivez à qui s’adresser."),
        "legal_act": _("Écrivez le texte qui la fonde."),
    }
    found = [words for name, words in texts.items() if not document.get(name)]
    if _has_empty_group(document["conditions"]):
        found.append(_("Un groupe de conditions est vide."))
    if len(document["tests"]) < 2:
        found.append(_("Écrivez au moins deux cas d’essai."))
    return found or checking.faults(document)


def _has_empty_group(rule: dict[str, Any]) -> bool:
    inner = rule_tree.members(rule)
    return rule_tree.kind_of(rule) in rule_tree.GROUPS and (not inner or any(map(_has_empty_group, inner)))


def tree(rule: dict[str, Any], aid: LocalAid, *, editable: bool, place: str = "") -> dict[str, Any]:
    """Return a rule as nested rows, each with its own place."""
    kind = rule_tree.kind_of(rule)
    headings = {
        "all": _("Toutes ces conditions"),
        "any": _("Au moins une de ces conditions"),
        "not": _("Sauf si"),
    }
    mark = rule_tree.mark_of(aid.rules["conditions"]) if editable else ""
    where = f"{reverse('aids:local_condition', args=[aid.pk])}?lu={mark}&" if editable else ""
    shown: dict[str, Any] = {"kind": kind, "place": place, "id": f"groupe-{place or 'tout'}", "editable": editable}
    shown["mark"] = mark
    shown |= {"heading": headings.get(kind, ""), "text": headings.get(kind, "")}
    if kind not in headings:
        edit = f"{where}place={place}" if editable else ""
        return shown | {"text": sentence(evaluation.condition_text(rule, aid.rule)), "edit": edit}
    inner = [
        tree(one, aid, editable=editable, place=f"{place}-{rank}".lstrip("-"))
        for rank, one in enumerate(rule_tree.members(rule))
    ]
    add = f"{where}dans={place or 'tout'}" if editable and kind != "not" else ""
    return shown | {"members": inner, "add": add}


def amount_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the amount's parameters, each in words."""
    amount, rows = document["amount"], []
    rows.append({"key": _("Sorte"), "value": AMOUNTS[amount["kind"]].label})
    if "on" in amount:
        rows.append({"key": _("Selon"), "value": basis_words(amount["on"])})
    share = amount["kind"] == "percent"
    if "bands" in amount:
        rows.append(
            {"key": _("Tranches"), "value": "\u00a0; ".join(_band(band, share=share) for band in amount["bands"])}
        )
    rows += [{"key": sentence(word(name)), "value": money(value)} for name, value in amount.get("values", {}).items()]
    labels = {
        "value": _("Montant"),
        "rate": _("Taux") if amount["kind"] == "linear" else _("Part du prix"),
        "min": _("Minimum"),
        "max": _("Maximum"),
        "cap": _("Au plus"),
        "when_missing": _("Si la valeur n’est pas connue"),
    }
    for name, label in labels.items():
        if name in amount:
            is_share = share and name in {"rate", "when_missing"}
            worded = number(amount[name]) if name == "rate" and not share else _value(amount[name], share=is_share)
            rows.append({"key": label, "value": worded})
    if "times" in amount:
        rows.append({"key": _("Nombre de versements"), "value": number(amount["times"])})
    if ages := amount.get("per_child"):
        span = {"low": ages.get("age_min", 0), "high": ages.get("age_max", 18)}
        rows.append({"key": _("Par enfant"), "value": _("de %(low)s à %(high)s ans") % span})
    if document["amount"]["kind"] not in {"none", "decided"}:
        rows.append({"key": _("Quand"), "value": _when(document)})
    return rows


def basis_words(on: str) -> str:
    """Return what an amount is read from."""
    return str(CONDITIONS[on].label)


def _band(band: Mapping[str, Any], *, share: bool) -> str:
    value = _value(band["value"], share=share)
    if band["max"] is None:
        return str(nbsp(_("au-delà : %(value)s") % {"value": value}))
    return str(nbsp(_("jusqu’à %(top)s : %(value)s") % {"top": number(band["max"]), "value": value}))


def _value(value: float, *, share: bool) -> str:
    return share_words(value) if share else money(value)


def _when(document: Mapping[str, Any]) -> str:
    per = dict(sheets.PER)[document["per"]]
    period = {**dict(sheets.PERIODS), "other": _("Autre période")}[document["periodicity"]]
    return f"{per}, {str(period)[:1].lower()}{str(period)[1:]}"


def case_rows(aid: LocalAid, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each case with what it expects and what the rule gives."""
    held: dict[int, LocalAidCase] = dict(enumerate(aid.cases.all()))
    rows = []
    for rank, trial in enumerate(checking.trials(document)):
        passes = trial.as_expected
        rows.append(
            {
                "persona": trial.persona,
                "expected": trial.expected,
                "found": trial.found,
                "tag": _("Passe") if passes else _("Ne passe pas"),
                "tag_kind": "ok" if passes else "expired",
                "rank": held[rank].rank,
            }
        )
    return rows


def sheet_rows(aid: LocalAid) -> list[dict[str, Any]]:
    """Return what the sheet says, for agents and for residents."""
    rules = aid.rules
    names = {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=rules["papers"])}
    papers = ", ".join(names.get(code, code) for code in rules["papers"]) or _("Aucun")
    until = (
        _("Du %(first)s au %(last)s") % {"first": long_date(aid.valid_from), "last": long_date(aid.valid_to)}
        if aid.valid_to
        else _("À partir du %(first)s") % {"first": long_date(aid.valid_from)}
    )
    rows = [
        (_("Qui décide"), in_words(rules["institution"]["name"])),
        (_("Pour"), dict(sheets.AUDIENCES)[rules["audience"]]),
        (_("Papiers"), papers),
        (_("Comment la demander"), in_words(rules["instructions"])),
        (_("Contact"), in_words(rules["contact"])),
        (_("Texte"), rules["legal_act"] or _("À écrire")),
        (_("Ne se cumule pas avec"), ", ".join(names_of(rules.get("excludes", ())).values())),
        (_("Valable"), until),
        (_("À revoir le"), long_date(aid.review_on)),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def parts(aid: LocalAid) -> dict[str, str]:
    """Return what a version says, part by part, in words."""
    document = aid.document
    found = {
        _("Nom"): aid.label,
        _("Conditions"): sentence(evaluation.condition_text(document["conditions"], document)),
    }
    found[_("Montant")] = " ; ".join(f"{row['key']} : {row['value']}" for row in amount_rows(document))
    found |= {str(row["key"]): str(row["value"]) for row in sheet_rows(aid)}
    found[_("Ce que l’organisme vérifiera")] = " ".join(aid.rules.get("checked_later", ()))
    found[_("Page officielle")] = aid.rules.get("link", "")
    cases = [f"{trial.persona} : {trial.expected}" for trial in checking.trials(document)]
    return found | {_("Cas d’essai"): " ; ".join(cases)}


def names_of(codes: Collection[str]) -> dict[str, str]:
    """Return the names of aids by their codes: national ones, and those of the city in their last public version.

    Without a public version, the name is the code: one agent alone writes a draft, and public pages show the name.
    """
    if not codes:
        return {}
    shown = LocalAid.objects.shown().filter(code__in=codes).order_by("version")
    found = {aid.code: aid.name for aid in shown.believed()}
    national = {code: str(BY_CODE[code].title) for code in codes if code in BY_CODE}
    return {code: {**found, **national}.get(code, code) for code in codes}


def others(aid_code: str, chosen: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return what an aid may exclude, by code: the national aids, then those of the city that are public or chosen."""
    published = {aid.code: aid.name for aid in LocalAid.objects.in_force() if aid.code != aid_code}
    local_ones = {code: name for code, name in {**names_of(chosen), **published}.items() if code not in BY_CODE}
    national = {one.code: str(one.title) for one in ALL}
    return [*national.items(), *sorted(local_ones.items(), key=lambda one: one[1].casefold())]


# Everybody


def public_rows(aids: Iterable[LocalAid]) -> list[dict[str, Any]]:
    return [
        {
            "label": aid.name,
            "href": reverse("aids:local_aid", args=[aid.code]),
            "text": in_words(aid.rules["institution"]["name"]),
        }
        for aid in aids
    ]


def differences() -> list[dict[str, Any]]:
    """Return the tables of where our amounts differ from the published engine's, one for each aid."""
    heads = [{"label": head} for head in (_("Règle"), _("Texte"), _("Moteur publié"), _("Ici"))]
    rows = [
        (benefit, [[one.rule, one.article, one.stock, one.ours] for one in DIFFERENCES if one.benefit == benefit.code])
        for benefit in ALL
    ]
    return [
        {"code": benefit.code, "title": benefit.title, "heads": heads, "rows": found}
        for benefit, found in rows
        if found
    ]


def public_page(aid: LocalAid) -> dict[str, Any]:
    """Return the context of the public page of a version: rules in words, parameters, cases, versions."""
    document = aid.document
    page = reverse("aids:local_aid", args=[aid.code])
    return {
        "aid": aid,
        "title": aid.name,
        "kicker": in_words(aid.rules["institution"]["name"]),
        "hint": in_words(aid.rules.get("description", "")),
        "tree": tree(document["conditions"], aid, editable=False),
        "later": aid.rules.get("checked_later", ()),
        "amount": amount_rows(document),
        "cases": [[row["persona"], row["found"]] for row in case_rows(aid, document)],
        "case_heads": [{"label": _("Personne inventée")}, {"label": _("Ce que la règle donne")}],
        "sheet": sheet_rows(aid),
        "link": aid.rules.get("link", ""),
        "versions": versions.public_versions(AIDS, LocalAid.objects.of(aid.code).shown().believed(), page),
        "today": long_date(timezone.localdate()),
    }
