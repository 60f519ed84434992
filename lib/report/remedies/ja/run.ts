import type { run as english } from '../en/run.ts';
import type { Remedies } from '../remedy.ts';

/** Of runs, in Japanese. */
export const run: Remedies<keyof typeof english> = {
  abandoned: { means: '後の実行がこの実行を閉じました。', todo: '対処は不要です。閉じた実行を確認してください。' },
  already_loaded: {
    means: '最後のロードが、同じ内容・同じ設定によるものです。',
    todo: '対処は不要です。もう一度ロードするには `--again` を付けます。',
  },
  already_running: {
    means: 'このパイプラインの別の実行が進行中です。',
    todo: '対処は不要です。終わりを待つには `--wait` を付けます。',
  },
  budget_exceeded: {
    means: 'この実行の費用がパイプラインの予算を超えます。何も書き込んでいません。',
    todo: '一度にロードする量を減らすか、`budget` を上げてください。金額の内訳は `etl estimate` で分かります。',
  },
  confirmation_outdated: {
    means: '確認した内容が、現在削除される内容と異なります。何も行っていません。',
    todo: 'もう一度確認してください。',
  },
  counts_mismatch: {
    means: '実行の件数が合いません。不具合です。',
    todo: '`runs/<run_id>/` のファイルを残して報告してください。',
  },
  disk_too_small: {
    means: 'ソースが一時ファイル用のディスク(AWS では変換関数の `/tmp`)に収まりません。',
    todo: 'ファイルかパイプラインを分けてください。`deploy.transform.scratch_mb` が 10,240 未満なら上げるか、ディスクに空きを作ります。',
  },
  earlier_run: {
    means: '以前の実行の行がテーブルにあり、他の行と区別できません。',
    todo: 'テーブルを確認し、メッセージに従って解決してください。',
  },
  interrupted: { means: '実行は停止を求められました。', todo: '再度実行してください。止まった所から再開します。' },
  ledger_mismatch: {
    means: '台帳とチャンクの内容が一致しません。不具合です。',
    todo: '`runs/<run_id>/` のファイルを残して報告してください。`--again` で最初からやり直せます。',
  },
  pipeline_busy: {
    means: 'このパイプラインの実行が進行中です。何も変更していません。',
    todo: '終わるまで待ってください。',
  },
  rejected_replace: {
    means: '`replace` が、新しい版が拒否された可能性のある行を削除しようとしています。',
    todo: '拒否された行を直すか、`load_mode: upsert` を使ってください。',
  },
  repeated_event: {
    means: '同じイベントが以前に実行を開始しています。',
    todo: '対処は不要です。もう一度実行するには手動で開始します。',
  },
  replay_refused: { means: 'この実行の拒否された行は再実行できません。', todo: 'メッセージに従ってください。' },
  rows_unaccounted: {
    means: '段階の件数が合いません。不具合です。何もロードしていません。',
    todo: '`runs/<run_id>/` のファイルを残して報告してください。',
  },
  shrink_refused: {
    means: '`replace` が、想定より多くの行を削除しようとしています。何も書き込んでいません。',
    todo: 'ソースを確認してください。正しい場合は `--force` を付けるか、`max_shrink` を上げます。',
  },
  source_drift: {
    means:
      'ソースに新しい列がある、列がない、または合わない値があり、設定がそれを失敗としています。何も作成・ロードしていません。',
    todo: 'ソースを直すか、`on_new_column`、`on_missing_column`、`on_type_mismatch` を変えてください。',
  },
  source_settings_changed: {
    means: '実行の途中でソースの設定が変わりました。',
    todo: '新しい実行を開始してください。',
  },
  too_many_rejected: {
    means: '拒否された行が `max_rejected_rows` または `max_rejected_ratio` を超えました。',
    todo: '拒否された行の理由を確認し、ソースを直すか、上限を上げてください。',
  },
  transform_failed: {
    means: 'メモリーやディスクの不足など、行以外の原因で変換に失敗しました。',
    todo: 'メモリー(`memory_limit_mb`、AWS では `deploy.transform.memory_mb`)かディスクを増やすか、一度にロードする量を減らしてください。',
  },
  undo_refused: {
    means: 'この実行を正確に取り消せないか、取り消すものがありません。',
    todo: 'メッセージに従ってください。`etl reset` で最初からやり直せます。',
  },
  undo_under_way: {
    means: '別のパイプラインのために、テーブルの行を取り消し中です。何もロードしていません。',
    todo: 'それが終わってから再度実行するか、`--wait` を付けてください。',
  },
  unexpected: {
    means: 'サービスが知らないエラーです。メッセージに種類、内容、発生箇所があります。',
    todo: 'メッセージを添えて報告してください。AWS では関数のログに全体のスタックがあります(`filter @message like /unexpected/`)。',
  },
  unknown_run: {
    means: 'この ID の実行がログにないか、同じ文字で始まる実行が複数あります。',
    todo: '`etl runs` で確認し、ID をより長く指定してください。',
  },
};
