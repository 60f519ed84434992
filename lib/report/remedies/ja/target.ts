import type { target as english } from '../en/target.ts';
import type { Remedies } from '../remedy.ts';

/** Of the target, in Japanese. */
export const target: Remedies<keyof typeof english> = {
  batch_failed: {
    means: 'データベースがバッチを拒否しました。それまでにロードした行は残ります。',
    todo: 'メッセージにある原因を取り除いて再度実行してください。残りから再開します。',
  },
  conflict_retries_exhausted: {
    means: '他の書き込みが同じ行に、すべての再試行より長く競合しました。',
    todo: '他の書き込みが終わってから再度実行し、`load_concurrency` を下げてください。',
  },
  index_failed: {
    means: 'インデックスを作成できませんでした。行はロードされています。',
    todo: 'インデックスを削除し、原因を取り除いて再度実行してください。',
  },
  lease_lost: { means: '別の実行が引き継ぎました。', todo: '対処は不要です。その実行が処理を完了します。' },
  newer_state: {
    means: 'サービスのテーブルが、より新しい版で作られています。',
    todo: 'dsql-etl をその版に更新してください。',
  },
  replace_needs_key: {
    means: '`replace` には行を区別するキーが必要ですが、このテーブルはサービスが作ったものではありません。',
    todo: '`key_columns` を設定してください。',
  },
  rows_skipped: {
    means: '送った行と異なる行が書き込まれました。このバッチは確定していません。',
    todo: '再度実行してください。続く場合は、テーブルのトリガーやルールを調べます。',
  },
  statement_refused: {
    means: 'データベースが文を拒否しました。繰り返しても変わりません。',
    todo: 'メッセージに従って直してください。',
  },
  table_busy: {
    means: '他の実行が 5 分間、同じテーブル(列、インデックス)を変更し続けています。',
    todo: "再度実行してください。`SELECT * FROM etl_state WHERE pipeline_name LIKE 'ddl %'` で保持している実行が分かります。",
  },
  table_mismatch: {
    means: '既存のテーブルに、これらの行を入れられません。',
    todo: 'メッセージに従ってテーブルか設定を変えてください。',
  },
  table_vanished: { means: '準備中に、他者がテーブルを削除しました。', todo: '再度実行してください。' },
  privilege_missing: {
    means: '接続したロールには、文が求める操作の権限がありません。',
    todo: 'admin として、メッセージにあるテーブルに `GRANT SELECT ON テーブル TO ロール` を実行してください（`for_each.query` のテーブルなど）。',
  },
  target_access_denied: {
    means: 'ターゲットがトークンまたはロールを拒否しました。',
    todo: 'AWS では再度デプロイしてください。ロールの対応付けが復元されます。それ以外では認証情報、権限 `dsql:DbConnect`、`aurora_dsql.region` を確認します。',
  },
  target_unavailable: {
    means: 'クラスターが応答しません。',
    todo: 'AWS Health Dashboard を確認し、再度実行してください。',
  },
  verify_failed: {
    means: 'テーブルの内容が、読み取った内容と一致しません。',
    todo: 'テーブルに書き込む他の処理や、値を変えるトリガーなどを探し、`--again` を付けて再度実行してください。',
  },
};
