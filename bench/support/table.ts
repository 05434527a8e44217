// Tables, for the terminal and for Markdown.

export interface Table {
  title: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** what one has to know to read it */
  notes?: readonly string[];
}

/** The first column to the left, all others to the right. */
export function toText({ title, head, rows, notes = [] }: Table): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [`\n${title}`, line(head), rule, ...rows.map(line), ...notes.map((note) => `  ${note}`)].join("\n");
}

export function toMarkdown({ title, notes = [], ...rows }: Table): string {
  return [`### ${title}`, "", rowsToMarkdown(rows), ...notes.flatMap((note) => ["", note])].join("\n");
}

export function rowsToMarkdown({ head, rows }: Pick<Table, "head" | "rows">): string {
  const line = (row: readonly string[]) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = line(head.map((_, i) => (i === 0 ? ":--" : "--:")));
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** Three digits that count: 0.0823, 1.05, 28.1, 1,234. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : value.toPrecision(3);
}

export function count(value: number): string {
  return value.toLocaleString("en");
}

export function times(value: number): string {
  return Number.isFinite(value) ? `${digits(value)}×` : "–";
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
