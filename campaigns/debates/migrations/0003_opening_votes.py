from django.db import migrations, models

KIND = models.CharField(
    choices=[("proposals", "Proposals"), ("opening", "Opening")],
    db_default="proposals",
    default="proposals",
    max_length=10,
)


class Migration(migrations.Migration):
    dependencies = [("debates", "0002_paper_by_two")]

    operations = [
        migrations.AddField(model_name="vote", name="kind", field=KIND),
        migrations.RemoveConstraint(model_name="vote", name="vote_one_for_a_consultation"),
        migrations.AddConstraint(
            model_name="vote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "refused"), _negated=True),
                fields=("campaign", "kind"),
                name="vote_one_of_a_kind_for_a_consultation",
            ),
        ),
    ]
