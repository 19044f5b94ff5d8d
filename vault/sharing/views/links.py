"""Pages by which a resident makes a link: content, words, preview; then its URL and code, shown once."""

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from core.templatetags.civic import long_date
from vault.records.actions import grants
from vault.records.grants.recipient_names import names_of
from vault.records.models import Grant
from vault.sharing.actions import links as actions
from vault.sharing.actions.links import Key
from vault.sharing.agreements import links
from vault.sharing.forms.links import ChooseForm, Chosen, WordsForm
from vault.sharing.models import Link
from vault.sharing.models.link import LINK_KIND
from vault.sharing.presenting import links as words
from vault.sharing.presenting import shares

#: How many former links the first page offers to take again.
FORMER = 3


@require_http_methods(["GET", "POST"])
def make(request: SignedInRequest) -> HttpResponse:
    """Make a link in three steps. Choices travel in the forms, not in the URL; nothing is stored before the last."""
    match request.POST.get("step"):
        case "choose" if "find" in request.POST:
            return _search(request)
        case "choose":
            return _chosen(request)
        case "words":
            return _worded(request)
        case "agree":
            return _agreed(request)
    return _choose(request, Chosen.read(request.POST))


@require_http_methods(["GET", "POST"])
def renew(request: SignedInRequest, grant_id: UUID) -> HttpResponse:
    """Make a new code for the link, and a new URL if the former one is lost. The response shows them once."""
    link = _find_link(grant_id)
    if not link.grant.stands:
        messages.info(request, _("Ce lien est terminé. Vous pouvez en faire un autre."))
        return redirect("sharing:share", grant_id=grant_id)
    if request.method == "POST":
        key = actions.renew(link=link, by=request.user.pk, address="address" in request.POST)
        return _shown(request, key)
    return render(request, "sharing/links/renew.html", {"share": shares.share(link.grant)})


@require_http_methods(["GET", "POST"])
def stop_all(request: SignedInRequest) -> HttpResponse:
    standing = list(Grant.objects.standing().filter(recipient_kind=LINK_KIND).select_related("link"))
    if request.method == "POST":
        actions.stop_all(resident_id=request.user.pk, by=request.user.pk)
        messages.success(request, _("Tous vos liens sont arrêtés. Ils n’ouvrent plus rien."))
        return redirect("sharing:shares")
    return render(
        request, "sharing/links/stop_all.html", {"names": [one.label for one in names_of(standing).values()]}
    )


def _choose(request: SignedInRequest, chosen: Chosen, search: str = "") -> HttpResponse:
    former = _former()
    held = actions.all_held(resident_id=request.user.pk)
    form = ChooseForm(held, chosen=chosen, search=search, used=_papers_of(former))
    return _shown_choice(request, form, former, search)


def _search(request: SignedInRequest) -> HttpResponse:
    """Show what matches, and keep what is already ticked. The search is in no URL: it may be a name or an amount."""
    form = ChooseForm(actions.all_held(resident_id=request.user.pk), request.POST)
    form.is_valid()
    return _choose(request, form.chosen, request.POST.get("q", "").strip()[:80])


def _chosen(request: SignedInRequest) -> HttpResponse:
    former = _former()
    held = actions.all_held(resident_id=request.user.pk)
    form = ChooseForm(held, request.POST, used=_papers_of(former))
    if not form.is_valid() or form.chosen.nothing:
        return _shown_choice(request, form, former)
    return _words(request, form.chosen, WordsForm())


def _shown_choice(request: SignedInRequest, form: ChooseForm, former: list[Grant], search: str = "") -> HttpResponse:
    context: dict[str, Any] = {"form": form, "search": search, "former": _former_choices(former)}
    return render(request, "sharing/links/choose.html", context)


def _former() -> list[Grant]:
    """Return the last links, whatever became of them."""
    links_made = Grant.objects.filter(recipient_kind=LINK_KIND).order_by("-starts_at")
    return list(links_made.prefetch_related("fields", "papers", "documents")[:FORMER])


def _papers_of(former: list[Grant]) -> list[UUID]:
    return list(dict.fromkeys(row.paper_id for grant in former for row in grant.papers.all()))


