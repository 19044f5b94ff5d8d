"""What agents' pages of local aids, urgent situations and procedures share: a version from its draft to its end."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from operator import attrgetter
from typing import Any, cast

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import agents_only, recently_authenticated
from accounts.http import SignedInRequest
from accounts.two_persons import NotTwo
from accounts.views.two_persons import refused
from services.aids.actions import local_aids, urgent_situations, versions
from services.aids.models import FROZEN, LocalAid, State, UrgentSituation, Version
from services.aids.presenting import local_aids as presenting

Page = Callable[..., HttpResponseBase]
Row = Version


@dataclass(frozen=True)
class Pages:
    """The pages of one kind of version: the names of its URLs, and what is its own in the sentences."""

    model: type[Version]
    listed: str
    version: str
    tried: str | Promise
    publish: str | Promise
    close: str | Promise
    close_hint: str | Promise
    drop_hint: str | Promise
    renewed: Callable[..., Version]
    #: What keeps a draft from the second person; by default its faults.
    wanting: Callable[[Any], list[str]] = attrgetter("faults")

    @property
    def rows(self) -> Any:  # noqa: ANN401 - an abstract model has no manager of its own
        return cast(Any, self.model).objects

    def page(self, row: Row) -> str:
        return reverse(self.version, args=[row.pk])

    def draft(self, request: SignedInRequest, row_id: int) -> Row:
        """Return a draft of the agent's own, or answer 404."""
        drafts = self.rows.exclude(state__in=FROZEN).select_related("written_by")
        return cast(Row, get_object_or_404(drafts, pk=row_id, written_by=request.user))


AIDS = Pages(
    LocalAid,
    "aids:local_list",
    "aids:local_version",
    gettext_lazy("Tous les cas passent. Une autre personne peut publier."),
    gettext_lazy("Vous l’avez relue : les habitants la verront dès leur prochain calcul. Elle ne changera plus."),
    gettext_lazy("Fermer cette aide"),
    gettext_lazy(
        "Les habitants ne voient plus cette aide, ni son montant, dès leur prochain calcul. Une demande déjà déposée "
        "suit son cours\u00a0: dites-le à ceux qui l’instruisent."
    ),
    gettext_lazy("Le brouillon et ses cas sont effacés."),
    renewed=lambda row, by: local_aids.renew(aid=row, by=by),
    wanting=lambda row: presenting.wanting(row.document),
)
SITUATIONS = Pages(
    UrgentSituation,
    "aids:urgent_list",
    "aids:urgent_version",
    gettext_lazy("Elle est complète. Une autre personne peut publier."),
    gettext_lazy(
        "Vous l’avez relue, numéros et délais compris : les habitants la verront aussitôt. Elle ne changera plus."
    ),
    gettext_lazy("Fermer cette situation"),
    gettext_lazy("Les habitants ne trouvent plus cette situation, ni les numéros qu’elle donne."),
    gettext_lazy("Le brouillon est effacé."),
    renewed=lambda row, by: urgent_situations.renew(row=row, by=by),
)


def said_why(of: Pages | None = None) -> Callable[[Page], Page]:
    """Say why somebody may not be one of the two, that somebody else was first, or what is wrong.

    Args:
        of: the pages to return to; by default those that the URL names.
    """

    def decorated(view: Page) -> Page:
        @wraps(view)
        def page(request: SignedInRequest, row_id: int, **kwargs: Any) -> HttpResponseBase:
            try:
                return view(request, row_id, **kwargs)
            except NotTwo as problem:
                return refused(request, problem)
            except versions.NotNow:
                messages.warning(request, _("Quelqu’un a agi avant vous : rien n’a changé."))
            except versions.Faulty as problem:
                messages.warning(request, " ".join(problem.faults[:3]))
            return redirect((of or kwargs["of"]).version, row_id)

        return page

    return decorated


def form_page(
    request: SignedInRequest, form: BaseForm | None, heading: str, button: str, back: str, **shown: object
) -> HttpResponse:
    context = {"form": form, "heading": heading, "button": button, "back": back, "method": "post", **shown}
    return render(request, "aids/local/form.html", context)


@agents_only
@require_POST
@said_why()
def try_out(request: SignedInRequest, row_id: int, of: Pages) -> HttpResponse:
    """Mark a draft as ready for the second person. What its page names as missing keeps it from that."""
    row = of.draft(request, row_id)
    if not of.wanting(row):
        versions.try_out(row=row, by=request.user)
        messages.success(request, str(of.tried))
    return redirect(of.version, row.pk)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why()
def publish(request: SignedInRequest, row_id: int, of: Pages) -> HttpResponse:
    """Publish a tested version of somebody else, as its page showed it."""
    found = of.rows.filter(state=State.TESTED).exclude(written_by=request.user)
    row = cast(Row, get_object_or_404(found, pk=row_id))
    if request.method == "POST":
        versions.publish(row=row, by=request.user, seen=request.POST.get("seen", ""))
        messages.success(request, _("C’est publié."))
        return redirect(of.version, row.pk)
    said = {"hint": str(of.publish), "hidden": {"seen": request.GET.get("seen") or row.updated_at.isoformat()}}
    return form_page(request, None, _("Publier cette version"), _("Publier"), of.page(row), **said)


@agents_only
@require_http_methods(["GET", "POST"])
@recently_authenticated
@said_why()
def close(request: SignedInRequest, row_id: int, of: Pages) -> HttpResponse:
    row = cast(Row, get_object_or_404(of.rows.filter(state=State.PUBLISHED), pk=row_id))
    if request.method == "POST":
        versions.close(row=row, by=request.user)
        messages.success(request, _("C’est fermé."))
        return redirect(of.version, row.pk)
    said = {"hint": str(of.close_hint), "kind": "warning"}
    return form_page(request, None, str(of.close), _("Fermer"), of.page(row), **said)


@agents_only
@require_http_methods(["GET", "POST"])
@said_why()
def drop(request: SignedInRequest, row_id: int, of: Pages) -> HttpResponse:
    row = of.draft(request, row_id)
    if request.method == "POST":
        versions.drop(row=row, by=request.user)
        return redirect(of.listed)
    said = {"hint": str(of.drop_hint), "kind": "warning"}
    return form_page(request, None, _("Supprimer le brouillon"), _("Supprimer"), of.page(row), **said)


@agents_only
@require_POST
@said_why()
def renew(request: SignedInRequest, row_id: int, of: Pages) -> HttpResponse:
    """Begin the next version of a public one."""
    row = cast(Row, get_object_or_404(of.rows.filter(state__in=FROZEN), pk=row_id))
    return redirect(of.version, of.renewed(row, request.user).pk)
