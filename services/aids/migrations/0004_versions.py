"""A local aid becomes one of its versions, with its test cases as rows. Aids of before were published by one agent."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def to_rows(apps, schema_editor):
    """Keep each aid as the version in force, or as a closed one, and move its cases to rows."""
    aid_model = apps.get_model("aids", "LocalAid")
    case_model = apps.get_model("aids", "LocalAidCase")
    for aid in aid_model.objects.all():
        cases = aid.rules.pop("tests", [])
        aid.shipped, aid.state = True, "published" if aid.active else "closed"
        aid.published_at = aid.written_at = aid.updated_at
        aid.closed_at = None if aid.active else aid.updated_at
        aid.save()
        case_model.objects.bulk_create(
            case_model(aid=aid, rank=rank, **case | {"persona": case["persona"][:120]})
            for rank, case in enumerate(cases, 1)
        )


def to_json(apps, schema_editor):
    """Keep the newest version of each aid that was public, with its cases inside."""
    aid_model = apps.get_model("aids", "LocalAid")
    for aid in aid_model.objects.order_by("-version"):
        newer = aid_model.objects.filter(code=aid.code, version__gt=aid.version)
        if aid.state in ("draft", "tested") or newer.exists():
            aid.delete()
            continue
        aid.rules["tests"] = [
            {"persona": case.persona, "facts": case.facts, "expect": case.expect} for case in aid.cases.order_by("rank")
        ]
        aid.active = aid.state == "published"
        aid.save()
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # the table changes next


class Migration(migrations.Migration):
    dependencies = [
        ("aids", "0003_rules_in_words"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="LocalAidCase",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rank", models.PositiveIntegerField()),
                ("persona", models.CharField(max_length=120, verbose_name="personne")),
                ("facts", models.JSONField()),
                ("expect", models.JSONField()),
                (
                    "aid",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="cases", to="aids.localaid"
                    ),
                ),
            ],
            options={
                "verbose_name": "cas d’essai",
                "verbose_name_plural": "cas d’essai",
                "ordering": ["rank"],
            },
        ),
        migrations.AddConstraint(
            model_name="localaidcase",
            constraint=models.UniqueConstraint(fields=("aid", "rank"), name="aids_case_rank_once"),
        ),
        migrations.CreateModel(
            name="LinkState",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.URLField(max_length=500, unique=True)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "problem",
                    models.CharField(blank=True, help_text="a code of core.outgoing, or an HTTP status", max_length=40),
                ),
            ],
            options={
                "verbose_name": "lien d’une aide",
                "verbose_name_plural": "liens des aides",
                "ordering": ["url"],
            },
        ),
        migrations.AddField(
            model_name="localaid",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Brouillon"),
                    ("tested", "Essayée"),
                    ("published", "Publiée"),
                    ("closed", "Fermée"),
                ],
                default="draft",
                max_length=10,
                verbose_name="état",
            ),
        ),
        migrations.AddField(
            model_name="localaid",
            name="shipped",
            field=models.BooleanField(
                default=False,
                help_text="loaded by the operator of the portal, or older than versions: no agent wrote it",
            ),
        ),
        migrations.AddField(
            model_name="localaid",
            name="written_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="localaid",
            name="written_at",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.AddField(
            model_name="localaid",
            name="published_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(model_name="localaid", name="published_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="localaid", name="closed_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(
            model_name="localaid", name="code", field=models.SlugField(max_length=60, verbose_name="code")
        ),
        migrations.AlterField(
            model_name="localaid", name="rules", field=models.JSONField(verbose_name="règles")
        ),
        migrations.RunPython(to_rows, to_json),
    ]
