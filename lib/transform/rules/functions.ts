/**
 * What expressions may call: functions of one row that give the same answer every time. No clock, no chance, no files,
 * no settings, no functions over several rows.
 */
export const allowedFunctions: ReadonlySet<string> = new Set([
  // numbers
  ...'abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log2 log10 pow power mod fmod greatest least pi'.split(
    ' ',
  ),
  ...'sin cos tan asin acos atan atan2 radians degrees even factorial gcd lcm isnan isinf isfinite bit_count xor'.split(
    ' ',
  ),
  ...'add subtract multiply divide'.split(' '),
  // texts
  ...'lower upper lcase ucase trim ltrim rtrim length len strlen char_length character_length substr substring left right'.split(
    ' ',
  ),
  ...'replace concat concat_ws reverse repeat lpad rpad split_part string_split starts_with ends_with prefix suffix contains'.split(
    ' ',
  ),
  ...'instr position strpos translate ascii chr unicode ord initcap nfc_normalize strip_accents format printf'.split(
    ' ',
  ),
  ...'regexp_matches regexp_full_match regexp_replace regexp_extract regexp_escape like_escape ilike_escape not_like_escape'.split(
    ' ',
  ),
  ...'not_ilike_escape md5 sha1 sha256 hex unhex to_hex base64 to_base64 from_base64 url_encode url_decode'.split(' '),
  ...'levenshtein jaccard jaro_similarity jaro_winkler_similarity hamming damerau_levenshtein bin'.split(' '),
  // dates and times
  ...'date_part datepart date_trunc datetrunc date_diff datediff date_sub datesub date_add year month day hour minute second'.split(
    ' ',
  ),
  ...'millisecond microsecond quarter week weekofyear yearweek dayofweek dayofmonth dayofyear isodow isoyear weekday dayname'.split(
    ' ',
  ),
  ...'monthname last_day make_date make_time make_timestamp strftime strptime try_strptime to_timestamp epoch epoch_ms'.split(
    ' ',
  ),
  ...'epoch_us age timezone to_years to_months to_weeks to_days to_hours to_minutes to_seconds to_milliseconds'.split(
    ' ',
  ),
  ...'to_microseconds time_bucket century decade era'.split(' '),
  // JSON and lists
  ...'json_extract json_extract_string json_extract_path json_extract_path_text json_array_length json_type json_valid'.split(
    ' ',
  ),
  ...'json_keys json_exists json_contains json_object json_array to_json list_value len array_length list_contains'.split(
    ' ',
  ),
  ...'array_contains list_has array_has list_element list_extract array_extract array_to_string list_aggregate'.split(
    ' ',
  ),
  // conditions
  ...'nullif ifnull if coalesce'.split(' '),
]);

/** Operators as DuckDB's parser names them. */
export const allowedOperators: ReadonlySet<string> = new Set(
  '+ - * / // % ** ^ || ~~ !~~ ~~* !~~* ~~~ & | << >> ~ -> ->> ^@ @>'.split(' '),
);

/** Functions that are refused with a reason of their own. */
export const refusedFunctions: Readonly<Record<string, string>> = Object.fromEntries([
  ...'now current_timestamp transaction_timestamp current_date today current_time get_current_timestamp current_localtimestamp current_localtime localtimestamp localtime'
    .split(' ')
    .map((name) => [name, `${name} gives another answer in every run; extracted_at tells when the run began`] as const),
  ...'random uuid gen_random_uuid uuidv4 uuidv7 setseed nextval currval'
    .split(' ')
    .map(
      (name) => [name, `${name} gives another answer in every run, so a repeated run would load other rows`] as const,
    ),
  ...'sum avg count min max median mode first last any_value stddev variance string_agg list array_agg arg_min arg_max'
    .split(' ')
    .map((name) => [name, `${name} is over several rows; a rule sees one row at a time`] as const),
]);

/** Types an expression may cast to. */
export const allowedCasts: ReadonlySet<string> = new Set(
  'BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE DECIMAL VARCHAR DATE TIME TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS UUID INTERVAL JSON'
    .split(' ')
    .concat('TIMESTAMP WITH TIME ZONE', 'TIME WITH TIME ZONE'),
);
