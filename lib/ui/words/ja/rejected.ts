import type { Words } from '../words.ts';

/** The texts of the view `rejected` in Japanese. */
export const rejected: Words['rejected'] = {
  title: '拒否された行',
  text: 'ロードされなかった行を理由ごとに示します。再実行されるか、その実行が取り消されるまで保管されます。',
  openOnly: '未対応のみ',
  all: 'すべて',
  pipeline: 'パイプライン',
  column: '列',
  reason: '理由',
  rows: '行数',
  open: '未対応',
  last: '最新',
  none: '拒否された行はありません。',
  noneOpen: '未対応の拒否行はありません。',
  place: '場所',
  value: '値',
  row: '行',
  run: '実行',
  samples: (shown, of) => `${of} 行中 ${shown} 行`,
  ofRun: '対象の実行',
  back: 'すべての理由',
  noPlace: '不明',
  export: '修正用のファイルにすべて書き出す:',
};
