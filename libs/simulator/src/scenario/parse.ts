/** One command: a verb, and what follows it, as `name=value` or by itself. */
export interface Command {
  readonly text: string;
  readonly verb: string;
  readonly words: readonly string[];
  readonly options: ReadonlyMap<string, string>;
}

/** Commands that are carried out together, and what is expected of them. */
export interface Block {
  /** Comment and blank lines before it, kept as they are. */
  readonly preface: readonly string[];
  readonly commands: readonly Command[];
  readonly expected: readonly string[];
}

const DIVIDER = '----';

/**
 * A scenario file: blocks of command lines, a line of four dashes, and the lines that they are expected to print, up to
 * a blank line. Lines that start with `#` are for people.
 */
export function parseScenario(text: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let at = 0;
  const isProse = (line: string) => line.trim() === '' || line.startsWith('#');
  const takeWhile = (holds: (line: string) => boolean) => {
    const from = at;
    while (at < lines.length && holds(lines[at]!)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const preface = takeWhile(isProse);
    const commands = takeWhile((line) => line !== DIVIDER && !isProse(line)).map(parseCommand);
    if (commands.length === 0) break;
    if (lines[at] !== DIVIDER) throw new Error(`line ${at + 1}: ${DIVIDER} expected after the commands`);
    at++;
    blocks.push({ preface, commands, expected: takeWhile((line) => line.trim() !== '') });
  }
  return blocks;
}

function parseCommand(text: string): Command {
  const [verb, ...rest] = text.trim().split(/\s+/);
  const pairs = rest.filter((word) => word.includes('='));
  const options = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  return { text, verb: verb!, words: rest.filter((word) => !word.includes('=')), options };
}

/** The file with these lines in the place of what was expected. */
export function printScenario(
  blocks: readonly (Omit<Block, 'expected'> & { readonly printed: readonly string[] })[],
): string {
  const text = blocks.map(({ preface, commands, printed }) =>
    [...preface, ...commands.map((command) => command.text), DIVIDER, ...printed].join('\n'),
  );
  return `${text.join('\n')}\n`;
}
