"""Sign-in as a fictional person. Installed only in the demonstration; production refuses to start with it."""

from allauth.account.adapter import get_adapter
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.models import User
from accounts.sign_in import reauthentication, second_factor
from accounts.sign_in.reauthentication import Way
from demo.people.accounts import PEOPLE, SALOME, Person, find, is_invented


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _enter(request, find(request.POST.get("person", "")))
    has_publisher = User.objects.signing_in_as(SALOME.email).exists()
    groups = [
        ("residents", _("Des habitants"), [person for person in PEOPLE if person.is_resident]),
        ("companions", _("Un accompagnant"), [person for person in PEOPLE if person.works_at]),
        ("agents", _("Un agent de la ville"), [person for person in PEOPLE if person.is_agent]),
        ("publishers", _("Un éditeur de service"), [SALOME] if has_publisher else []),
    ]
    return render(request, "demo/people.html", {"groups": groups, "next": request.GET.get("next", "")})


@require_POST
def confirm(request: SignedInRequest) -> HttpResponse:
    """Confirm the user's identity by a click, in the demonstration only."""
    if not is_invented(request.user):
        raise Http404
    if second_factor.is_set_up(request.user):
        second_factor.record(request, request.user)
    else:
        reauthentication.record(request, "demo")
    return redirect(reauthentication.safe_page(request, request.POST.get("next")))


def way(request: HttpRequest) -> Way | None:
    if not request.user.is_authenticated or not is_invented(request.user):
        return None
    sentence = _("Dans la vraie vie, vous recopieriez un code. Cette personne est inventée\u00a0: un clic suffit.")
    return Way(label=_("C’est moi (démonstration)"), sentence=sentence, url=reverse("demo:confirm"))


def _enter(request: HttpRequest, person: Person | None) -> HttpResponse:
    if person is None or (person == SALOME and not User.objects.signing_in_as(person.email).exists()):
        raise Http404
    from accounts.views.sign_in import let_in  # imported here: its forms are for the web, `way` is for all processes

    if request.user.is_authenticated:
        logout(request)
    next_page = request.POST.get("next", "")
    next_page = reauthentication.safe_page(request, next_page) if next_page else ""
    if person.is_resident:
        return let_in(request, person.account(), method="demo", next_page=next_page)
    account = person.account()
    get_adapter(request).login(request, account)
    second_factor.record(request, account)
    return redirect(next_page or "home")
