/** Jobs of CREATE INDEX ASYNC and ALTER TABLE ASYNC, grants of roles to IAM, and the functions of schema `sys`. */
export const jobFunctions = `
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
