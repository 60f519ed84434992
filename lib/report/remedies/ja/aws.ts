import type { aws as english } from '../en/aws.ts';
import type { Remedies } from '../remedy.ts';

/** Of what runs in AWS, in Japanese. */
export const aws: Remedies<keyof typeof english> = {
  aws_credentials: {
    means: 'AWS の認証情報がないか、使えません。',
    todo: '`aws sts get-caller-identity` で確認し、期限切れなら再度サインインしてください。',
  },
  aws_refused: { means: 'AWS が呼び出しを拒否しました。', todo: 'メッセージにある権限を付与してもらってください。' },
  aws_unreachable: {
    means: '4 回の試行のいずれでも AWS に接続できませんでした。',
    todo: 'ネットワークとリージョンを確認してください。',
  },
  binary_not_fetched: {
    means: '関数の環境用の DuckDB を取得できませんでした。',
    todo: 'ネットワークを確認するか、`deploy.architecture` を設定してください。',
  },
  cdk_missing: {
    means: 'デプロイに必要なパッケージがありません。',
    todo: 'メッセージにあるパッケージをインストールしてください。',
  },
  child_failed: {
    means: '分散マップの子実行が失敗し、その理由は保存されませんでした。',
    todo: 'コンソールで実行のマップ実行を確認し、再実行してください。',
  },
  clusters_unknown: {
    means: 'マルチリージョンの 2 つのクラスターがまだ分かりません。',
    todo: 'メッセージに従って、先にクラスターをデプロイしてください。',
  },
  execution_not_started: {
    means: 'Step Functions が応答しませんでした。',
    todo: '対処は不要です。5 分ごとに再試行されます。',
  },
  function_crashed: {
    means: '関数が異常終了しました。多くの場合はメモリー不足です。',
    todo: '`deploy.<stage>.memory_mb` を上げるか、一度にロードする量を減らし、ログを確認してください。',
  },
  function_out_of_memory: {
    means: '関数のメモリーが不足しました。',
    todo: '`deploy.<stage>.memory_mb` を上げるか、一度にロードする量を減らしてください。',
  },
  function_timed_out: {
    means: '関数が、再度呼び出しても時間切れになりました。保存済みのものは残ります。',
    todo: '`deploy.<stage>.memory_mb` か `timeout_seconds` を上げ、何を待っていたかをログで確認してください。',
  },
  incomplete_deployment: { means: '関数に必要なものがデプロイされていません。', todo: '再度デプロイしてください。' },
  invalid_input: { means: '実行の入力が正しくありません。', todo: 'メッセージに従って直してください。' },
  manifest_missing: {
    means: '実行のファイルがステージングバケットにありません。',
    todo: '`"again": true` を付けて最初からやり直してください。',
  },
  not_deployable: {
    means: '手元では動く設定ですが、このままでは AWS で動きません。',
    todo: 'メッセージの各行を直してください。',
  },
  notice_not_sent: { means: '通知を発行できませんでした。', todo: 'トピックと、その鍵のポリシーを確認してください。' },
  object_not_kept: {
    means: 'SQS が応答せず、ロードできないオブジェクトを保管できませんでした。',
    todo: '対処は不要です。5 分ごとに再試行されます。',
  },
  region_unknown: { means: 'リージョンが分かりません。', todo: '`--region` か `AWS_REGION` で指定してください。' },
  response_not_delivered: {
    means: 'CloudFormation が初期設定の結果を受け取れませんでした。',
    todo: 'bootstrap 関数のログを確認し、再度デプロイしてください。',
  },
  run_aborted: {
    means: '誰かが実行を停止しました。ロードした行は残ります。',
    todo: '再度実行すると続きから再開します。',
  },
  run_timed_out: {
    means: '実行が `deploy.run_timeout_minutes` を超えました。ロードした行は残ります。',
    todo: '何を待っていたかを実行の履歴で確認し(ランブックの RunsTimedOut)、再度開始すると続きから再開します。',
  },
  service_not_deployed: {
    means: 'このアカウントとリージョンに、そのステートマシンがありません。',
    todo: '`--stage` と `--region` を確認するか、先にデプロイしてください。',
  },
  stage_interrupted: {
    means: '関数の時間切れの前に、段階が停止しました。',
    todo: '対処は不要です。再度呼び出されると続きから再開します。',
  },
  pieces_changed: {
    means:
      '実行がソースを分割してクレンジングしている間に、mask ルールのキーか他の設定が変わりました。何もロードしていません。',
    todo: '実行をもう一度始めてください。',
  },
  stage_too_slow: {
    means: '次の呼び出しで続けられない段階が、関数の時間を超えました。',
    todo: '`deploy.<stage>.memory_mb` を上げるか、一度にロードする量を減らし、ログを確認してください。分割してクレンジングするソースでは `deploy.scatter.memory_mb` を上げるか、`piece_mb` を小さくしてください。ほかの変換は全行の判定後なら続けられますが、判定だけで時間を超えました。',
  },
  staged_object_missing: {
    means: '実行のオブジェクトがステージングバケットからなくなっています。',
    todo: '`"again": true` を付けて最初からやり直してください。',
  },
  store_key: {
    means: 'キーが、実行のオブジェクトのフォルダーの外を指しています。',
    todo: '新しい実行を開始してください。そのマニフェストかイベントは、このサービスのものではありません。',
  },
  store_refused: {
    means: 'ステージングバケットがないか、権限がありません。',
    todo: 'バケットと関数のロールを確認し、再度デプロイしてください。',
  },
  store_unavailable: {
    means: 'ステージングバケットが、すべての試行で応答しないか、減速を求めました。',
    todo: '後で再度実行してください。',
  },
  webhook_failed: {
    means: 'Webhook が通知を受け取りませんでした。トピックには届いています。',
    todo: 'Webhook のシークレットにある URL を確認してください。',
  },
};
