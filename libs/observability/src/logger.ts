import { destination, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';
import { censor } from './log-fields.ts';
import { prettyLine } from './pretty.ts';

/** Facts of a log line. `node`, `session`, `err` mean the same everywhere. */
export interface LogFields {
  /** Hex name of the node. */
  readonly node?: string;
  /** Hex id of the DKG session. */
  readonly session?: string;
  readonly err?: unknown;
  readonly [name: string]: unknown;
}

interface LogMethod {
  (fields: LogFields, message: string): void;
  (message: string): void;
}

export interface Logger {
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** A logger whose every line carries these fields too. */
  child(fields: LogFields): Logger;
  /** Adds fields to every later line of this logger and of children made later, such as the node's name once known. */
  bind(fields: LogFields): void;
  isEnabled(level: LogLevel): boolean;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly service: string;
  readonly level?: LogLevel;
  /** `json` unless asked otherwise. */
  readonly format?: 'json' | 'pretty';
  readonly colour?: boolean;
  /** Gets whole lines; standard output unless given. */
  readonly write?: (line: string) => void;
}

/** So much of what cannot be written waits in memory. */
const WAITING_BYTES = 1 << 20;
/** A reader that stands still is waited for so often, a tenth of a second each, until it has read all. */
const MOST_WAITS = 20;

/**
 * A logger of JSON lines: time (RFC 3339), level, service, pid, msg and the fields. Secrets are censored by name, and
 * bytes are never written. Lines to standard output are written synchronously: what a killed process said is there.
 * Those that cannot be written wait for the next one, up to a bound; how many were lost is said when there is room again.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { service, level = 'info', format = 'json', colour = false } = options;
  const write = options.write ?? standardOutput((lines) => sayLost(lines));
  const logger = pino(
    {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: censorFields,
      },
    },
    { write: format === 'pretty' ? (line: string): void => write(prettyLine(line, colour)) : write },
  );
  const sayLost = (lines: number): void =>
    logger.error({ event: 'log-lost', lines }, 'lines of the log were lost: they could not be written');
  return wrap(logger);
}

/**
 * Whoever logs never hears that it failed, as where the disk of the log is full: what they do is worth more than what
 * they say of it. `lost` gets how many lines there was no room for, after those that had waited.
 */
function standardOutput(lost: (lines: number) => void): (line: string) => void {
  let [dropped, waits, hasWritten] = [0, 0, false];
  const out = destination({
    dest: 1,
    sync: true,
    maxLength: WAITING_BYTES,
    retryEAGAIN: () => waits++ < MOST_WAITS,
  });
  // pino's own listener throws at whoever has logged.
  out.on('error', () => {});
  out.on('write', (bytes: number) => {
    if (bytes > 0) hasWritten = true;
  });
  out.on('drop', () => {
    dropped++;
    // A line that is dropped has not had the others tried.
    out.write('');
  });
  // Of all that it can do pino gets this alone: with a fatal line it would wait in `flushSync` until there is room.
  return (line) => {
    hasWritten = false;
    const isThrough = out.write(line);
    // Not at each bit that a slow reader takes: it would be waited for as often again, with all that waits before this line.
    if (isThrough && hasWritten) waits = 0;
    if (dropped === 0 || !isThrough) return;
    const lines = dropped;
    dropped = 0;
    lost(lines);
  };
}

/** Keeps nothing; for libraries whose caller gives no logger. */
export const silentLogger: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
  child: () => silentLogger,
  bind: () => {},
  isEnabled: () => false,
};

const censorFields = (fields: object): Record<string, unknown> => censor(fields) as Record<string, unknown>;

function wrap(logger: PinoLogger): Logger {
  const method =
    (level: Exclude<LogLevel, 'silent'>): LogMethod =>
    (fields: LogFields | string, message?: string): void => {
      if (typeof fields === 'string') logger[level](fields);
      else logger[level](fields, message);
    };
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
    fatal: method('fatal'),
    // pino's own formatter of bindings is not applied to children.
    child: (fields) => wrap(logger.child(censorFields(fields))),
    bind: (fields) => logger.setBindings(censorFields(fields)),
    isEnabled: (level) => logger.isLevelEnabled(level),
  };
}
