import { reportedSettings, settableNames } from './reported-settings.ts';

const reported = [...reportedSettings].map(([name, value]) => `WHEN '${name}' THEN '${value}'`).join(' ');
const settable = [...settableNames].map((name) => `'${name}'`).join(', ');

/** What clients see otherwise than PostgreSQL shows it: settings, definitions of indexes, roles and tables of the guard's own. */
export const shownFunctions = `
DO $$
DECLARE f text;
BEGIN
  UPDATE pg_authid SET rolname = 'postgres' WHERE oid = 10;
  FOREACH f IN ARRAY ARRAY['pg_get_indexdef(oid)', 'pg_get_indexdef(oid,int4,bool)', 'set_config(text,text,bool)'] LOOP
    IF (SELECT prolang FROM pg_proc WHERE oid = ('pg_catalog.' || f)::regprocedure) = 12 THEN
      EXECUTE format('ALTER FUNCTION pg_catalog.%s RENAME TO builtin_%s', f, split_part(f, '(', 1));
    END IF;
  END LOOP;
END
$$;

CREATE TABLE IF NOT EXISTS pg_catalog.dsql_job (job_id text PRIMARY KEY, statement text NOT NULL, search_path text NOT NULL);

DO $$
BEGIN
  IF to_regclass('dsql_local.job') IS NOT NULL THEN
    INSERT INTO pg_catalog.dsql_job SELECT * FROM dsql_local.job ON CONFLICT DO NOTHING;
    DROP SCHEMA dsql_local CASCADE;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE lower($1) ${reported} WHEN 'disable_sync_create_index' THEN pg_catalog.builtin_current_setting('dsql.disable_sync_create_index')
    ELSE pg_catalog.builtin_current_setting($1) END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.current_setting(text, boolean) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE lower($1) ${reported} WHEN 'disable_sync_create_index' THEN pg_catalog.builtin_current_setting('dsql.disable_sync_create_index')
    ELSE pg_catalog.builtin_current_setting($1, $2) END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF lower($1) NOT IN (${settable}) THEN
    RAISE EXCEPTION USING errcode = '0A000', message = format('setting configuration parameter "%s" not supported', $1);
  END IF;
  RETURN pg_catalog.builtin_set_config(
    CASE lower($1) WHEN 'disable_sync_create_index' THEN 'dsql.disable_sync_create_index' ELSE $1 END, $2, $3);
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_indexdef(definition text, index oid) RETURNS text LANGUAGE sql STABLE STRICT SET search_path = pg_catalog AS $$
  SELECT regexp_replace(definition, ' USING btree ', ' USING btree_index ') || coalesce((
    SELECT ' INCLUDE (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
    FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE i.indexrelid = index AND i.indisprimary AND a.attnum <> ALL (i.indkey)
      AND i.indrelid > 16383), '')
$$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_get_indexdef(oid) RETURNS text LANGUAGE sql STABLE STRICT AS $$
  SELECT pg_catalog.dsql_indexdef(pg_catalog.builtin_pg_get_indexdef($1), $1)
$$;

CREATE OR REPLACE FUNCTION pg_catalog.pg_get_indexdef(oid, int, boolean) RETURNS text LANGUAGE sql STABLE STRICT AS $$
  SELECT CASE WHEN $2 = 0 THEN pg_catalog.dsql_indexdef(pg_catalog.builtin_pg_get_indexdef($1, $2, $3), $1)
    ELSE pg_catalog.builtin_pg_get_indexdef($1, $2, $3) END
$$;

DO $$
DECLARE
  v record;
  definition text;
BEGIN
  FOR v IN SELECT * FROM (VALUES ('pg_roles', 'rolname', 'postgres'), ('pg_user', 'usename', 'postgres'), ('pg_shadow', 'usename', 'postgres'),
    ('pg_tables', 'tablename', 'dsql_job'), ('pg_indexes', 'tablename', 'dsql_job')) AS x (name, field, own) LOOP
    definition := rtrim(pg_get_viewdef(('pg_catalog.' || v.name)::regclass), ';');
    IF definition !~ v.own THEN
      definition := replace(definition, 'builtin_pg_get_indexdef', 'pg_catalog.pg_get_indexdef');
      EXECUTE format('CREATE OR REPLACE VIEW pg_catalog.%I AS SELECT * FROM (%s) AS own WHERE own.%I <> %L', v.name, definition, v.field, v.own);
    END IF;
  END LOOP;
END
$$;

`;
