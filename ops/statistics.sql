-- PostgreSQL tells every role how many rows each table got, and its size: during a vote, its turnout. This closes it,
-- for all but the roles that monitor (GRANT pg_monitor TO …) and the owner, whose backups read pg_class.
-- For a superuser, in the portal's database; running it again changes nothing. Other rights are in the migrations.
DO $$
DECLARE
    told regprocedure;
    hidden CONSTANT text[] := ARRAY['reltuples', 'relpages', 'relallvisible', 'relallfrozen'];
BEGIN
    FOR told IN
        SELECT oid::regprocedure FROM pg_proc
            WHERE pronamespace = 'pg_catalog'::regnamespace
            AND (proname ~ '^pg_stat_get_' AND proargtypes[0] = 'oid'::regtype
                OR proname IN ('pg_relation_size', 'pg_table_size', 'pg_indexes_size', 'pg_total_relation_size'))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', told);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor', told);
    END LOOP;
    REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC;
    EXECUTE (
        SELECT format('GRANT SELECT (%s) ON pg_catalog.pg_class TO PUBLIC', string_agg(quote_ident(attname), ', '))
            FROM pg_attribute
            WHERE attrelid = 'pg_catalog.pg_class'::regclass AND attnum > 0 AND attname <> ALL (hidden)
    );
    EXECUTE (
        SELECT format('GRANT SELECT ON pg_catalog.pg_class TO pg_monitor, %I', pg_get_userbyid(datdba))
            FROM pg_database WHERE datname = current_database()
    );
END $$;
