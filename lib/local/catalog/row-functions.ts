/** What the guard asks about rows: copies of tables, rows that were locked or changed, rows that are too large. */
export const rowFunctions = `
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

`;
