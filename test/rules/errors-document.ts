import { CODES } from '@witan/errors';

const EXITS: readonly [code: number, meaning: string][] = [
  [0, 'what was asked for was done, or holds'],
  [1, 'of `witan chaos`: what must never happen has happened'],
  [2, 'the command line or the input is wrong'],
  [3, 'a proof, a signature, an author or a certificate does not hold'],
  [4, 'there is no such thing'],
  [5, 'not now: something is missing, too slow or too busy'],
  [69, 'something is not installed'],
  [70, 'a defect'],
  [74, 'the disk'],
  [75, 'the data directory is in use'],
  [77, 'a secret cannot be opened, or something is not permitted'],
  [78, 'the configuration'],
];

/** docs/errors.md: the closed set of errors as people look it up. */
export function errorsDocument(): string {
  const codes = Object.entries(CODES).map(
    ([code, { status, exit, title, help }]) => `| \`${code}\` | ${status} | ${exit} | ${title} | ${help} |`,
  );
  return `# Errors

Every error that leaves a process of Witan is one of this closed set: in REST answers (RFC 9457, field \`code\`), on
the bus, in logs and from the command line. \`npx witan errors CODE\` shows one of them.

*Generated from \`libs/errors/src/codes.ts\` by \`npx vitest run --project rules --update\`; a test keeps the two equal.*

| code | HTTP | exit | means | what to do |
| --- | --- | --- | --- | --- |
${codes.join('\n')}

## Exit codes

Of the \`witan\` command, of \`npm start\` and of every service, after \`sysexits.h\` where that has a fitting one.

| exit | means |
| --- | --- |
${EXITS.map(([code, meaning]) => `| ${code} | ${meaning} |`).join('\n')}
| 128 + n | ended by signal n |
`;
}

export const EXIT_CODES: ReadonlySet<number> = new Set(EXITS.map(([code]) => code));
