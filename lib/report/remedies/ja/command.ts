import type { command as english } from '../en/command.ts';
import type { Remedies } from '../remedy.ts';

/** Of commands, in Japanese. */
export const command: Remedies<keyof typeof english> = {
  answer_needed: {
    means: '質問に答える人がいません。',
    todo: 'メッセージに従って、答えをオプションで指定してください。',
  },
  bad_repaired_file: {
    means: '修正した行のファイルを使えません。何も変更していません。',
    todo: '`etl rejects RUN --export rows.csv` で作り、値だけを直し、`etl_` で始まる列はそのままにしてください。',
  },
  folder_taken: {
    means: '推測できる名前のフォルダーを、他者も使えます。',
    todo: 'フォルダーを削除するか、所有者に削除してもらい、再度開始してください。',
  },
  invalid_option: { means: 'オプションの値を使えません。', todo: 'メッセージに示された値を指定してください。' },
  local_busy: {
    means: '実行中のローカル DSQL のポートまたは上限が、求めるものと異なります。',
    todo: '`etl local stop` で止めてから再度開始してください。',
  },
  local_control_closed: {
    means: 'ローカル DSQL の制御接続が、応答の前に切れました。',
    todo: 'コマンドを再度実行してください。新しいサーバーが起動します。',
  },
  local_control_refused: {
    means: 'ローカル DSQL が制御コマンドを拒否しました。',
    todo: 'メッセージに従って直してください。',
  },
  local_not_built: {
    means: 'ローカル DSQL のサーバーがビルドされていません。',
    todo: '`npm run build` を実行してください。',
  },
  local_not_running: { means: 'ローカル DSQL が動いていません。', todo: '`etl local start` で起動してください。' },
  local_postgres_missing: {
    means: 'この環境用の PostgreSQL がありません。',
    todo: 'Linux または macOS で、`--omit=optional` を付けずに `npm ci` を実行してください。',
  },
  local_start_failed: {
    means: 'ローカル DSQL が起動しませんでした。',
    todo: 'メッセージにあるログを確認してください。',
  },
  not_confirmed: {
    means: '行を削除するコマンドを、承認する人がいません。何も行っていません。',
    todo: '質問できない環境では `--yes` を付けてください。',
  },
  nothing_here: {
    means: '何もロードされたことのないフォルダーで、ロード結果が求められました。',
    todo: '`--config` で設定を、または `--target` でクラスターを指定してください。',
  },
};
