"""The browser of a session, in words that its user recognises in a list. The full header would be a fingerprint."""

from django.utils.translation import gettext as _

# Order matters: Edge and Opera also include Chrome in the header, and Chrome includes Safari.
BROWSERS = {
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
}
BROWSERS |= {"CriOS/": "Chrome", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "CrOS": "ChromeOS", "Windows": "Windows"}
SYSTEMS |= {"Mac OS X": "Mac", "Macintosh": "Mac", "Linux": "Linux"}


def recognise(user_agent: str) -> str:
    """Return the browser and system to store: `Firefox/Android`, `/Windows`, or `/` if unknown."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return f"{browser}/{system}"


def words(recognised: str) -> str:
    browser, _slash, system = recognised.partition("/")
    if browser and system:
        return _("%(browser)s sur %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Appareil inconnu")
