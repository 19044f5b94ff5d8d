"""The servers of the trials, which programs call, and the page on which their developers follow them."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import publishers_only
from accounts.http import SignedInRequest
from certification.access import credentials, limits, server
from certification.access.enums import OPENID, Environment
from certification.access.issuers import SANDBOX
from certification.access.models import Client
from certification.access.presenting.programs import program_name
from certification.access.problems import BASIC, BEARER
from certification.developers.actions import trials
from certification.developers.models import Trial
from certification.developers.presenting import trials as lines
from certification.labels import perms


@publishers_only
@never_cache
@require_http_methods(["GET", "POST"])
def page(request: SignedInRequest, client_id: str) -> HttpResponse:
    """Show the trials of a test program; begin them, or begin them again."""
    place = perms.place_of(request.user)
    mine = Client.objects.select_related("service").filter(
        service__publisher=place.publisher, environment=Environment.TEST
    )
    client = get_object_or_404(mine, client_id=client_id)
    if request.method == "POST":
        trials.begin(client=client, by=request.user)
        return redirect("developers:trials", client_id)
    found = list(Trial.objects.filter(client=client))
    context = {
        "name": program_name(client),
        "summary": lines.summary(found, timezone.now()),
        "lines": lines.lines(found, timezone.now()),
    }
    return render(request, "developers/trials.html", context)


@login_not_required
@require_safe
def configuration(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    issuer = trials.issuer_of(_trial(trial_id))
    return JsonResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "userinfo_endpoint": f"{issuer}/userinfo",
            "jwks_uri": SANDBOX.address("jwks"),
            "scopes_supported": [OPENID],
            "response_types_supported": ["code"],
            "grant_types_supported": [server.CODE],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


@login_not_required
@require_safe
def authorize(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    """Send the browser back at once: nobody consents to anything."""
    try:
        back = trials.authorize(trial_id=trial_id, asked=request.GET.dict())
    except Trial.DoesNotExist:
        raise Http404 from None
    except trials.Misused as problem:
        return _refused(problem.code)
    return HttpResponseRedirect(back)


@csrf_exempt
@login_not_required
@require_POST
def token(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    if limits.of_network(request).is_over:
        return _refused("temporarily_unavailable", 429)
    _trial(trial_id)
    if request.POST.getlist("grant_type") != [server.CODE]:
        return _refused("unsupported_grant_type")
    basic = credentials.from_basic(request.headers.get("Authorization", ""))
    named = basic or (request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    client = credentials.authenticated(*named, Environment.TEST)
    if client is None:
        return _refused("invalid_client", 401, BASIC)
    try:
        answer = trials.exchange(trial_id=trial_id, client=client, given=request.POST.dict())
    except trials.Misused as problem:
        return _refused(problem.code)
    return JsonResponse(answer, status=400 if "error" in answer else 200)


@csrf_exempt
@login_not_required
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    return _used(request, trial_id, {"sub": trials.SUB})


@login_not_required
@require_safe
def fields(request: HttpRequest, trial_id: UUID) -> HttpResponse:
    """Answer a reading as the API does for who granted nothing."""
    return _used(request, trial_id, {"grant": str(trial_id), "fields": []})


def _used(request: HttpRequest, trial_id: UUID, answer: dict[str, Any]) -> HttpResponse:
    kind, _space, given = request.headers.get("Authorization", "").partition(" ")
    try:
        trials.use(trial_id=trial_id, token=given.strip() if kind.lower() == "bearer" else "")
    except Trial.DoesNotExist:
        raise Http404 from None
    except trials.Misused as problem:
        return _refused(problem.code, 401, f'{BEARER}, error="invalid_token"')
    return JsonResponse(answer)


def _trial(trial_id: UUID) -> Trial:
    return get_object_or_404(Trial, pk=trial_id)


def _refused(code: str, status: int = 400, challenge: str = "") -> HttpResponse:
    return JsonResponse({"error": code}, status=status, headers={"WWW-Authenticate": challenge} if challenge else None)
