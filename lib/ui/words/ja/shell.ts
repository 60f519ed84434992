import type { Words } from '../words.ts';

/** The texts that every view shares, in Japanese. */
export const shared: Pick<Words, 'language' | 'units' | 'status' | 'stopped' | 'kinds' | 'shell' | 'problem'> = {
  language: '日本語',
  units: { ms: 'ms', s: '秒', min: '分', h: '時間' },
  status: { success: '成功', failed: '失敗', running: '実行中', skipped: 'スキップ' },
  stopped: '中断',
  kinds: { load: 'ロード', replay: '再実行', undo: '取り消し', reset: 'リセット', forget: 'リセット(行は残す)' },
  shell: {
    skip: '本文へ移動',
    overview: '概要',
    rejected: '拒否された行',
    data: 'データ',
    local: 'ローカル DSQL',
    readOnly: '読み取り専用',
    theme: 'テーマ',
    themes: { auto: 'システムに合わせる', light: 'ライト', dark: 'ダーク' },
    languages: '言語',
    live: 'ライブ',
    lost: '接続が切れました。再接続しています…',
    shownAt: '表示時刻',
  },
  problem: {
    notFound: '見つかりません',
    notFoundText: 'このアドレスには何もありません。',
    noRun: 'この ID の実行はありません。',
    noPipeline: 'この名前のパイプラインは設定にもログにもありません。',
    failed: 'このページを作成できませんでした',
    forbidden: '許可されていません',
    token:
      'etl ui が表示したリンクを開いてください。リンクは一度だけ使えます。新しいリンクは、その端末で Enter キーを押すと表示されます。',
    host: 'このページは etl ui が表示したアドレスでのみ応答します。',
    origin: 'このページからの要求ではないため、何も実行しませんでした。',
    csrf: 'フォームが古いため、何も実行しませんでした。前のページを再読み込みして、もう一度操作してください。',
    actsOff:
      'このページは表示専用です。クラスターで実行・再実行・取り消しを行うには、--allow-actions を付けて起動してください。',
    noConfig:
      '設定ファイルがないため実行できません。設定ファイルのあるフォルダーで、または --config を付けて起動してください。',
    back: '概要に戻る',
  },
};
