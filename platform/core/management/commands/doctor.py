from django.core.management.base import BaseCommand, CommandError

from core.operations import doctor


class Command(BaseCommand):
    help = "Look at what must be true of an installation: one line each, green or what to do (docs/operations.md)."
    requires_system_checks = []

    def handle(self, *args: object, **options: object) -> None:
        red = 0
        for finding in doctor.examine():
            red += not finding.green
            mark = self.style.SUCCESS("ok  ") if finding.green else self.style.ERROR("TODO")
            self.stdout.write(f"{mark} {finding.about}: {finding.said}{'. ' * (not finding.green)}{finding.to_do}")
        if red:
            raise CommandError(f"{red} to put right.", returncode=1)
