import { reportedSettings, settableNames } from './reported-settings.ts';

const reported = [...reportedSettings].map(([name, value]) => `WHEN '${name}' THEN '${value}'`).join(' ');
const settable = [...settableNames].map((name) => `'${name}'`).join(', ');

/**
 * Functions of the system catalog and the guard's own, which stand in `pg_catalog` under names that begin with `dsql_`, so
 * that no schema of the guard's shows. Run after the catalog was made, and again in a data folder whose functions are
 * those of another version; so everything here can be run on the result of every earlier version.
 */
export const systemFunctions = `
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

CREATE OR REPLACE FUNCTION pg_catalog.dsql_new_job_id() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(substr('abcdefghijklmnopqrstuvwxyz234567', 1 + get_byte(b, i) % 32, 1), '')
  FROM (SELECT sha256(uuid_send(gen_random_uuid())) AS b) AS r, generate_series(0, 25) AS i
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_add_job(kind text, statement text, path text, object oid, name text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE id text := pg_catalog.dsql_new_job_id();
BEGIN
  INSERT INTO sys.jobs VALUES
    (id, 'submitted', NULL, kind, 'pg_class'::regclass, object, name, clock_timestamp(), clock_timestamp());
  INSERT INTO pg_catalog.dsql_job VALUES (id, statement, path);
  RETURN id;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_create_index_async(
  statement text, trial text, table_schema text, table_name text, index_name text, tolerant boolean
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  target regclass;
  known oid;
BEGIN
  target := CASE table_schema WHEN '' THEN format('%I', table_name) ELSE format('%I.%I', table_schema, table_name) END;
  IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = target), 'USAGE') THEN
    RAISE EXCEPTION USING errcode = '42501', message = format('must be owner of table %s', table_name);
  END IF;
  SELECT c.oid INTO known FROM pg_class AS c
    WHERE c.relname = index_name AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = target);
  IF known IS NOT NULL OR EXISTS (
    SELECT FROM sys.jobs AS j WHERE j.object_id = target AND j.object_name = index_name AND j.status IN ('submitted', 'processing')
  ) THEN
    IF tolerant THEN
      RAISE NOTICE USING errcode = '42P07', message = format('relation "%s" already exists, skipping', index_name);
      RETURN;
    END IF;
    RAISE EXCEPTION USING errcode = '42P07', message = format('relation "%s" already exists', index_name);
  END IF;
  BEGIN
    EXECUTE format('CREATE TEMPORARY TABLE %I (LIKE %s)', table_name, target);
    EXECUTE trial;
    RAISE EXCEPTION USING errcode = 'DL001', message = 'tried';
  EXCEPTION WHEN SQLSTATE 'DL001' THEN NULL;
  END;
  RETURN NEXT pg_catalog.dsql_add_job(
    'INDEX_BUILD', statement, current_setting('search_path'), target, coalesce(nullif(index_name, ''), table_name));
END
$$;

CREATE OR REPLACE PROCEDURE pg_catalog.dsql_create_index_now(statement text, table_schema text, table_name text) LANGUAGE plpgsql AS $$
DECLARE
  filled boolean;
BEGIN
  IF pg_catalog.builtin_current_setting('dsql.disable_sync_create_index')::boolean THEN
    RAISE EXCEPTION USING errcode = '0A000', message = 'unsupported mode. please use CREATE INDEX ASYNC.';
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)',
    CASE table_schema WHEN '' THEN format('%I', table_name) ELSE format('%I.%I', table_schema, table_name) END) INTO filled;
  IF filled THEN
    RAISE EXCEPTION USING errcode = '0A000', message = 'unsupported mode. please use CREATE INDEX ASYNC.';
  END IF;
  EXECUTE statement;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_validate_async(statement text, table_schema text, table_name text, constraint_name text)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE target regclass;
BEGIN
  target := CASE table_schema WHEN '' THEN format('%I', table_name) ELSE format('%I.%I', table_schema, table_name) END;
  IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = target), 'USAGE') THEN
    RAISE EXCEPTION USING errcode = '42501', message = format('must be owner of table %s', table_name);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = target AND conname = constraint_name) THEN
    RAISE EXCEPTION USING errcode = '42704',
      message = format('constraint "%s" of relation "%s" does not exist', constraint_name, table_name);
  END IF;
  RETURN NEXT pg_catalog.dsql_add_job('VALIDATE_CONSTRAINT', statement, current_setting('search_path'), target, constraint_name);
END
$$;

CREATE OR REPLACE PROCEDURE pg_catalog.dsql_iam_grant(role text, arn text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) THEN
    RAISE EXCEPTION USING errcode = '42704', message = format('role "%s" does not exist', $1);
  END IF;
  IF session_user <> 'admin' THEN
    RAISE EXCEPTION USING errcode = '42501', message = 'permission denied';
  END IF;
  IF EXISTS (SELECT FROM sys.iam_pg_role_mappings AS m WHERE m.pg_role_name = $1 AND m.arn = $2) THEN RETURN; END IF;
  INSERT INTO sys.iam_pg_role_mappings
    SELECT (SELECT coalesce(max(iam_oid::bigint), 26397) + 1 FROM sys.iam_pg_role_mappings)::oid, $2, r.oid, r.rolname,
      a.oid, a.rolname
    FROM pg_roles AS r, pg_roles AS a WHERE r.rolname = $1 AND a.rolname = session_user;
END
$$;

CREATE OR REPLACE PROCEDURE pg_catalog.dsql_iam_revoke(role text, arn text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF session_user <> 'admin' THEN
    RAISE EXCEPTION USING errcode = '42501', message = 'permission denied';
  END IF;
  DELETE FROM sys.iam_pg_role_mappings AS m WHERE m.pg_role_name = $1 AND m.arn = $2;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING errcode = '42704', message = format('role "%s" is not granted to "%s"', $1, $2);
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_copy_table(table_schema text, table_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  source regclass := CASE table_schema WHEN '' THEN format('%I', table_name) ELSE format('%I.%I', table_schema, table_name) END;
  names text;
  c record;
BEGIN
  IF (SELECT relpersistence FROM pg_class WHERE oid = source) = 't'
    OR to_regclass(format('pg_temp.%I', table_name)) IS NOT NULL THEN RETURN; END IF;
  IF pg_relation_size(source) > 16 * 1024 * 1024 THEN
    RAISE EXCEPTION USING errcode = '54000', message = 'table too large to copy';
  END IF;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names
    FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('CREATE TEMPORARY TABLE %I (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', table_name, source);
  EXECUTE format('INSERT INTO pg_temp.%I (%s) SELECT %s FROM %s', table_name, names, names, source);
  FOR c IN SELECT attname, pg_get_serial_sequence(source::text, attname) AS sequence
    FROM pg_attribute WHERE attrelid = source AND attnum > 0 AND attidentity <> '' LOOP
    EXECUTE format('ALTER TABLE pg_temp.%I ALTER %I SET DEFAULT nextval(%L)', table_name, c.attname, c.sequence);
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_key_expression(target oid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT coalesce('jsonb_build_array(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')::text', 't::text')
  FROM pg_attribute AS a WHERE a.attrelid = target AND EXISTS (
    SELECT FROM pg_index AS i WHERE i.indrelid = target AND i.indisunique AND i.indimmediate AND i.indisvalid
      AND i.indpred IS NULL AND i.indexprs IS NULL AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]))
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_keys_held(target oid, backend int, wanted text[])
RETURNS text[] LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  own text[] := (SELECT array_agg(transactionid::text) FROM pg_locks
    WHERE pid = backend AND locktype = 'transactionid' AND mode = 'ExclusiveLock');
  holders text[] := '{}';
  key text := pg_catalog.dsql_key_expression(target);
  x text;
  keys text[];
BEGIN
  IF pg_relation_size(target) > 16 * 1024 * 1024 THEN RETURN NULL; END IF;
  FOR x IN EXECUTE format('SELECT DISTINCT xmax::text FROM %s WHERE xmax::text <> ''0''', target::regclass) LOOP
    IF x = ANY (own) THEN
      holders := holders || x;
    ELSE
      BEGIN
        IF EXISTS (SELECT FROM pg_get_multixact_members(x::xid) AS m WHERE m.xid::text = ANY (own)) THEN
          holders := holders || x;
        END IF;
      EXCEPTION WHEN OTHERS THEN NULL;
      END;
    END IF;
  END LOOP;
  IF holders = '{}' THEN RETURN '{}'; END IF;
  EXECUTE format('SELECT coalesce(array_agg(%s), ''{}'') FROM %s AS t WHERE xmax::text = ANY ($1) AND ($2 IS NULL OR %1$s = ANY ($2))',
    key, target::regclass) INTO keys USING holders, wanted;
  RETURN keys;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_locked_rows(target regclass) RETURNS json LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT json_build_object('table', target::oid::text, 'keys', pg_catalog.dsql_keys_held(target, pg_backend_pid(), NULL))
  WHERE target IS NOT NULL
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_touched_rows(target oid, backend int, wanted json) RETURNS json LANGUAGE sql SET search_path = pg_catalog AS $$
  SELECT to_json(pg_catalog.dsql_keys_held(target, backend,
    CASE WHEN wanted IS NULL THEN NULL ELSE ARRAY (SELECT json_array_elements_text(wanted)) END))
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_keys_are_gone(target oid, wanted json) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $$
DECLARE
  keys text[] := ARRAY (SELECT json_array_elements_text(wanted));
  seen bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s AS t WHERE %s = ANY ($1)', target::regclass, pg_catalog.dsql_key_expression(target))
    INTO seen USING keys;
  RETURN seen < cardinality(keys);
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_oversized(target regclass, row_limit bigint, column_limit bigint)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  own text[] := (SELECT array_agg(transactionid::text) FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'transactionid' AND mode = 'ExclusiveLock');
  largest text;
  whole text;
  found text;
BEGIN
  SELECT string_agg(format('WHEN %s > $3 THEN %L', c.size, c.type), ' '), string_agg(format('coalesce(%s, 0)', c.size), ' + ')
    INTO largest, whole
    FROM (SELECT format_type(a.atttypid, NULL) AS type, format(CASE a.atttypid WHEN 'bytea'::regtype THEN 'octet_length(t.%I)'
        ELSE 'pg_column_size(t.%I)' END, a.attname) AS size
      FROM pg_attribute AS a WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped AND a.attlen = -1) AS c;
  IF whole IS NULL THEN RETURN NULL; END IF;
  EXECUTE format('SELECT kind FROM (SELECT CASE %s WHEN %s > $2 THEN '''' END AS kind FROM %s AS t WHERE t.xmin::text = ANY ($1)) AS s
    WHERE kind IS NOT NULL LIMIT 1', largest, whole, target) INTO found USING own, row_limit, column_limit;
  RETURN found;
END
$$;

CREATE OR REPLACE FUNCTION pg_catalog.dsql_skip_rows(target regclass, count int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  own text[] := (SELECT array_agg(transactionid::text) FROM pg_locks
    WHERE pid = pg_backend_pid() AND locktype = 'transactionid' AND mode = 'ExclusiveLock');
  skipped int;
BEGIN
  EXECUTE format('WITH written AS (SELECT ctid, cmin::text::bigint AS command FROM %1$s WHERE xmin::text = ANY ($1) AND xmax::text = ''0'')
    DELETE FROM %1$s WHERE ctid = ANY (ARRAY (SELECT ctid FROM written WHERE command = (SELECT max(command) FROM written) ORDER BY ctid LIMIT $2))',
    target) USING own, count;
  GET DIAGNOSTICS skipped = ROW_COUNT;
  RETURN skipped;
END
$$;

CREATE OR REPLACE FUNCTION sys.current_session_id() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT md5(concat(pid, backend_start, (SELECT system_identifier FROM pg_control_system())))::uuid::text
  FROM pg_stat_get_activity(pg_backend_pid())
$$;

CREATE OR REPLACE PROCEDURE sys.wait_for_job(job_id text) LANGUAGE plpgsql AS $$
DECLARE state text;
BEGIN
  IF $1 !~ '^[a-z2-7]{26}$' THEN
    RAISE EXCEPTION USING errcode = '22P02', message = 'Unable to convert text to UUID';
  END IF;
  LOOP
    SELECT j.status INTO state FROM sys.jobs AS j WHERE j.job_id = $1;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING errcode = '42704', message = format('job "%s" does not exist', $1);
    END IF;
    EXIT WHEN state NOT IN ('submitted', 'processing');
    COMMIT;
    PERFORM pg_sleep(0.02);
  END LOOP;
END
$$;

`;
