import type { warnings as english } from '../en/warnings.ts';
import type { Remedies } from '../remedy.ts';

/** Of each kind of warning, in Japanese. */
export const warnings: Remedies<keyof typeof english> = {
  absent_name: { means: '設定が、ソースにない列を指しています。', todo: '名前を直すか、外してください。' },
  ahead_of_time: {
    means: '未来の時刻を持つ行があります。ロードはされますが、ウォーターマークは進みません。',
    todo: '書き込む側の時計とタイムゾーン、`incremental.cursor_format` を確認してください。',
  },
  column_left_out: {
    means: 'テーブルにある列を、設定が除外しています。',
    todo: '意図したものなら対処は不要です。そうでなければ、設定に列を戻してください。',
  },
  empty_file: {
    means: '空のファイルを飛ばし、他のファイルを読みました。',
    todo: '通常のことなら対処は不要です。そうでなければ、書いた側を確認してください。',
  },
  error_in_response: {
    means: 'エラーに見える応答を、`on_incomplete: warn` に従ってエラーとせずに扱いました。',
    todo: 'API のそのページを確認し、エラーなら `on_incomplete: warn` を外してください。',
  },
  hot_key: {
    means: '先頭のキー列が増加し続けるため、書き込みがインデックスの 1 つのパーティションに集中します。',
    todo: 'ロードが遅くなったら、値の種類が多い列を `key_columns` の先頭に置いてください。',
  },
  lists_skipped: {
    means: 'API が `skip_statuses` の状態を返したため、`for_each` の値が一部ありません。',
    todo: '本当に存在しないかを API で確認してください。存在するなら、その状態を `skip_statuses` から外します。',
  },
  missing_column: {
    means: 'テーブルにある列がソースにありません。',
    todo: 'ソースを確認してください。`on_missing_column: fail` でこのような実行を止められます。',
  },
  names_left_out: {
    means: '行はオブジェクトのメンバーで、その名前はどの列にも入っていません。',
    todo: '名前を残すには `record_name_column` を設定してください。',
  },
  nanoseconds: {
    means: 'Parquet の列がナノ秒を持つ可能性があり、マイクロ秒までがロードされます。',
    todo: '切り捨てを避けるには、マイクロ秒で書き出してください。',
  },
  new_column: {
    means: 'テーブルになかった列がソースにあります。',
    todo: '問題がなければ対処は不要です。扱いは `on_new_column` と `columns` で決められます。',
  },
  object_not_read: {
    means: 'S3 に届いたオブジェクトを、記載の理由で読みませんでした。',
    todo: '理由に問題がなければ対処は不要です。そうでなければ、オブジェクトを置き直してください(新しいイベントになります)。',
  },
  other_type: {
    means: '列の宣言の型がテーブルの型と異なります。値は両方に合う必要があります。',
    todo: 'テーブルの型で宣言してください。',
  },
  pages_unread: {
    means: '読み取った以外の行が API にあるかもしれません。',
    todo: '`pagination` を設定して再度実行してください。残りを読まない場合は `max_pages` を設定します。',
  },
  parents_skipped: {
    means: 'API が `skip_statuses` の状態を返したため、一部の親の行がありません。',
    todo: '本当に存在しないかを API で確認してください。存在するなら、その状態を `skip_statuses` から外します。次の実行で再度取得します。',
  },
  range_adds_again: {
    means: '`--from` と `--to` はロード済みかもしれない行を読み、このロード方式では重ねて追加されます。',
    todo: '`key_columns` と `load_mode: upsert` を設定してください。行が重複した場合は、この実行を取り消します。',
  },
  renamed_column: {
    means: 'ソースの列名がサービスの列名と重なるため、テーブルでは別の名前になっています。',
    todo: '対処は不要です。希望の名前があれば `rename` で付けてください。',
  },
  rows_refused: {
    means: 'データベースが値を理由に一部の行を拒否し、別に保管しました。',
    todo: '拒否された行を確認し、行か、メッセージにあるテーブルの制約を直してください。',
  },
  rows_rejected: {
    means: '設定に合わない行があり、別に保管しました。',
    todo: '拒否された行を確認し、ソースか設定を直して再実行してください。',
  },
  total_absent: {
    means: '行の総数があるはずの場所に数がなく、全件を読んだか確認できません。',
    todo: '記載の設定を直すか、外してください。',
  },
  total_shrank: {
    means: 'ページの読み取り中に API の行が減り、読み飛ばした行があるかもしれません。',
    todo: 'カーソルか、行が動かない並び順を使い、`--again` を付けて再度実行してください。',
  },
};
