from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0017_files_under_a_mac")]

    operations = [
        migrations.AddField(
            model_name="registerentry",
            name="stamp",
            field=models.BinaryField(default=bytes, help_text="HMAC-SHA256 of this entry under the city's key"),
        ),
    ]
