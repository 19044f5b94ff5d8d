from django.db import migrations, models
from django.db.models import Q

from services.requests.enums import Fault


class Migration(migrations.Migration):
    dependencies = [("requests", "0006_nobody_could_answer")]

    operations = [
        migrations.AlterField(
            model_name="correction",
            name="fault",
            field=models.CharField(choices=Fault, max_length=10),
        ),
        migrations.RemoveConstraint(model_name="correction", name="correction_fault_known"),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.CheckConstraint(
                condition=Q(fault__in=["incorrect", "incomplete", "outdated", "missing"]),
                name="correction_fault_known",
            ),
        ),
    ]
