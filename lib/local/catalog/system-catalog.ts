/**
 * What DSQL has and PostgreSQL has not, run once after initdb in single-user mode (`-j`: statements end with `;` and an
 * empty line).
 */
export const systemCatalog = `
CREATE ROLE admin LOGIN CREATEROLE;

GRANT CREATE, TEMPORARY ON DATABASE postgres TO admin;

GRANT CREATE, USAGE ON SCHEMA public TO admin;

CREATE SCHEMA sys;

GRANT USAGE ON SCHEMA sys TO public;

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

ALTER FUNCTION pg_catalog.current_setting(text) RENAME TO builtin_current_setting;

ALTER FUNCTION pg_catalog.current_setting(text, boolean) RENAME TO builtin_current_setting;

ALTER FUNCTION pg_catalog.version() RENAME TO builtin_version;

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
