import type { responses as english } from '../en/responses.ts';
import type { Remedies } from '../remedy.ts';

/** Of what an API answered, in Japanese. */
export const responses: Remedies<keyof typeof english> = {
  api_address_refused: {
    means:
      'API または API が示した名前が、プライベートなどの許可されないアドレスを指しています。そこへは何も送っていません。',
    todo: 'API が返す URL を確認してください。そこへ送ってよい場合は `data_source.allow_private_addresses: true` を設定します。',
  },
  api_busy: {
    means: 'API がすべての試行に「後で」という状態を返しました。',
    todo: '時間をおいて再度実行してください。頻繁に起きる場合は `rate_limit` を設定するか、`retry.delays_seconds` の待機を増やします。',
  },
  api_certificate: {
    means: 'API の TLS 証明書を信頼できません。',
    todo: '`base_url` のホスト名を確認してください。独自の CA の場合は `tls.ca` か `NODE_EXTRA_CA_CERTS` で指定します。',
  },
  api_charset: {
    means: '応答の文字コードを読み取れません。',
    todo: 'ヘッダー `Accept-Charset: utf-8` などで UTF-8 を要求してください。',
  },
  api_columns_unequal: {
    means: '列を表すリストの値の数が一致していません。',
    todo: '`records_path` と `columnar` を確認してください。',
  },
  api_content_encoding: {
    means: '応答の本文を展開できません。',
    todo: 'API が gzip、br、zstd、deflate のいずれか、または無圧縮で応答するようにしてください。',
  },
  api_document_too_large: {
    means: 'このパスは応答全体を必要としますが、応答が大きすぎます。',
    todo: '名前と `[*]` だけのパスを使うか、ページを小さくしてください。',
  },
  api_error_response: {
    means: '応答の状態コードは正常ですが、本文がエラーを示しているか、一部が欠けています。',
    todo: 'API が指摘する内容を直してください。エラーでない場合は `on_incomplete: warn` を設定します。',
  },
  api_fields_too_late: {
    means: '応答の後ろにあるフィールドを待つ行が多すぎて、保持できません。',
    todo: 'ページを小さくするか、これらのフィールドを `include` から外してください。',
  },
  api_binary: {
    means: '本文がテキストではないファイル（Parquet、zip、Excel など）です。',
    todo: 'メッセージに従ってください。`format: parquet` を設定するか、エクスポートの別のエンドポイントか形式を使ってください。',
  },
  api_format: {
    means: '本文が、設定または Content-Type の示す形式ではありません。',
    todo: '`endpoint`、`auth`、`format`、`csv` を確認してください。',
  },
  api_header_missing: {
    means: '`header.path` の先に列名がありません。',
    todo: '`header.path` を直すか、列名そのものを書いてください。',
  },
  api_header_refused: {
    means: 'ヘッダーで送れない値があります。',
    todo: '`headers`、`auth`、`pagination` を確認してください。シークレットの末尾に改行があることもあります。',
  },
  api_job_answer: {
    means: 'ジョブについての応答に、設定が示す項目がありません。',
    todo: '`async` のパスを確認してください。',
  },
  api_job_failed: {
    means: 'API のジョブが失敗しました。',
    todo: 'API が指摘する内容を直すか、再度実行してください。次の試行では別のジョブを開始します。',
  },
  api_job_timeout: {
    means: 'API のジョブが制限時間を超えました。',
    todo: '`async.timeout` を延ばすか、その状態を `done_values` または `failed_values` に加えてください。',
  },
  api_name_unknown: {
    means: 'API が示した名前をこの環境で解決できず、プロキシの送信先を確認できません。',
    todo: 'この環境で名前を解決できるようにしてください。そこへ送ってよい場合は `data_source.allow_private_addresses: true` を設定します。',
  },
  api_not_json: {
    means: '本文が JSON ではありません。多くの場合、ログインページかプロキシのページです。',
    todo: '`endpoint` と `auth` を確認してください。',
  },
  api_page_repeats: {
    means: '同じカーソル、URL、内容のページが繰り返されました。',
    todo: '`pagination` を確認してください。ページを示すパラメーターを API が無視しているかもしれません。',
  },
  api_pages_unread: {
    means: 'ページは終わりましたが、API は続きがあると示しています。',
    todo: '`pagination` を設定してください。残りを読まない場合は `max_pages`、別の意味の表示である場合は `on_incomplete: warn` を設定します。',
  },
  api_redirects: {
    means: 'リダイレクトが繰り返されています。',
    todo: '`base_url` を API の実際の場所にしてください。',
  },
  api_rows_missing: {
    means: 'API が示した総数に達する前にページが終わりました。',
    todo: '並び順を固定して再度実行してください。別のものを数えている場合は `total_path` を外します。',
  },
  api_scheme_refused: {
    means:
      'API が示した URL が http でも https でもないか、https から http に変わっています。そこへは何も送っていません。',
    todo: 'API が https の URL を返すようにするか、`pagination: { type: page_number }` または `{ type: offset }` を使ってください。',
  },
  api_status: {
    means: 'API が、繰り返しても変わらない状態(400、401、403、404 など)を返しました。',
    todo: 'メッセージに従って URL、シークレット、権限、パラメーターを直してください。',
  },
  api_unreachable: {
    means: 'API への接続が、すべての試行で失敗しました(拒否、切断、無応答)。',
    todo: 'API が稼働しているか、`data_source.base_url` が正しいかを確認し、再度実行してください。',
  },
  api_wait_too_long: {
    means: 'API が、許された時間より長い待機を求めています。',
    todo: 'その時間の後に再度実行するか、`retry.max_wait_seconds` を延ばしてください。',
  },
};
