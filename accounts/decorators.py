from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.sign_in import reauthentication

View = Callable[..., HttpResponseBase]


def recently_authenticated(view: View) -> View:
    """Require a sign-in or confirmation within ten minutes; otherwise ask for one, then return to the page.

    Put it on the page with the form (GET) as well as on the action (POST): a refused POST returns to its form's page.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if reauthentication.was_recent(request):
            return view(request, *args, **kwargs)
        answer: HttpResponse = redirect(reauthentication.page(request))
        return answer

    return guarded


def companions_only(view: View) -> View:
    """Mark a page for companions. The middleware refuses it to all others, residents and agents included."""
    view.companions_only = True  # type: ignore[attr-defined]  # a mark, as Django's own login_required
    return view


def agents_only(view: View) -> View:
    """Mark a page for agents outside the admin. The middleware refuses it to all others."""
    view.agents_only = True  # type: ignore[attr-defined]  # a mark, as above
    return view


def publishers_only(view: View) -> View:
    """Mark a page for members of publishers. The middleware refuses it to all others, agents included."""
    view.publishers_only = True  # type: ignore[attr-defined]  # a mark, as above
    return view
