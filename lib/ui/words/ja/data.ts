import type { Words } from '../words.ts';

/** The texts of the view `data` in Japanese. */
export const data: Words['data'] = {
  title: 'データ',
  text: 'テーブルまたはクエリの先頭の行です。すべての文は読み取り専用トランザクションで実行します。',
  tables: 'テーブル',
  noTables: 'テーブルはまだありません。',
  query: 'クエリ',
  run: 'クエリを実行',
  rows: (shown) => `${shown} 行`,
  first: (shown) => `先頭の ${shown} 行`,
  failed: 'データベースがクエリを拒否しました',
  none: '行はありません。',
  characters: (number) => `${number} 文字`,
  service: 'サービスの管理用',
  columns: (number) => `${number} 列`,
};
