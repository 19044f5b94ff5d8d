"""`manage.py altruism_report YEAR`: what the Data Governance Act asks to report each year (article 20), as JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from campaigns.plans.models import Campaign
from campaigns.plans.presenting import sheet
from campaigns.plans.states import BEGUN, Step


class Command(BaseCommand):
    help = "Print the report of a year: the consultations that were open in it, each with its sheet and its steps."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("year", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        year = options["year"]
        found = []
        for campaign in Campaign.objects.filter(state__in=BEGUN).order_by("code"):
            steps = list(campaign.events.all())
            opened = next(one.at.year for one in steps if one.step == Step.OPEN)
            closed = next((one.at.year for one in steps if one.step == Step.CLOSE), year)
            if opened <= year <= closed:
                found.append(sheet.as_json(campaign) | {"steps": [one.as_json() for one in steps]})
        self.stdout.write(json.dumps({"year": year, "consultations": found}, ensure_ascii=False, indent=1))
