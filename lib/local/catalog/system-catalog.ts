/**
 * What DSQL has and PostgreSQL has not, run once after initdb in single-user mode (`-j`: statements end with `;` and an
 * empty line). `dsql_local` holds the guard's own functions; users cannot see into it except by calling them.
 */
export const systemCatalog = `
CREATE ROLE admin LOGIN CREATEROLE;

GRANT CREATE, TEMPORARY ON DATABASE postgres TO admin;

GRANT CREATE, USAGE ON SCHEMA public TO admin;

CREATE SCHEMA sys;

GRANT USAGE ON SCHEMA sys TO public;

CREATE SCHEMA dsql_local;

GRANT USAGE ON SCHEMA dsql_local TO public;

CREATE TABLE sys.jobs (
  job_id text NOT NULL, status text NOT NULL, details text, job_type text NOT NULL, class_id oid, object_id oid,
  object_name text, start_time timestamptz, update_time timestamptz
);

GRANT SELECT ON sys.jobs TO public;

CREATE TABLE sys.iam_pg_role_mappings (
  iam_oid oid NOT NULL, arn text NOT NULL, pg_role_oid oid NOT NULL, pg_role_name text NOT NULL,
  grantor_pg_role_oid oid, grantor_pg_role_name text
);

GRANT SELECT ON sys.iam_pg_role_mappings TO public;

CREATE TABLE dsql_local.job (job_id text PRIMARY KEY, statement text NOT NULL, search_path text NOT NULL);

CREATE FUNCTION dsql_local.new_job_id() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(substr('abcdefghijklmnopqrstuvwxyz234567', 1 + get_byte(b, i) % 32, 1), '')
  FROM (SELECT sha256(uuid_send(gen_random_uuid())) AS b) AS r, generate_series(0, 25) AS i
$$;

CREATE FUNCTION dsql_local.add_job(kind text, statement text, path text, object oid, name text)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE id text := dsql_local.new_job_id();
BEGIN
  INSERT INTO sys.jobs VALUES
    (id, 'submitted', NULL, kind, 'pg_class'::regclass, object, name, clock_timestamp(), clock_timestamp());
  INSERT INTO dsql_local.job VALUES (id, statement, path);
  RETURN id;
END
$$;

CREATE FUNCTION dsql_local.create_index_async(
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
  IF known IS NOT NULL THEN
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
  RETURN NEXT dsql_local.add_job(
    'INDEX_BUILD', statement, current_setting('search_path'), target, coalesce(nullif(index_name, ''), table_name));
END
$$;

CREATE FUNCTION dsql_local.validate_async(statement text, table_schema text, table_name text, constraint_name text)
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
  RETURN NEXT dsql_local.add_job('VALIDATE_CONSTRAINT', statement, current_setting('search_path'), target, constraint_name);
END
$$;

CREATE PROCEDURE dsql_local.iam_grant(role text, arn text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE PROCEDURE dsql_local.iam_revoke(role text, arn text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
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

CREATE FUNCTION dsql_local.copy_table(table_schema text, table_name text) RETURNS void LANGUAGE plpgsql AS $$
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

CREATE FUNCTION dsql_local.check_row(written anyelement, row_limit bigint, column_limit bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  c record;
  size bigint;
BEGIN
  FOR c IN SELECT a.attname, format_type(a.atttypid, NULL) AS type FROM pg_attribute AS a JOIN pg_type AS t ON t.typrelid = a.attrelid
    WHERE t.oid = pg_typeof(written) AND a.attnum > 0 AND NOT a.attisdropped LOOP
    EXECUTE format('SELECT pg_column_size(($1).%I)', c.attname) INTO size USING written;
    IF size - 4 > column_limit THEN
      RAISE EXCEPTION USING errcode = '54000',
        message = format('datatype limit greater than %s bytes not supported for %s', column_limit, c.type);
    END IF;
  END LOOP;
  IF pg_column_size(written) > row_limit THEN
    RAISE EXCEPTION USING errcode = '54000', message = 'maximum row size exceeded';
  END IF;
  RETURN pg_column_size(written);
END
$$;

CREATE PROCEDURE sys.wait_for_job(job_id text) LANGUAGE plpgsql AS $$
DECLARE found text;
BEGIN
  IF $1 !~ '^[a-z2-7]{26}$' THEN
    RAISE EXCEPTION USING errcode = '22P02', message = 'Unable to convert text to UUID';
  END IF;
  LOOP
    SELECT j.status INTO found FROM sys.jobs AS j WHERE j.job_id = $1;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING errcode = '42704', message = format('job "%s" does not exist', $1);
    END IF;
    EXIT WHEN found NOT IN ('submitted', 'processing');
    COMMIT;
    PERFORM pg_sleep(0.02);
  END LOOP;
END
$$;

ALTER FUNCTION pg_catalog.current_setting(text) RENAME TO builtin_current_setting;

ALTER FUNCTION pg_catalog.current_setting(text, boolean) RENAME TO builtin_current_setting;

ALTER FUNCTION pg_catalog.version() RENAME TO builtin_version;

CREATE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE lower($1) WHEN 'server_version' THEN '16.15' WHEN 'server_version_num' THEN '160015'
    ELSE pg_catalog.builtin_current_setting($1) END
$$;

CREATE FUNCTION pg_catalog.current_setting(text, boolean) RETURNS text LANGUAGE sql STABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE lower($1) WHEN 'server_version' THEN '16.15' WHEN 'server_version_num' THEN '160015'
    ELSE pg_catalog.builtin_current_setting($1, $2) END
$$;

CREATE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT 'PostgreSQL 16' $$;

DO $$
DECLARE c name;
BEGIN
  FOR c IN SELECT cfgname FROM pg_ts_config WHERE cfgname <> 'simple' LOOP
    EXECUTE format('DROP TEXT SEARCH CONFIGURATION %I', c);
  END LOOP;
END
$$;

`;
