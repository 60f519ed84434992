import type { files as english } from '../en/files.ts';
import type { Remedies } from '../remedy.ts';

/** Of files and objects, in Japanese. */
export const files: Remedies<keyof typeof english> = {
  empty_file: {
    means: 'ファイルが空か、空白しかありません。',
    todo: 'ファイルを書いた側を確認するか、パイプラインから外してください。',
  },
  encoding_mismatch: {
    means: 'テキストのバイト列が、読み取りに使う文字コードに合いません。',
    todo: '`encoding: shift_jis` のように文字コードを設定してください。合うものはメッセージに示されます。',
  },
  file_beyond_disk: {
    means: '展開または変換の必要なファイルが、ディスクに収まりません。',
    todo: '空き容量を作る(AWS では `deploy.extract.scratch_mb`)か、ファイルを分割して glob またはプレフィックスで指定してください。',
  },
  file_changed: {
    means: '読み取り中にファイルが変わりました。その内容はロードしていません。',
    todo: 'ファイルが完成してから再度実行してください。',
  },
  file_damaged: {
    means: '圧縮ファイルが壊れているか、途中で切れているか、別の方式で圧縮されています。',
    todo: 'ファイルを作り直すか、名前が実際と異なる場合は `compression` を設定してください。',
  },
  file_not_found: {
    means: 'ソースがないか、読み取るロールに権限がありません。',
    todo: '`file_path`(設定ファイルからの相対パス)を確認してください。S3 の場合はパス、バケットポリシー、キーポリシーを確認します。',
  },
  file_not_text: {
    means: 'テキストであるはずのファイルが別のものです。',
    todo: '`format` を実際の形式にするか、圧縮を一度だけにしてください。',
  },
  file_too_slow: {
    means: '1 つのファイルも、1 回の呼び出しの時間内に読めませんでした。',
    todo: 'ファイルを分割し、glob またはプレフィックスで指定してください。',
  },
  file_unreadable: { means: '設定されたパスはありますが、読み取れません。', todo: '権限を確認してください。' },
  invalid_json: {
    means: 'JSON ファイルが JSON ではありません。',
    todo: 'ファイルを直してください。1 行に 1 つの JSON オブジェクトなら `format: ndjson` です。',
  },
  invalid_parquet: {
    means: 'Parquet であるはずのファイルが別のものか、途中で切れています。',
    todo: 'ファイルを作り直してください。',
  },
  json_file_too_large: {
    means: 'このパスはファイル全体を必要としますが、ファイルが大きすぎます。',
    todo: '上限のない、名前と `[*]` だけのパスを使ってください。',
  },
  mixed_formats: {
    means: '1 つのソースのファイルに異なる形式が混ざっています。',
    todo: '`file_path` を `*.csv` のように絞るか、パイプラインを分けてください。',
  },
  nested_source: {
    means: '`flatten` または `explode` の対象となる値がソースにありません。',
    todo: '別の列を指定するか、設定を外してください。',
  },
  object_changed: {
    means: '実行中にソースのオブジェクトが書き直されたか、削除されました。この実行は何もロードしていません。',
    todo: '再度実行すると、その時点の内容を読みます。バケットのバージョニングを有効にすると、実行開始時の内容を最後まで読めます。',
  },
  raw_rows_not_written: {
    means: '読み取った行を書き込めません。ディスクがいっぱいか、書き込めません。',
    todo: '空き容量を作って再度実行してください。',
  },
  rows_not_found: {
    means: '文書の想定した場所に行がありません。',
    todo: '`records_path` を行のある場所にしてください。`etl preview` で内容を確認できます。',
  },
  s3_missing: {
    means: '`s3://` のパスを読む手段がありません。',
    todo: 'AWS の認証情報とリージョンを設定してください。',
  },
  s3_refused: {
    means: 'S3 のソースがないか、読み取るロールに権限がありません。',
    todo: 'パス、リージョン、バケットポリシー、キーポリシーを確認してください。',
  },
  s3_unavailable: { means: 'Amazon S3 に接続できないか、長時間混み合っていました。', todo: '再度実行してください。' },
  too_many_bytes: {
    means: 'ソースが許された大きさを超えています。',
    todo: '正しい大きさなら `max_bytes` を上げてください。極端に膨らむ圧縮ファイルは攻撃のこともあります。',
  },
  unreadable_source: {
    means: 'ソースをまったく読み取れません。',
    todo: 'メッセージに従って設定を直すか、ソースを書く側を直してください。',
  },
  unsupported_file: {
    means: '拡張子からも設定からも、ファイルの読み方が分かりません。',
    todo: '`format: csv` のように `format` を設定してください。',
  },
};
