"""Checks of the service's address: where it is, how it is encrypted, what its home page says to browsers."""

import ipaddress
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from certification.labels.checks.subject import Found, Subject, failed, passed, unanswered, unsure
from core.outgoing import Answer, NoAnswer

#: Days that a certificate must still last.
SHORTEST_CERTIFICATE = 15
#: Seconds for which browsers must remember that the site is encrypted: half a year.
SHORTEST_HSTS = 15_552_000
#: The European Economic Area with its outermost regions, and Switzerland.
EUROPE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO"
    " SE SI SK CH AX BL GF GP MF MQ PM RE YT"
)


def country(subject: Subject) -> Found:
    """C12: the country to which the address of the service is allotted. A clue, never a proof, so it never fails.

    The register of addresses is asked by RDAP (RFC 9083): `GET /ip/ADDRESS`, member `country`.
    """
    url = subject.request.service.url
    try:
        address = subject.client.check(url)[0]
    except NoAnswer as problem:
        return unanswered(problem, url)
    if ipaddress.ip_address(address).is_loopback:
        return unsure("country_unknown", address=address)
    try:
        answer = subject.call(f"{settings.RDAP_URL}/ip/{address}")
        said = json.loads(answer.body).get("country") if answer.status == 200 else None
    except (NoAnswer, ValueError, AttributeError, RecursionError):
        said = None
    if not isinstance(said, str) or not re.fullmatch(r"[A-Za-z]{2}", said):
        return unsure("country_unknown", address=address)
    if said.upper() not in EUROPE.split():
        return unsure("country_outside", address=address, country=said.upper())
    return passed("country_inside", address=address, country=said.upper())


def encrypted(subject: Subject) -> Found:
    """C14: TLS 1.2 or later, a certificate that is good for two weeks more, and HSTS.

    The client itself accepts nothing older, and no certificate that is not for the name.
    """
    url = subject.request.service.url
    try:
        answer = subject.call(url)
    except NoAnswer as problem:
        return failed("tls_old", url=url) if problem.code == "tls" else unanswered(problem, url)
    if answer.tls is None:
        return failed("refused_not_https", url=url)
    days = (datetime.fromtimestamp(answer.tls.ends, UTC) - subject.now).days
    if days < SHORTEST_CERTIFICATE:
        return failed("certificate_ends", days=max(0, days))
    found = re.search(r"max-age\s*=\s*\"?(\d{1,12})", answer.header("strict-transport-security"), re.I)
    if not found or int(found[1]) < SHORTEST_HSTS:
        return failed("no_hsts", url=url)
    return passed("tls_modern", version=answer.tls.version.replace("v", " "), days=days)


def safe_headers(subject: Subject) -> Found:
    """C15: the headers and cookies of the home page."""
    answer = subject.page(subject.request.service.url)
    if lacking := [*_headers(answer), *_cookies(answer)]:
        return failed("headers_lacking", lacking=list(dict.fromkeys(lacking)))
    return passed("headers_safe", host=urlsplit(answer.url).hostname or "")


def _headers(answer: Answer) -> Iterator[str]:
    # A page under several policies is under all of them: the best one counts.
    policies = [one for value in answer.all("content-security-policy") for one in value.split(",")]
    framed = answer.header("x-frame-options").strip().lower() in {"deny", "sameorigin"}
    yield from min((_policy(_directives(one), framed) for one in policies or [""]), key=len)
    if answer.header("x-content-type-options").strip().lower() != "nosniff":
        yield "nosniff"


def _policy(policy: dict[str, list[str]], framed: bool) -> list[str]:
    lacking = []
    scripts = policy.get("script-src", policy.get("default-src"))
    if scripts is None:
        lacking.append("csp")
    elif "'unsafe-inline'" in scripts and not any(one.startswith(("'nonce-", "'sha")) for one in scripts):
        lacking.append("unsafe_inline")
    elif {"*", "https:", "http:"} & set(scripts) and "'strict-dynamic'" not in scripts:
        lacking.append("csp_open")
    ancestors = policy.get("frame-ancestors")
    if ("*" in ancestors) if ancestors is not None else not framed:
        lacking.append("frames")
    return lacking


def _cookies(answer: Answer) -> Iterator[str]:
    for cookie in answer.all("set-cookie"):
        attributes = {part.partition("=")[0].strip().lower() for part in cookie.split(";")[1:]}
        if "secure" not in attributes:
            yield "cookie_secure"
        if "httponly" not in attributes:
            yield "cookie_httponly"
        if "samesite" not in attributes:
            yield "cookie_samesite"


def _directives(policy: str) -> dict[str, list[str]]:
    """Return the directives of a policy: the first of each name counts."""
    found: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        name, *values = directive.lower().split() or [""]
        if name:
            found.setdefault(name, values)
    return found
