"""What agents' pages of versions share: a version from its draft to its end. No personal data is on any of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib import messages
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from accounts.views.two_persons_words import governs
from services.versions import presenting, yaml_files
from services.versions.actions import closings, versions
from services.versions.models import FROZEN, RulesVersion, Version, VersionQuerySet
from services.versions.presenting import Pages, RulesPages

V = TypeVar("V", bound=Version)
R = TypeVar("R", bound=RulesVersion)
Page = Callable[..., HttpResponseBase]
Key = int | UUID
#: Versions of one page of a list.
SHOWN = 60


def said_why(of: Pages[Any] | None = None) -> Callable[[Page], Page]:
    """Say why somebody may not be one of the two, that somebody else was first, or what is wrong.

    Args:
        of: the pages to return to; by default those that the URL names.
    """

    def decorated(view: Page) -> Page:
        @wraps(view)
        def page(request: SignedInRequest, row_id: Key, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(request, row_id, **kwargs)
            except NotTwo as problem:
                return refused(request, problem)
            except versions.NotNow:
                messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
            except versions.Faulty as problem:
                messages.warning(request, str(problem))
            return redirect(f"{(of or kwargs['of']).prefix}version", row_id)

        return page

    return decorated


def own_draft(request: SignedInRequest, of: Pages[V], row_id: Key) -> V:
    """Return a draft of the agent's own, or answer 404."""
    drafts = of.rows.exclude(state__in=FROZEN).select_related("written_by")
    return cast(V, get_object_or_404(drafts, pk=row_id, written_by=request.user))


def to_publish(request: SignedInRequest, of: Pages[V], row_id: Key) -> V:
    """Return a version that is ready, of somebody else, or answer 404."""
    found = of.rows.filter(state=of.model.READY).exclude(written_by=request.user)
    return cast(V, get_object_or_404(found, pk=row_id))


def named(request: HttpRequest, rows: VersionQuerySet[R]) -> R | None:
    """Return the public version that the address names, or the one in force, else the newest.

    Raises:
        Http404: there is none of the number in the address.
        Forged: nobody published it, or its text is another one.
    """
    wanted = request.GET.get("version", "")
    if not wanted:
        found = rows.published().first() or rows.first()
    else:
        found = rows.filter(version=int(wanted)).first() if wanted.isdecimal() and len(wanted) < 7 else None
        if found is None:
            raise Http404
    if found is not None:
        found.check_published()
    return found


def found_by_word(request: HttpRequest, of: RulesPages[R]) -> tuple[list[R], dict[str, Any]]:
    """Return the newest version of each code, found by a word of its name, and what the list says of them."""
    wanted = request.GET.get("q", "").strip()[:60]
    found = of.rows.newest()
    found = found.filter(label__icontains=wanted) if wanted else found
    rows = sorted(found.believed(), key=lambda row: row.label.casefold())
    return rows[:SHOWN], {"pages": of, "q": wanted, "more": len(rows) - SHOWN}


def form_page(
    request: SignedInRequest, form: BaseForm | None, heading: str, button: str, back: str, **shown: object
) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": back, "method": "post", **shown}
    return render(request, "versions/form.html", context)


@agents_only
@require_safe
def compare(request: SignedInRequest, row_id: Key, of: RulesPages[R]) -> HttpResponse:
    """Show what changed since the version before."""
    row = cast(R, get_object_or_404(of.rows, pk=row_id))
    former = cast(R | None, of.rows.of(row.code).filter(version__lt=row.version).first())
    if former is None:
        raise Http404
    rows = presenting.differences(of.parts(former), of.parts(row))
    context = {"row": row, "former": former, "rows": rows, "back": of.page(row)}
    return render(request, "versions/differences.html", context)


@agents_only
@require_POST
@said_why()
def try_out(request: SignedInRequest, row_id: Key, of: RulesPages[R]) -> HttpResponse:
    """Mark a draft as ready for the second person. What its page names as missing keeps it from that."""
    row = own_draft(request, of, row_id)
    if not of.wanting(row):
        versions.try_out(row=row, by=request.user)
        messages.success(request, str(of.tried))
    return redirect(of.page(row))


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why()
def publish(request: SignedInRequest, row_id: Key, of: RulesPages[R]) -> HttpResponse:
    """Publish a tested version of somebody else, as the page of the version showed it: the link there has its mark."""
    row = to_publish(request, of, row_id)
    shown = request.POST.get("shown", "") if request.method == "POST" else request.GET.get("lu", "")
    if shown != row.mark:
        raise versions.NotNow
    if request.method == "POST":
        return publish_as_read(request, of, row)
    said = {"hint": str(of.publish), "hidden": {"shown": shown}}
    return form_page(request, None, _("Publier cette version"), _("Publier"), of.page(row), **said)


def publish_as_read(request: SignedInRequest, of: Pages[V], row: V) -> HttpResponse:
    """Publish a version as it was read."""
    versions.publish(row=row, by=request.user)
    messages.success(request, _("C’est publié."))
    return redirect(of.page(row))


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why()
def close(request: SignedInRequest, row_id: Key, of: Pages[V]) -> HttpResponse:
    row = cast(V, get_object_or_404(of.rows.published(), pk=row_id))
    if request.method == "POST":
        if governs(request.user):
            closings.propose(row=row, by=request.user)
            messages.success(request, _("C’est proposé. Une autre personne a sept jours pour accepter."))
        else:
            other = _("Une personne qui gère les agents, ou le délégué à la protection des données, le propose.")
            messages.warning(request, other)
        return redirect(of.page(row))
    said = {"hint": str(of.close_hint), "kind": "warning"}
    return form_page(request, None, str(of.close), _("Proposer de fermer"), of.page(row), **said)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why()
def drop(request: SignedInRequest, row_id: Key, of: Pages[V]) -> HttpResponse:
    row = own_draft(request, of, row_id)
    if request.method == "POST":
        versions.drop(row=row, by=request.user)
        return redirect(of.listed)
    said = {"hint": str(of.drop_hint), "kind": "warning"}
    return form_page(request, None, _("Supprimer le brouillon"), _("Supprimer"), of.page(row), **said)


@agents_only
@require_POST
@said_why()
def renew(request: SignedInRequest, row_id: Key, of: RulesPages[R]) -> HttpResponse:
    """Begin the next version of a public one."""
    row = cast(R, get_object_or_404(of.rows.shown(), pk=row_id))
    return redirect(of.page(versions.renew(row=row, by=request.user, begin=of.begin)))


def yaml_file(row: RulesVersion) -> HttpResponse:
    answer = HttpResponse(yaml_files.dump(row.document), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.code}-{row.version}.yaml"'
    return answer
