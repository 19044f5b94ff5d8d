from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0020_what_a_decision_names")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="reminders_by_email",
            field=models.BooleanField(default=False, verbose_name="rappels par e-mail"),
        ),
    ]
