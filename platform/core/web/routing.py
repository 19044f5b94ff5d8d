"""How an address finds its view: only among the apps where an address begins with the same word."""

from functools import cached_property

from django.urls import ResolverMatch, URLResolver, include
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RoutePattern


class Room(URLResolver):
    """The addresses of one app.

    Django compares the address of each request with those of every app, and notes each of the five hundred that it is
    not: a tenth of a short request.
    """

    @cached_property
    def words(self) -> set[str]:
        return {first_word(str(entry.pattern)) for entry in self.url_patterns}

    def resolve(self, path: str) -> ResolverMatch:
        if first_word(path) not in self.words:
            raise Resolver404({"path": path})
        return super().resolve(path)


def first_word(route: str) -> str:
    return route.partition("/")[0]


def room(urls: str) -> Room:
    """Return the addresses of an app from its module. Each begins with a word of its own, never with a part `<…>`."""
    module, app_name, namespace = include(urls)
    return Room(RoutePattern("", is_endpoint=False), module, app_name=app_name, namespace=namespace)
