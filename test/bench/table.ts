import Table from 'cli-table3';

export type Cell = string | number | undefined;

/** A table for people. Numbers are given three significant digits and stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const aligned = head.map((_, column) => (rows.some((row) => typeof row[column] === 'number') ? 'right' : 'left'));
  const style = process.stdout.isTTY ? { head: ['bold'], border: ['grey'] } : { head: [], border: [] };
  const out = new Table({ head: [...head], colAligns: aligned, style: { ...style, compact: true } });
  for (const row of rows) out.push(row.map(cell));
  return out.toString();
}

function cell(value: Cell): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return typeof value === 'number' ? number(value) : value;
}

/** Three digits that mean something; whole numbers as they are. */
export function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 1000) return value.toFixed(0);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** How many times something. */
export function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}
