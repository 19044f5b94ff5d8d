"""Who is asking, and what that opens. Settings order them: session, sign-in required, second factor, the resident's scope."""

from collections.abc import Callable

from django.contrib.sessions import middleware as sessions
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.deprecation import MiddlewareMixin
from django_scopes import scope

from accounts import devices, perms
from accounts.sign_in import second_factor
from accounts.sign_in.sessions import SessionStore

Response = Callable[[HttpRequest], HttpResponse]


class SessionMiddleware(sessions.SessionMiddleware):
    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        if isinstance(request.session, SessionStore):
            request.session.device = devices.recognise(request.headers.get("User-Agent", ""))

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if isinstance(request.session, SessionStore):
            request.session.seen()
        return response


class SecondFactorMiddleware(MiddlewareMixin):
    """An agent or a companion whose session has no second factor reaches only the pages that set one up or ask for it."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> HttpResponse | None:
        if not perms.needs_second_factor(request) or perms.is_open_without_second_factor(request):
            return None
        return redirect(second_factor.next_page(request))


class ResidentScopeMiddleware:
    """Open the signed-in resident's own scope: any query on a resident's rows outside a scope raises.

    An agent owns no vault: no scope, and the residents' rooms are closed. Nor does a companion: their pages open the scope of a mandate.
    """

    def __init__(self, get_response: Response) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not perms.owns_a_vault(request):
            return self.get_response(request)
        with scope(resident=request.user.pk):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: object, kwargs: object
    ) -> None:
        if not request.user.is_authenticated:
            return
        if perms.is_companions_room(view):
            if not request.user.is_companion:
                raise PermissionDenied
        elif perms.is_agents_room(view):
            if not request.user.is_staff:
                raise PermissionDenied
        elif perms.is_residents_room(request, view) and not perms.owns_a_vault(request):
            raise PermissionDenied
