import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const LEVEL_STYLE: Readonly<Record<string, Style>> = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: ['bold', 'red'],
};

const SHOWN_APART = new Set(['time', 'level', 'service', 'pid', 'msg', 'err', 'node']);
const HEX_NAME = /^[0-9a-f]{32,}$/;

const asText = (value: unknown): string => {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (HEX_NAME.test(value)) return `${value.slice(0, 8)}…`; // Names and session ids: the start tells them apart.
  return /[\s"]/.test(value) ? JSON.stringify(value) : value;
};

/** A JSON log line for people: `12:00:00.123 INFO  elder 1f2e3d4c… message key=value`. What is not JSON stays as it is. */
export function prettyLine(line: string, colour: boolean): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const level = String(fields.level);
  const rest = Object.entries(fields).filter(([name]) => !SHOWN_APART.has(name));
  const parts = [
    paint('gray', String(fields.time).slice(11, 23)),
    paint(LEVEL_STYLE[level] ?? 'white', level.toUpperCase().padEnd(5)),
    paint('cyan', [fields.service, fields.node].filter(Boolean).map(asText).join(' ')),
    String(fields.msg ?? ''),
    ...rest.map(([name, value]) => paint('gray', `${name}=${asText(value)}`)),
  ];
  return `${parts.join(' ')}\n${errorLines(fields.err)
    .map((text) => `    ${paint('red', text)}\n`)
    .join('')}`;
}

function errorLines(err: unknown): string[] {
  if (typeof err !== 'object' || err === null) return err === undefined ? [] : [asText(err)];
  const { code, detail, message, stack, cause } = err as Record<string, unknown>;
  const head = stack ?? [code, detail ?? message].filter(Boolean).join(': ');
  return [...String(head).split('\n'), ...errorLines(cause).map((line) => `caused by ${line}`)];
}
