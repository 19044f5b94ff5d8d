"""The vault's page, and the list of its papers."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from core.files import quota
from vault import types
from vault.records import gate, wording
from vault.records.enums import PaperState
from vault.records.presenting import changes
from vault.records.presenting import values as rows
from vault.records.values import listing, persons
from vault.records.values.decrypted import PaperOpened
from vault.types.names import words

SHOW = gettext_noop("Afficher votre coffre")
PAPERS = gettext_noop("Afficher vos papiers")
A_PAGE = 25


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: SignedInRequest) -> HttpResponse:
    """Show the vault. The search is sent by POST: it may be a name or an amount, which must not be in a URL."""
    wanted = _wanted(request)
    found, papers = listing.listed(wanted), listing.papers()
    values, opened = gate.own_page(
        resident_id=request.user.pk,
        purpose=SHOW,
        record_ids=[row.pk for row in found.opened],
        codes={row.type for row in found.opened},
        paper_ids=papers.ids if wanted.search else papers.ids[: listing.PAPERS],
    )
    people = {person.id: person.label for person in persons.persons(values, resident_id=request.user.pk)}
    sections = rows.sections(
        values,
        opened,
        people,
        search=wanted.search,
        state=wanted.state,
        only={row.pk for row in (*found.heads, *found.folded)},
        folded={row.pk for row in found.folded},
        sums=found.sums,
        more=found.more,
    )
    pages = found.pages
    if wanted.search:
        sections, pages = rows.paginate(sections, wanted.page, listing.A_PAGE)
    shown = _papers(opened, papers, wanted)
    context: dict[str, Any] = {
        "sections": sections,
        "pages": {"number": min(wanted.page, pages), "total": pages},
        "papers": shown,
        "paper_count": len(papers.ids),
        "paper_gist": ". ".join(row.title for row in shown[: rows.IN_A_GIST]),
        "changes": _changes(shown, sections, wanted),
        "only": _only(found, papers),
        "count": found.total,
        "summary": wording.counts(found.total, len(papers.ids)),
        "wanted": wanted,
        "choices": _choices(found),
        "filtered": wanted.is_narrow,
    }
    return render(request, "records/home.html", context)


@require_safe
def papers(request: SignedInRequest) -> HttpResponse:
    """List the papers, page by page."""
    state = request.GET.get("etat", "")
    found = listing.papers(state)
    page = Paginator(found.ids, A_PAGE).get_page(request.GET.get("page"))
    opened = gate.own_papers(resident_id=request.user.pk, purpose=PAPERS, paper_ids=list(page))
    context: dict[str, Any] = {
        "page": page,
        "papers": rows.paper_rows(_in_order(opened, list(page))),
        "room": quota.room(resident_id=request.user.pk),
        "state": state,
        "states": [("", _("Tous")), *PaperState.choices, (listing.EXPIRED, _("Expiré"))],
        "query": urlencode({"etat": state}) if state else "",
    }
    return render(request, "records/papers.html", context)


def _wanted(request: SignedInRequest) -> listing.Wanted:
    query = request.POST if request.method == "POST" else request.GET
    page = query.get("page", "")
    return listing.Wanted(
        search=request.POST.get("q", "").strip()[:80],
        theme=query.get("theme", "")[:30],
        type=query.get("type", "")[:60],
        holder=request.POST.get("organisme", "")[:80],
        state=query.get("etat", "")[:10],
        proof=query.get("preuve", "")[:10],
        page=int(page) if page.isdecimal() and len(page) < 5 else 1,
    )


def _changes(shown: Sequence[rows.PaperRow], sections: Sequence[rows.Section], wanted: listing.Wanted) -> list[Any]:
    """Return what changed lately, for the first page of the whole vault only."""
    if wanted.is_narrow or wanted.page > 1:
        return []
    return changes.changes(shown, sections, listing.arrivals(changes.LINES))


def _only(found: listing.Listed, papers: listing.Papers) -> list[dict[str, Any]]:
    """Return the links that leave only one state, each with its count."""
    home, own_papers = reverse("records:home"), reverse("records:papers")
    lines = [
        (papers.to_confirm, _("Papiers à confirmer"), f"{own_papers}?etat={PaperState.TO_CONFIRM}"),
        (papers.expired, _("Papiers expirés"), f"{own_papers}?etat={listing.EXPIRED}"),
        (found.expired, _("Valeurs expirées"), f"{home}?etat=expired"),
        (found.declared, _("Déclarées par vous"), f"{home}?etat=declared"),
    ]
    return [{"count": count, "label": label, "href": href} for count, label, href in lines if count]


def _choices(found: listing.Listed) -> dict[str, list[tuple[str, str]]]:
    """Return the filters for what this vault holds."""
    held = [types.get(code) for code in found.types]
    themes = {data_type.theme for data_type in held}
    return {
        "states": [(code, str(label)) for code, label in rows.STATES],
        "proofs": [(code, str(label)) for code, label in rows.PROOFS],
        "themes": [("", _("Tous")), *[(code, label) for code, label in types.themes().items() if code in themes]],
        "types": [
            ("", _("Toutes")),
            *sorted(((data_type.code, data_type.title) for data_type in held), key=lambda one: words(one[1])),
        ],
        "holders": [("", _("Tous")), *[(name, wording.holder(name)) for name in found.holders]],
    }


def _papers(opened: Sequence[PaperOpened], papers: listing.Papers, wanted: listing.Wanted) -> list[rows.PaperRow]:
    """Return the first papers, or those whose title matches the search."""
    ids = papers.ids if wanted.search else papers.ids[: listing.PAPERS]
    shown = rows.paper_rows(_in_order(opened, ids))
    asked = words(wanted.search)
    return [row for row in shown if all(word in " ".join(words(row.title)) for word in asked)][: listing.PAPERS]


def _in_order(opened: Sequence[PaperOpened], ids: Sequence[UUID]) -> list[PaperOpened]:
    by_id = {paper.paper_id: paper for paper in opened}
    return [by_id[pk] for pk in ids if pk in by_id]
