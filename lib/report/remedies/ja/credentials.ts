import type { credentials as english } from '../en/credentials.ts';
import type { Remedies } from '../remedy.ts';

/** Of secrets, logins and proxies, in Japanese. */
export const credentials: Remedies<keyof typeof english> = {
  login_refused: {
    means: 'ログインしても、要求で送れるものが得られませんでした。',
    todo: '`auth` のユーザー、パスワード、`token_path`、`token_header` を確認してください。',
  },
  oauth_server_busy: {
    means: 'OAuth トークンを発行するサーバーが混み合っています。',
    todo: '時間をおいて再度実行してください。',
  },
  oauth_token_refused: {
    means: 'OAuth トークンを取得できませんでした。',
    todo: '`auth` のクライアント、シークレット、スコープを確認してください。リフレッシュトークンが失効していることもあります。',
  },
  private_key: {
    means: '秘密鍵または証明書を使えません。',
    todo: 'シークレットがファイル全体を改行も含めて保持しているか確認してください。',
  },
  proxy_refused: {
    means: 'プロキシが要求を通しませんでした。宛先には何も送っていません。',
    todo: 'プロキシで許可するか、`HTTPS_PROXY` に名前とパスワードを指定するか、ホストを `NO_PROXY` に加えてください。',
  },
  refresh_token_not_kept: {
    means: '新しいリフレッシュトークンをシークレットに保存できませんでした。古いものは無効になったかもしれません。',
    todo: '権限 `secretsmanager:PutSecretValue` を与えてください。古いトークンが拒否される場合は、認可をやり直して新しいトークンを入れます。',
  },
  secret_not_found: {
    means: '設定が参照するシークレットがないか、そのキーがありません。',
    todo: 'シークレットを作るか、参照を直してください。環境変数の場合はそれを設定します。',
  },
};
