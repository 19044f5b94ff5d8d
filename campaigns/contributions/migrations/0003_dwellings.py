from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("contributions", "0002_rights")]

    operations = [
        migrations.AddField(
            model_name="participation",
            name="dwelling",
            field=models.UUIDField(
                help_text="the resident's household then, where the campaign counts dwellings: its pseudonym", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="participation",
            constraint=models.UniqueConstraint(
                fields=("campaign_id", "dwelling"), name="participation_once_a_dwelling"
            ),
        ),
    ]
