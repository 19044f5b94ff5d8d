"""Which browser, in words a person recognises in a list. Kept instead of the full header, which would be a fingerprint."""

from django.utils.translation import gettext as _

# The order matters: Edge and Opera also say Chrome, and Chrome also says Safari.
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
    """What the row keeps: `Firefox/Android`, `/Windows`, or `/` for something unknown."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    return f"{browser}/{system}"


def words(recognised: str) -> str:
    browser, _slash, system = recognised.partition("/")
    if browser and system:
        return _("%(browser)s sur %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Appareil inconnu")