def _former_choices(former: list[Grant]) -> list[dict[str, Any]]:
    """Return each former link as a choice to take again; its values are those of today."""
    names = names_of(former)
    found = []
    for grant in former:
        chosen = Chosen(
            [row.field for row in grant.fields.all()],
            [row.paper_id for row in grant.papers.all()],
            [row.document_id for row in grant.documents.all()],
        )
        files = len(chosen.papers) + len(chosen.documents)
        text = words.choice_text(len(chosen.fields), files, grant.starts_at)
        found.append({"title": names[grant.pk].label, "text": text, "carried": chosen.carried})
    return found


def _words(request: SignedInRequest, chosen: Chosen, form: WordsForm) -> HttpResponse:
    return render(request, "sharing/links/words.html", {"form": form, "carried": chosen.carried})


def _worded(request: SignedInRequest) -> HttpResponse:
    chosen, form = Chosen.read(request.POST), WordsForm(request.POST)
    if chosen.nothing:
        return _choose(request, chosen)
    return _check(request, chosen, form) if form.is_valid() else _words(request, chosen, form)


def _check(request: SignedInRequest, chosen: Chosen, form: WordsForm) -> HttpResponse:
    """Show the words and the exact content that a visitor would see now."""
    held = actions.held(resident_id=request.user.pk, fields=chosen.fields, papers=chosen.papers, made=chosen.documents)
    if not held.agreement(chosen.fields, chosen.papers, chosen.documents).items:
        return _choose(request, chosen)
    written = form.cleaned_data
    context: dict[str, Any] = {
        "agreement": links.AGREEMENT,
        "words": links.AGREEMENT.rendered_words(written["name"]),
        "facts": _facts(form),
        **words.shown(held.values, chosen.fields),
        "files": words.files(held.papers),
        "documents": words.documents(held.documents),
        "carried": [*chosen.carried, *((name, written[name]) for name in ("title", "name", "why", "days"))],
        "seen": links.fingerprint(held.values, held.papers, held.documents),
        "made": uuid4(),
    }
    return render(request, "sharing/links/check.html", context)


def _facts(form: WordsForm) -> list[dict[str, str]]:
    written = form.cleaned_data
    length = dict(form.fields["days"].choices)[written["days"]]  # type: ignore[attr-defined]  # a field of choices
    rows = [
        (_("Nom du lien"), written["title"]),
        (_("À qui"), written["name"]),
        (_("Pour quoi faire"), written["why"]),
    ]
    return [{"key": key, "value": value} for key, value in [*rows, (_("Pendant"), length)]]


def _agreed(request: SignedInRequest) -> HttpResponse:
    chosen, form = Chosen.read(request.POST), WordsForm(request.POST)
    sent = _uuid(request.POST.get("made", ""))
    if chosen.nothing or not form.is_valid():
        return _worded(request)
    try:
        key = actions.make(
            resident_id=request.user.pk,
            by=request.user.pk,
            wish=form.wish(chosen),
            form=sent,
            seen=request.POST.get("seen", ""),
        )
    except grants.Changed:
        messages.warning(
            request, _("Une valeur a changé depuis que vous avez ouvert cette page. Voici celles d’aujourd’hui.")
        )
        return _check(request, chosen, form)
    if key is None:
        messages.info(request, _("Ce lien est déjà fait. Son adresse et son code ont été montrés une fois."))
        return redirect("sharing:share", grant_id=Link.objects.get(form=sent).grant_id)
    return _shown(request, key)


def _shown(request: HttpRequest, key: Key) -> HttpResponse:
    grant = key.link.grant
    url = f"{settings.SITE_URL}{reverse('sharing:visit', args=[key.token])}" if key.token else ""
    context = {
        "address": url,
        "code": words.spaced(key.code),
        "who": names_of([grant])[grant.pk].who,
        "until": long_date(grant.ends_at),
        "href": reverse("sharing:share", args=[grant.pk]),
    }
    return render(request, "sharing/links/made.html", context)


def _find_link(grant_id: UUID) -> Link:
    found: Link = get_object_or_404(Link.objects.select_related("grant"), grant=grant_id)
    return found


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
