"""Checks of a publisher's pages: its policy, its list of processors, its statement, the weight of its home page."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime

from certification.labels.checks import axe
from certification.labels.checks.subject import Found, NotLooked, Subject, failed, origin, passed, unsure
from core.outgoing import NoAnswer

#: What a policy must speak of (C09), each by any of these words, without accents.
MUST_SAY: Mapping[str, re.Pattern[str]] = {
    "purposes": re.compile(r"finalite|\bbuts?\b|pourquoi"),
    "length": re.compile(r"duree|conserv|\bmois\b|\bans?\b"),
    "officer": re.compile(r"delegue|\bdpd\b|\bdpo\b|referent|responsable (du|de) traitement"),
    "cnil": re.compile(r"\bcnil\b|commission nationale de l.informatique"),
    "rights": re.compile(r"\bdroits?\b"),
}
MONTHS = "janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
DATED = re.compile(
    rf"\b\d{{1,2}}(er)? ({MONTHS}) 20\d\d|\b({MONTHS}) 20\d\d|\b\d{{1,2}}[/.-]\d{{1,2}}[/.-]20\d\d|\b20\d\d-\d\d-\d\d"
)
#: Sites that follow visitors from one site to another.
TRACKERS = (
    "google-analytics.com",
    "googletagmanager.com",
    "doubleclick.net",
    "googlesyndication.com",
    "googleadservices.com",
    "facebook.com",
    "facebook.net",
    "tiktok.com",
    "criteo.com",
    "criteo.net",
    "hotjar.com",
    "clarity.ms",
    "linkedin.com",
    "licdn.com",
    "ads-twitter.com",
    "adnxs.com",
    "amazon-adsystem.com",
    "outbrain.com",
    "taboola.com",
    "segment.com",
    "mixpanel.com",
    "fullstory.com",
    "quantserve.com",
    "scorecardresearch.com",
    "yandex.ru",
    "bing.com",
    "snapchat.com",
    "xiti.com",
)
TRACKER_ENDS = tuple(f".{site}" for site in TRACKERS)
#: Of the page and all that it loads.
HEAVIEST = 1_000_000
#: Parts of a page that are weighed. One with more is heavy anyway.
PARTS = 60
NOBODY = frozenset({"aucun", "aucune", "neant", "non", "none", "-", "–"})


def no_tracker(subject: Subject) -> Found:
    """C07: the page of the policy loads nothing from a site that follows visitors."""
    answer, page = subject.html(subject.request.privacy_url)
    others = page.others(answer.url)
    if trackers := [host for host in others if f".{host}".endswith(TRACKER_ENDS)]:
        return failed("trackers", hosts=trackers)
    if others:
        return unsure("third_parties", hosts=others[:8])
    return passed("no_third_party", url=answer.url)


def policy(subject: Subject) -> Found:
    """C09: the policy answers, in French, dated, and says what the law requires. A change since the label is said."""
    answer, page = subject.html(subject.request.privacy_url)
    text = plain(page.text)
    if page.language.partition("-")[0] != "fr":
        return failed("policy_language", language=page.language or "–")
    if lacking := [code for code, words in MUST_SAY.items() if not words.search(text)]:
        return failed("policy_lacks", lacking=lacking)
    if not DATED.search(text):
        return failed("policy_undated", url=answer.url)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    if subject.baseline and subject.baseline != sha256:
        return failed("policy_changed", sha256=sha256)
    return passed("policy_whole", sha256=sha256)


def processors(subject: Subject) -> Found:
    """C13: the published list of processors names those of the request."""
    url = subject.proof_url("C13") or subject.request.privacy_url
    named = [line.strip() for line in subject.request.subprocessors.splitlines() if line.strip()]
    answer, page = subject.html(url)
    if not named or {plain(one).rstrip(".") for one in named} <= NOBODY:
        return passed("no_processor", url=answer.url)
    text = plain(page.text)
    # A line may say more than the name: “Serveurs du Lac (Annecy) : hébergement”.
    names = [re.split(r"[(:;,–]| - ", one)[0].strip() for one in named]
    if absent := [name for name in names if plain(name) not in text]:
        return failed("processors_absent", names=absent, url=answer.url)
    return passed("processors_published", count=len(named), url=answer.url)


def security_txt(subject: Subject) -> Found:
    """C18: the file security.txt (RFC 9116): plain text, over https, with a contact and an end that is to come."""
    url = f"{origin(subject.request.service.url)}/.well-known/security.txt"
    try:
        answer = subject.page(url)
    except NotLooked as problem:
        if problem.found.code == "page_gone":
            return failed("security_absent", url=url)
        raise
    if answer.media_type != "text/plain":
        return failed("security_absent", url=url)
    fields: dict[str, list[str]] = {}
    for line in answer.text.splitlines():
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            fields.setdefault(name.strip().lower(), []).append(value.strip())
    if not any(one.startswith(("mailto:", "https://", "tel:")) for one in fields.get("contact", [])):
        return failed("security_contact", url=url)
    ends = _moment(fields["expires"][0]) if len(fields.get("expires", [])) == 1 else None
    if ends is None:
        return failed("security_undated", url=url)
    if ends <= subject.now:
        return failed("security_over", url=url, day=ends.date().isoformat())
    return passed("security_there", day=ends.date().isoformat())


def accessible(subject: Subject) -> Found:
    """C21: the statement of accessibility is there and says how far; then axe on it and on the home page."""
    url = subject.proof_url("C21")
    if not url:
        return unsure("statement_unknown")
    statement, page = subject.html(url)
    home, _page = subject.html(subject.request.service.url)
    if "conform" not in plain(page.text):
        return failed("statement_silent", url=statement.url)
    try:
        faults = [*axe.faults(statement.text), *axe.faults(home.text)]
    except axe.NotThere:
        return unsure("axe_absent", url=statement.url)
    if faults:
        return failed("axe_faults", rules=sorted(set(faults)), count=len(faults))
    return passed("axe_sound", url=statement.url)


def light(subject: Subject) -> Found:
    """C22: the home page and what it loads weigh a megabyte at most."""
    answer, page = subject.html(subject.request.service.url)
    loads = list(dict.fromkeys(page.loads))
    weight = len(answer.body)
    for url in loads[:PARTS]:
        weight += _weight(subject, url)
        if weight > HEAVIEST:
            break
    kilobytes = round(weight / 1000)
    if weight > HEAVIEST or len(loads) > PARTS:
        return failed("page_heavy", kilobytes=kilobytes, parts=len(loads))
    return passed("page_light", kilobytes=kilobytes, parts=len(loads))


def plain(text: str) -> str:
    """Return a text in lower case, without accents, with single blanks.

    Accents that stand alone go first: to put a long row of them in order takes minutes.
    """
    bare = _bare(unicodedata.normalize("NFKD", _bare(text.lower())))
    return " ".join(bare.replace("’", "'").split())


def _bare(text: str) -> str:
    return "".join(one for one in text if not unicodedata.combining(one))


def _weight(subject: Subject, url: str) -> int:
    """Return the bytes of a part. One that is too long counts as too heavy, one that is not there as nothing."""
    try:
        return len(subject.call(url).body)
    except NoAnswer as problem:
        return HEAVIEST + 1 if problem.code == "too_long" else 0


def _moment(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
