"""The text under the switch of urgent access: two agents decide, one reads. No column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0012_named_role"),
    ]

    operations = [
        migrations.AlterField(
            model_name="city",
            name="emergency_access",
            field=models.BooleanField(
                default=False,
                help_text="Deux agents décident ensemble, puis l’un lit quelques lignes d’un coffre, une heure au plus. L’habitant est prévenu aussitôt.",
                verbose_name="accès d’urgence",
            ),
        ),
    ]
