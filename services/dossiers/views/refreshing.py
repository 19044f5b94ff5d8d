"""Refresh a stale line of a draft: one press, a file or some values sent from its page, which then shows that line."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import SignedInRequest
from core.files.sizes import MAX_PAPER
from core.files.uploads import SealedUpload, sealed_upload
from core.templatetags.civic import clock, long_date
from services.dossiers.actions import dossiers as actions
from services.dossiers.actions import refreshing as acts
from services.dossiers.content import refreshing
from services.dossiers.content.refreshing import Ways
from services.dossiers.enums import State
from services.dossiers.forms import AddPaperForm, TypedForm
from services.dossiers.models import Dossier
from services.dossiers.views.dossiers import draft_only, draft_page, find
from vault.holders.actions.connections import NotYet
from vault.holders.presenting import connections as connecting
from vault.records.actions import Invalid, receive_paper
from vault.records.content import paper_kinds


@sealed_upload(max_bytes=MAX_PAPER)
@require_POST
@draft_only
def refresh(request: SignedInRequest, dossier_id: UUID) -> HttpResponseBase:
    """Refresh one line by the way that `way` names. What is not stale any more is shown as it is now."""
    row = find(dossier_id)
    if row.state == State.READY:
        raise actions.AlreadyBuilt
    needs = actions.read_needs(row)
    key = request.GET.get("cle", "")
    need = next((one for one in needs if one.key == key), None)
    if need is None:
        raise Http404
    ways = next((one for one in refreshing.of(needs, paper_kinds.by_code()) if one.need.key == key), None)
    if ways is None:
        messages.info(request, _("Cette ligne est déjà à jour, ou en cours de contrôle."))
        return redirect(_back(row, need.slug))
    way = request.POST.get("way", "")
    if way == refreshing.PULL and ways.connection is not None:
        return _pull(request, row, ways)
    if way == refreshing.PAPER and ways.paper_kind is not None:
        return _receive(request, row, ways)
    if way == refreshing.TYPED and ways.names:
        return _type(request, row, ways)
    return _gone(request, row, ways)


def _pull(request: SignedInRequest, row: Dossier, ways: Ways) -> HttpResponse:
    try:
        acts.pull(dossier=row, by=request.user.pk, ways=ways)
    except NotYet as early:
        values = {"day": long_date(early.when), "hour": clock(early.when)}
        messages.info(request, _("L’organisme demande d’attendre le %(day)s, %(hour)s. Rien n’est perdu.") % values)
    except acts.NoWay:
        return _gone(request, row, ways)
    else:
        holder = connecting.title(ways.connection) if ways.connection else ""
        messages.success(
            request, _("%(holder)s répond en quelques secondes. Actualisez la ligne.") % {"holder": holder}
        )
    return redirect(_back(row, ways.need.slug))


def _receive(request: SignedInRequest, row: Dossier, ways: Ways) -> HttpResponse:
    form = AddPaperForm(request.POST, request.FILES, auto_id=f"{ways.need.slug}_%s")
    if not form.is_valid():
        return draft_page(request, row, key=ways.need.key, paper=form, status=400)
    receive_paper(
        resident_id=request.user.pk,
        kind=ways.paper_kind.code if ways.paper_kind else "",
        upload=cast(SealedUpload, form.cleaned_data["file"]),
        by=request.user.pk,
        token=form.cleaned_data["token"],
    )
    messages.success(request, _("Papier reçu. Nous le contrôlons\u00a0: actualisez cette page dans un instant."))
    return redirect(_back(row, ways.need.slug))


def _type(request: SignedInRequest, row: Dossier, ways: Ways) -> HttpResponse:
    form = TypedForm(ways, request.POST)
    if form.is_valid():
        try:
            acts.type_again(dossier=row, by=request.user.pk, need=ways.need, payload=form.payload)
        except Invalid as error:
            form.refuse(error.problems)
        except acts.NoWay:
            return _gone(request, row, ways)
        else:
            messages.success(request, _("C’est rangé dans votre coffre."))
            return redirect(_back(row, ways.need.slug))
    return draft_page(request, row, key=ways.need.key, typed=form, status=400)


def _gone(request: SignedInRequest, row: Dossier, ways: Ways) -> HttpResponse:
    messages.warning(
        request, _("Ce moyen n’est plus possible pour cette ligne : rien n’a changé. Choisissez-en un autre.")
    )
    return redirect(_back(row, ways.need.slug))


def _back(row: Dossier, slug: str) -> str:
    return f"{reverse('dossiers:dossier', args=[row.pk])}#{slug}"
