from django.db import migrations, models
from django.db.models import Q

from services.requests.enums import Happened


class Migration(migrations.Migration):
    dependencies = [("requests", "0005_signed")]

    operations = [
        migrations.AlterField(
            model_name="requestevent",
            name="happened",
            field=models.CharField(choices=Happened, max_length=10),
        ),
        migrations.RemoveConstraint(model_name="requestevent", name="request_event_known"),
        migrations.AddConstraint(
            model_name="requestevent",
            constraint=models.CheckConstraint(
                condition=Q(
                    happened__in=[
                        *("sent", "taken", "opened", "asked", "corrected", "lapsed", "proposed", "sent_back"),
                        *("granted", "refused", "silence", "nobody", "withdrawn", "copy_gone"),
                    ]
                ),
                name="request_event_known",
            ),
        ),
    ]
