"""A MAC is written once: a row that was changed or deleted does not come back as it was, whoever writes it."""

from django.db import migrations, models

GUARD = """
CREATE FUNCTION core_written_stays() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.until < now() THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'what was written stays known: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER core_written_stays BEFORE UPDATE OR DELETE ON core_written
    FOR EACH ROW EXECUTE FUNCTION core_written_stays();
CREATE TRIGGER core_written_never_emptied BEFORE TRUNCATE ON core_written
    FOR EACH STATEMENT EXECUTE FUNCTION core_written_stays();

-- The unique index refuses a MAC that was written before, also to a transaction that is too old to see it.
CREATE FUNCTION core_written_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF length(NEW.mac) > 0 AND (TG_OP = 'INSERT' OR NEW.mac <> OLD.mac) THEN
        INSERT INTO public.core_written (name, until) VALUES (sha256(NEW.mac), now() + TG_ARGV[0]::interval);
    END IF;
    RETURN NEW;
END $$;

-- The state that `rows sign` leaves is under the same protection as the key.
CREATE FUNCTION core_city_key_written_once() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.protected <> OLD.protected THEN
        INSERT INTO public.core_written (name) VALUES (sha256(convert_to(NEW.protected, 'UTF8')));
    END IF;
    RETURN NEW;
END $$;
INSERT INTO core_written (name) SELECT sha256(convert_to(protected, 'UTF8')) FROM core_citykey;
CREATE TRIGGER core_city_key_written_once BEFORE INSERT OR UPDATE OF protected ON core_citykey
    FOR EACH ROW EXECUTE FUNCTION core_city_key_written_once();

-- Nor is a row put aside under another id while it is changed or deleted.
CREATE FUNCTION core_same_id() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a row keeps its id: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION core_write_once(rows_of regclass, lasts interval DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    id name := (SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = rows_of AND indisprimary);
BEGIN
    EXECUTE format('CREATE TRIGGER core_written_once BEFORE INSERT OR UPDATE OF mac ON %s
        FOR EACH ROW EXECUTE FUNCTION core_written_once(%s)', rows_of, quote_literal(lasts));
    EXECUTE format('CREATE TRIGGER core_same_id BEFORE UPDATE OF %2$I ON %1$s
        FOR EACH ROW WHEN (OLD.%2$I IS DISTINCT FROM NEW.%2$I) EXECUTE FUNCTION core_same_id()', rows_of, id);
END $$;
"""
FORMER = """
DROP FUNCTION core_write_once(regclass, interval);
DROP FUNCTION core_same_id, core_written_once, core_city_key_written_once, core_written_stays CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0019_words_under_mac")]

    operations = [
        migrations.CreateModel(
            name="Written",
            fields=[
                (
                    "name",
                    models.BinaryField(
                        help_text="SHA-256 of the MAC, which a salt makes unlike any other",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "until",
                    models.DateTimeField(help_text="empty: for ever; else the row opens nothing by then", null=True),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("until__isnull", False)), fields=["until"], name="written_purge"
                    )
                ],
            },
        ),
        migrations.RunSQL(GUARD, FORMER),
    ]
