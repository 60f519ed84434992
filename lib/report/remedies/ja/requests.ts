import type { requests as english } from '../en/requests.ts';
import type { Remedies } from '../remedy.ts';

/** Of what is asked of an API, in Japanese. */
export const requests: Remedies<keyof typeof english> = {
  boundary_unclear: {
    means: '最新の値を持つ行が非常に多く、どれがロード済みかを区別できません。',
    todo: '`key_columns` と `load_mode: upsert` を設定してください。同じ行を再度ロードしても問題が起きません。',
  },
  cursor_column_changed: {
    means: 'ウォーターマークの列が、現在の設定の列と異なります。',
    todo: '`cursor_column` を元に戻すか、`etl reset` または別のパイプライン名で最初からやり直してください。',
  },
  cursor_meaning_unknown: {
    means: 'カーソル列の値が数値でも既知の形式の時刻でもないため、順序が分かりません。',
    todo: '`incremental.cursor_format`(例: `"%m/%d/%Y"`)を設定してください。文字の順が行の順と同じなら `cursor_type: text` を設定します。',
  },
  cursor_unit_unknown: {
    means: 'API は時刻を求めていますが、カーソル列の数値の単位が分かりません。',
    todo: '`incremental.cursor_format: epoch_seconds` か `epoch_milliseconds`、または `param_format: as_is` を設定してください。',
  },
  for_each_file: {
    means: '値のファイルが、読み取れない形式です。',
    todo: 'CSV、TSV、JSON、NDJSON のいずれかに変換してください。',
  },
  for_each_query: {
    means: 'ターゲットがない場所で、ターゲットに値を問い合わせています。',
    todo: 'ここでは `for_each.file` か `values` を使ってください。',
  },
  invalid_cursor_value: {
    means: '範囲またはウォーターマークが、カーソル列の型の値ではありません。',
    todo: 'メッセージに従って書き直してください。',
  },
  invalid_endpoint: { means: '`endpoint` と `base_url` から URL を作れません。', todo: '両方を直してください。' },
  member_name_collision: {
    means: '名前を入れる列と同じ名前の列が、すでに行にあります。',
    todo: '`record_name_column` を別の名前にしてください。',
  },
  parent_field_collision: {
    means: '親のフィールドを入れる列と同じ名前の列が、すでに行にあります。',
    todo: '`parent.include` で別の名前を付けてください。',
  },
  parent_field_missing: {
    means: '親エンドポイントの行に、要求を作るためのフィールドがありません。',
    todo: 'プレースホルダー `{parent.…}` と `parent.include` を確認してください。',
  },
  parent_path: {
    means: '親の値が、要求のパスの一部ではなくパスそのものを変えてしまいます。',
    todo: '`parent.params` でそのような親を除くか、値を `params` または `body` で送ってください。',
  },
  range_needs_cursor: {
    means: '順序のないソースに対して範囲の再取得が求められました。',
    todo: '`incremental.cursor_column` を設定するか、`--from` と `--to` を外してください。',
  },
  template_path: {
    means: '値が、要求のパスの一部ではなくパスそのものを変えてしまいます。',
    todo: '値を `params` または `body` で送るか、親エンドポイントのそのような行を除いてください。',
  },
  template_value: {
    means: 'プレースホルダーの値を、求められた形式で書けません。',
    todo: 'プレースホルダーの形式か、値の元を直してください。',
  },
  too_many_parent_marks: {
    means: 'すべての親のウォーターマークの合計が、状態テーブルの 1 行に収まりません。',
    todo: '`parent.params` で親を複数のパイプラインに分けるか、ウォーターマークが短い `load_mode: upsert` を使ってください。',
  },
  window_too_full: {
    means: 'ある時間範囲の行が API の返せる数より多く、これ以上分割できません。',
    todo: '`for_each` または `params` でソースを分けてください。API がすべて返す場合は `incremental.split_when.total_over` を上げます。',
  },
};
