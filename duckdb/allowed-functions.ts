/**
 * What user SQL may call, by purpose. In: pure functions of their arguments. Out: whatever reads files, network, settings,
 * catalogues, session or clock (the clock is pinned, see pin-time.ts), is random, or depends on the order of threads
 * (approx_quantile). A test holds this list against DuckDB's own stability column.
 */

const OPERATORS = '+ - * / // % ^ ** & | << >> ~ @ || !__postfix ~~ !~~ ~~* !~~* ~~~ ^@ && @> <@ ->> <-> <=>'

const TEXT = `array_to_string array_to_string_comma_default ascii bar base64 bin bit_length char_length character_length chr
  concat concat_ws contains damerau_levenshtein decode editdist3 encode ends_with format format_bytes
  formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex hamming hash hex ilike_escape instr jaccard
  jaro_similarity jaro_winkler_similarity lcase left left_grapheme len length length_grapheme levenshtein like_escape lower
  lpad ltrim md5 md5_number md5_number_lower md5_number_upper mismatches nfc_normalize not_ilike_escape not_like_escape
  octet_length ord parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path pg_size_pretty position
  prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
  regexp_split_to_array repeat replace reverse right right_grapheme rpad rtrim sha1 sha256 split split_part starts_with
  str_split str_split_regex string_split string_split_regex string_to_array strip_accents strlen strpos substr substring
  substring_grapheme suffix to_base64 to_binary to_hex translate trim ucase unbin unhex unicode upper url_decode url_encode`

const NUMBERS = `abs acos acosh add asin asinh atan atan2 atanh bit_count bit_position bitstring cbrt ceil ceiling cos cosh cot
  degrees divide even exp factorial fdiv floor fmod gamma gcd get_bit greatest greatest_common_divisor isfinite isinf isnan
  lcm least least_common_multiple lgamma ln log log10 log2 mod multiply nextafter pi pow power radians round round_even
  roundbankers set_bit sign signbit sin sinh sqrt subtract tan tanh to_base trunc xor equi_width_bins`

const TIMES = `age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname
  dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear julian last_day
  make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium millisecond
  minute month monthname nanosecond normalized_interval quarter second strftime strptime time_bucket timezone timezone_hour
  timezone_minute to_centuries to_days to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months
  to_quarters to_seconds to_timestamp to_weeks to_years try_strptime week weekday weekofyear year yearweek
  uuid_extract_timestamp uuid_extract_version`

const LISTS = `aggregate apply array_aggr array_aggregate array_append array_apply array_cat array_concat array_contains
  array_cosine_distance array_cosine_similarity array_cross_product array_distance array_distinct array_dot_product
  array_extract array_filter array_grade_up array_has array_has_all array_has_any array_indexof array_inner_product
  array_intersect array_length array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front
  array_position array_prepend array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort
  array_select array_slice array_sort array_transform array_unique array_value array_where array_zip cardinality element_at
  filter flatten generate_series grade_up list_aggr list_aggregate list_any_value list_append list_apply
  list_approx_count_distinct list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat list_concat
  list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct list_dot_product
  list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all list_has_any
  list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max
  list_median list_min list_mode list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend
  list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem list_skewness list_slice list_sort
  list_stddev_pop list_stddev_samp list_string_agg list_sum list_transform list_unique list_value list_var_pop list_var_samp
  list_where list_zip range reduce unpivot_list`

const NESTED = `map map_concat map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value
  map_from_entries map_keys map_values row struct_concat struct_contains struct_extract struct_extract_at struct_has
  struct_indexof struct_insert struct_keys struct_pack struct_position struct_update struct_values remap_struct union_extract
  union_tag union_value variant_extract variant_typeof enum_code`

const JSON_TEXT = `array_to_json from_json from_json_strict json json_array json_array_length json_contains json_exists
  json_extract json_extract_path json_extract_path_text json_extract_string json_keys json_merge_patch json_object json_pretty
  json_quote json_structure json_transform json_transform_strict json_type json_valid json_value row_to_json to_json`

const CHOICES = 'constant_or_null nullif switch typeof'

/** The same result in whatever order the records come. */
const UNORDERED_AGGREGATES = `approx_count_distinct avg bit_and bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if
  count_star countif covar_pop covar_samp entropy favg fsum geomean geometric_mean histogram histogram_exact kahan_sum kurtosis
  kurtosis_pop mad max mean median min product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count
  regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp sum sum_no_overflow
  sumkahan var_pop var_samp variance wavg weighted_avg`

/** The result depends on the order of the records, or on which of several equal ones came first. */
const ORDERED_AGGREGATES = `any_value arbitrary arg_max arg_max_null arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last
  argmax argmin array_agg first first_value group_concat last last_value list listagg max_by min_by mode string_agg`

/** Only with OVER. */
const WINDOWS =
  'cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number'

const names = (...lists: readonly string[]) => new Set(lists.flatMap((list) => list.split(/\s+/)))

export const SCALARS: ReadonlySet<string> = names(OPERATORS, TEXT, NUMBERS, TIMES, LISTS, NESTED, JSON_TEXT, CHOICES)
export const ORDER_SENSITIVE: ReadonlySet<string> = names(ORDERED_AGGREGATES)
export const AGGREGATES: ReadonlySet<string> = names(UNORDERED_AGGREGATES, ORDERED_AGGREGATES)
export const WINDOW_FUNCTIONS: ReadonlySet<string> = names(WINDOWS)

/** They make records out of nothing but their arguments. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = names('range generate_series unnest')

/** Their second argument names an aggregate. */
export const AGGREGATE_BY_NAME: ReadonlySet<string> = names(
  'aggregate array_aggr array_aggregate list_aggr list_aggregate',
)

/** What to use instead, for those who ask for what is refused. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [
    /^(random|setseed|uuid|uuidv4|uuidv7|gen_random_uuid|nextval|currval)$/,
    'Use a hash of a key, such as `md5(id)`: it is the same when an epoch runs again.',
  ],
  [/^(read_|glob$|sniff_csv$|parquet_|json_each$|json_tree$|seq_scan$|arrow_scan)/, 'Read files with a source node.'],
  [/^(getenv|current_setting|getvariable)$/, 'Declare a parameter and write `${name}`.'],
  [
    /^(duckdb_|pragma_|pg_|current_|has_|in_search_path|version$|which_secret)/,
    'Only the columns of the input can be seen here.',
  ],
  [/^(approx_quantile|reservoir_quantile)$/, 'Use `quantile_cont`: it gives the same result when an epoch runs again.'],
  [/^approx_top_k$/, 'Count with an AGGREGATE, then SORT and LIMIT.'],
  [/^json_group_/, 'Use `to_json(list(…))`.'],
  [
    /^(query|query_table|json_execute_serialized_sql|json_serialize_sql|json_deserialize_sql|sql_auto_complete)$/,
    'Write the query itself.',
  ],
  [/^ago$/, 'Use `now() - INTERVAL …`.'],
  [/^(error|sleep_ms|pg_sleep|write_log)$/, 'Leave records out with FILTER; bad ones go where onBadRecord says.'],
]

export function insteadOf(name: string): string | null {
  return INSTEAD.find(([pattern]) => pattern.test(name))?.[1] ?? null
}
