import { type PaginationSettings, paginationSchema } from '../../config/source-pagination.ts';

/** How pages go on, in words, and the setting that would pin it; valid in YAML and in JSON. */
export function recognisedText(pagination: PaginationSettings): string {
  const settings = Object.entries(pagination).filter(
    ([name, value]) => value !== undefined && !isDefault(pagination, name),
  );
  const text = settings.map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`).join(', ');
  return `${how(pagination)} To pin it: "pagination": { ${text} }`;
}

/** Whether a setting says what would hold without it. */
function isDefault(pagination: PaginationSettings, name: string): boolean {
  const { [name as keyof PaginationSettings]: left, ...others } = pagination;
  const parsed = paginationSchema.safeParse(others);
  return parsed.success && JSON.stringify(parsed.data[name as keyof PaginationSettings]) === JSON.stringify(left);
}

function how(pagination: PaginationSettings): string {
  switch (pagination.type) {
    case 'none':
      return 'There is one page.';
    case 'link_header':
      return 'The links of the header Link are followed.';
    case 'next_url':
      return `The URL at ${pagination.next_path} is followed.`;
    case 'cursor':
      return `The cursor at ${pagination.cursor_path ?? pagination.cursor_header} is sent as ${pagination.cursor_param}.`;
    case 'page_number':
      return `Pages are counted by ${pagination.page_param}.`;
    case 'offset':
      return `Items are counted by ${pagination.offset_param}.`;
  }
}
