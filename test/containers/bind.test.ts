import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../deploy/compose/bind.sh', import.meta.url));
const NAMES = ['aa'.repeat(32), 'bb'.repeat(32), 'cc'.repeat(32)] as const;
const line = (node: string, event: string) => `{"level":"info","node":"${node}","event":"${event}","msg":"x"}\n`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'witan-bind-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the script with a `docker` whose elders have logs that say this, and that only notes what else it is to do. */
async function bind(log: (node: number) => string, ...args: readonly string[]): Promise<readonly string[]> {
  for (const node of NAMES.keys()) writeFileSync(join(folder, `node-${node}-elder`), log(node));
  const lines = [
    '#!/bin/sh',
    'shift',
    'case $1 in',
    '  version) ;;',
    '  config) for node in 2 0 1; do echo nats gateway node-$node-adult node-$node-elder | xargs -n 1; done ;;',
    `  logs) for service; do :; done; exec cat "${folder}/$service" ;;`,
    `  run) case $* in *--entrypoint*) for file; do :; done; cat "${folder}$file" && exit; exit 1 ;; esac ;;`,
    'esac',
    'case $1 in',
    `  run | exec) echo "$*" >> "${folder}/done" ;;`,
    'esac',
  ];
  writeFileSync(join(folder, 'done'), '');
  writeFileSync(join(folder, 'docker'), lines.join('\n'));
  chmodSync(join(folder, 'docker'), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  await promisify(execFile)(SCRIPT, args, { env });
  return done();
}

const done = () => readFileSync(join(folder, 'done'), 'utf8').split('\n').slice(0, -1);
const RELOAD = 'exec -T nats nats-server --signal reload=1';

describe('the script that binds the nodes of the compose file', () => {
  test('takes the name that each elder has told last, and has NATS read its users again', async () => {
    const log = (node: number) =>
      `${line('dd'.repeat(32), 'ready')}not JSON\n${line(NAMES[node]!, 'ready')}${line('ee'.repeat(32), 'blame')}`;
    const [first, second, third] = NAMES;
    const names = `--name=node-0=${first} --name=node-1=${second} --name=node-2=${third}`;
    expect(await bind(log)).toEqual([`run --rm -T secrets ${names}`, RELOAD]);
  });

  test('binds none when one has not told its name, and says which', async () => {
    const log = (node: number) => (node === 1 ? line(NAMES[1], 'section') : line(NAMES[node]!, 'ready'));
    await expect(bind(log)).rejects.toMatchObject({
      code: 69,
      stderr: 'bind.sh: the log of node-1-elder has no ready line: restart it, or --name node-1=NAME\n',
    });
    expect(done()).toEqual([]);
  });

  test('leaves one as it is that is bound already and tells nothing now', async () => {
    mkdirSync(join(folder, 'secrets'));
    writeFileSync(join(folder, 'secrets', 'node-1.name'), `${NAMES[1]}\n`);
    const log = (node: number) => (node === 1 ? '' : line(NAMES[node]!, 'ready'));
    const names = NAMES.map((name, node) => `--name=node-${node}=${name}`).join(' ');
    expect(await bind(log)).toEqual([`run --rm -T secrets ${names}`, RELOAD]);
  });

  test('takes the name that it is given for one instead', async () => {
    const log = (node: number) => (node === 1 ? '' : line(NAMES[node]!, 'ready'));
    const others = `--name=node-0=${NAMES[0]} --name=node-2=${NAMES[2]}`;
    const given = `node-1=${NAMES[1]}`;
    expect(await bind(log, '--name', given)).toEqual([`run --rm -T secrets ${others} --name ${given}`, RELOAD]);
    expect(await bind(log, `--name=${given}`)).toEqual([`run --rm -T secrets ${others} --name=${given}`, RELOAD]);
  });
});
