from django.db.models import TextChoices

#: The kind of recipient of a grant by which a resident contributes to a campaign.
CAMPAIGN_KIND = "campaign"
#: Begins the code of a campaign's agreement; the campaign's id follows, in hexadecimal.
PREFIX = "contrib"
#: The queue of the worker that has the database role `release`.
QUEUE = "releases"
#: Names the charges of milestones among those of tables. The window that they name is a day.
COUNTER = "_milestones"


class RunState(TextChoices):
    """State of the release of one window. Only the role `release` changes it.

    Skipped: too few contributions, which wait for the next window. Stopped: no budget is left to draw it again.
    """

    WAITING = "waiting"
    PUBLISHED = "published"
    SKIPPED = "skipped"
    STOPPED = "stopped"
