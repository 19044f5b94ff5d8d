from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.plans.models import Campaign
from demo.seeding import voting


class Command(BaseCommand):
    help = "Give a consultation of the demonstration a debate and a counted vote. Needs RELEASE_DATABASE_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="of the consultation")

    def handle(self, *_args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(code=options["code"]).select_related("created_by", "approved_by").first()
        if campaign is None or campaign.approved_by is None:
            raise CommandError("no consultation was approved under this code")
        voting.counted_vote(campaign=campaign, author=campaign.created_by, approver=campaign.approved_by)
