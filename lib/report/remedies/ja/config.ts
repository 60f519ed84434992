import type { config as english } from '../en/config.ts';
import type { Remedies } from '../remedy.ts';

/** Of the configuration, in Japanese. */
export const config: Remedies<keyof typeof english> = {
  bad_lookup: {
    means: 'lookup ルールの参照先を使えません。何もロードしていません。',
    todo: '参照先のテーブルかファイルを直すか、`on` に別の列を選んでください。',
  },
  bad_rule: {
    means: 'ビジネスルールがソースに合いません(構文、列、使えない関数)。',
    todo: '設定を直し、`etl check` で確かめてからデプロイしてください。',
  },
  config_not_editable: {
    means: '設定ファイルを編集できません。何も書き込んでいません。',
    todo: 'エイリアスを使わずに書くか、手で編集してください。',
  },
  config_not_found: {
    means: '設定ファイルが見つかりません。',
    todo: '`etl init` で作るか、`--config` で指定してください。',
  },
  contract_mismatch: {
    means: '`columns` の宣言を、テーブルの列の型では保持できません。何もロードしていません。',
    todo: 'テーブルの型に合わせて宣言するか、別のテーブルにロードしてください。',
  },
  identifier_too_long: { means: 'テーブルまたは列の名前が長すぎます。', todo: '短い名前にしてください。' },
  invalid_config: {
    means: '設定に誤りがあります。',
    todo: 'メッセージの各行を直してください。`etl check` で確認できます。',
  },
  rename_collision: {
    means: '列に付けた名前が、別の列かサービスの列のものです。',
    todo: '別の名前にするか、もう一方の列を `exclude` で外してください。',
  },
  repeated_column: { means: '1 つの一覧の 2 つの名前が、同じ列を指しています。', todo: '1 回だけ指定してください。' },
  rule_failed: {
    means: '`on_failure: fail` のビジネスルールが許さない行があります。何もロードしていません。',
    todo: 'ソースを直すか、そのような行を拒否するルールにしてください。',
  },
  rule_timeout: {
    means: 'ビジネスルールの計算に時間がかかりすぎています。',
    todo: 'メッセージにあるルールを簡単にするか、`rule_timeout_seconds` を延ばしてください。',
  },
  table_shape: {
    means: 'テーブルの列が DSQL の上限を超えるか、1 つもありません。',
    todo: '列を減らすか、可変のキーを 1 つのオブジェクトにまとめてください。',
  },
  too_many_columns: {
    means: 'ソースの列が DSQL のテーブルの上限を超えています。',
    todo: '可変のキーを 1 つのオブジェクト(`jsonb`)にまとめるか、列を減らしてください。',
  },
  unknown_column: {
    means: '設定が、ソースにない列を指しています。',
    todo: '名前を直してください。列の一覧はメッセージにあります。',
  },
  unknown_pipeline: {
    means: '設定にないパイプラインが指定されました。',
    todo: '名前を直してください。パイプラインの一覧はメッセージにあります。',
  },
};
