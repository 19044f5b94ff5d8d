"""Empty the cache: its rows were pickles under readable names. Counters of a day at most are lost."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0013_one_agent_reads")]

    operations = [migrations.RunSQL("DELETE FROM core_cache", migrations.RunSQL.noop)]
