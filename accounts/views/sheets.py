"""Claiming at home a vault opened at the desk: by the sheet's code, then an address verified by a code."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import codes
from accounts.actions import sheets
from accounts.actions.accounts import AddressTaken
from accounts.actions.closing import Begun
from accounts.codes import Answer, Asked, Use
from accounts.forms import ClaimForm, CodeForm
from accounts.views.sign_in import TOO_MANY, code_answer, let_in, too_many

SHEET = "sheet"

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@never_cache
@get_or_post
def claim(request: HttpRequest) -> HttpResponse:
    """Ask for the sheet's code and an address. Each try counts. The session keeps only the code's hash."""
    if request.user.is_authenticated:
        return redirect("home")
    form = ClaimForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        if not codes.may_try_sheet(request):
            return too_many(request)
        code_hash, email = sheets.hashed(form.cleaned_data["sheet"]), form.cleaned_data["email"]
        if sheets.find(code_hash) is None:
            form.add_error(
                "sheet",
                _(
                    "Ce code n’ouvre rien. Recopiez celui de la dernière feuille imprimée,"
                    " ou revenez au guichet avec elle."
                ),
            )
        elif not codes.may_send(request, email):
            form.add_error(
                "email", _("Vous avez demandé beaucoup de codes. Attendez quelques minutes, puis recommencez.")
            )
            status = TOO_MANY
        else:
            codes.send(request, use=Use.CLAIM, email=email)
            request.session[SHEET] = code_hash
            return redirect("confirm_claim")
    return render(request, "account/claim.html", {"form": form}, status=status)


@login_not_required
@never_cache
@get_or_post
def confirm(request: HttpRequest) -> HttpResponse:
    asked, code_hash = Asked.of(request, Use.CLAIM), request.session.get(SHEET)
    if asked is None or code_hash is None:
        return _again(request, _("Ce code ne sert plus. Demandez-en un nouveau."))
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        answer = code_answer(request, form, Use.CLAIM)
        if answer is Answer.RIGHT:
            return _claimed(request, code_hash, asked.email)
        if answer is Answer.OVER:
            return _again(request, _("Ce code ne sert plus. Demandez-en un nouveau."))
    return render(request, "account/confirm_claim.html", {"form": form, "email": asked.email})


def _claimed(request: HttpRequest, code_hash: str, email: str) -> HttpResponse:
    del request.session[SHEET]
    try:
        person = sheets.claim(code_hash=code_hash, email=email)
    except (sheets.NoSheet, Begun):
        return _again(request, _("Cette feuille ne sert plus : une autre a été imprimée, ou elle a déjà servi."))
    except AddressTaken:
        return _again(request, _("Cette adresse ouvre déjà un coffre. Choisissez-en une autre pour celui-ci."))
    messages.success(
        request, _("Ce coffre s’ouvre maintenant avec votre adresse. Le journal dit tout ce qui y a été fait.")
    )
    return let_in(request, person, method="code", next_page="")


def _again(request: HttpRequest, text: str) -> HttpResponse:
    messages.warning(request, text)
    return redirect("claim")
