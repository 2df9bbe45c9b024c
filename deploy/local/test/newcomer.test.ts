import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { asNode, asUser, Checkout } from './checkout.ts';

const ROOT = asUser(0);
const PERSON = asUser(1000);
const NO_NATS =
  /^WITAN_ERR_DEPENDENCY: nats-server is not on the PATH .* sudo apt-get install nats-server; .* brew install nats-server; .*, then run npm start again\.$/;
/** Leaves behind what npm does: packages, and a note of what it has installed. */
const NPM = 'mkdir -p node_modules/left node_modules/right; cp package-lock.json node_modules/.package-lock.json';

let checkout: Checkout;

beforeEach(() => {
  checkout = new Checkout();
});

afterEach(() => checkout.remove());

test('npm start says nothing and installs nothing when everything is there', () => {
  checkout.has(checkout.packages);
  checkout.program('npm', NPM);
  const natsServer = checkout.program('nats-server');
  expect(checkout.start(['--nodes', '3'])).toEqual({
    code: 0,
    started: { natsServer, args: ['--nodes', '3'] },
    said: [],
    calls: [],
  });
});

describe('npm start without its packages', () => {
  beforeEach(() => {
    checkout.program('nats-server');
  });

  const lose = (path: string) => {
    checkout.has(checkout.packages);
    checkout.loses(path);
  };
  const CI = ['npm ci --no-audit --no-fund --loglevel=error'];

  test.each<[string, () => void, string]>([
    ['nothing', () => {}, 'nothing is installed yet'],
    ['an older one', () => checkout.has({ ...checkout.packages, 'node_modules/left': '0.9.0' }), 'left has changed'],
    ['too few', () => checkout.has({ 'node_modules/left': '1.0.0' }), 'right is missing'],
    ['less than npm noted', () => lose('node_modules/right'), 'right is missing'],
  ])('has npm bring them once: %s was there', (_, prepare, why) => {
    prepare();
    checkout.program('npm', NPM);
    const first = checkout.start();
    expect(first).toMatchObject({ code: 0, started: { args: [] }, calls: CI });
    expect(first.said).toEqual([`Installing 3 packages (${why}) …`, expect.stringMatching(/^Installed in \d+ s\.$/)]);
    expect(checkout.start()).toMatchObject({ code: 0, said: [], calls: CI });
  });

  test.each([
    ['npm error code ENOTFOUND\nnpm error network request to https://registry.npmjs.org failed', 1],
    ['nothing that npm is known to say', 3],
  ])('says why npm could not bring them, and starts nothing: %s', (words, code) => {
    checkout.program('npm', `printf '%s\\n' '${words}' >&2; exit ${code}`);
    const { said, ...outcome } = checkout.start();
    expect(outcome).toEqual({ code: 69, started: undefined, calls: CI });
    expect(said.slice(1)).toEqual([
      `WITAN_ERR_DEPENDENCY: npm ci failed with exit code ${code}:`,
      ...words.split('\n'),
    ]);
  });

  test('says that there is no npm', () => {
    const { code, said } = checkout.start();
    expect(code).toBe(69);
    expect(said.slice(1)).toEqual(['WITAN_ERR_DEPENDENCY: npm ci failed with exit code 127:', 'spawn npm ENOENT']);
  });

  test('says that the checkout is not whole', () => {
    checkout.write('package-lock.json', '{');
    expect(checkout.start()).toMatchObject({
      code: 69,
      said: ['WITAN_ERR_DEPENDENCY: package-lock.json is missing or unreadable: this is not a whole checkout.'],
    });
  });
});

describe('npm start under another Node', () => {
  test.each(['18.20.8', '8.17.0'])('%s is too old, which is all that is said', (version) => {
    expect(checkout.start([], asNode(version))).toEqual({
      code: 69,
      started: undefined,
      said: [`Witan needs Node 20 or newer to start, this is v${version}. See https://nodejs.org/en/download`],
      calls: [],
    });
  });

  test('20 has npm bring the one that runs it, also where npm runs no scripts of packages', () => {
    checkout.program('nats-server');
    checkout.write(
      'depot/installArchSpecificPackage.js',
      `require('node:fs').mkdirSync('bin'); require('node:fs').symlinkSync(process.execPath, 'bin/node');`,
    );
    checkout.program('npm', `${NPM}; mkdir -p node_modules/node; cp depot/*.js node_modules/node/`);
    const { said, ...outcome } = checkout.start(['--fresh'], asNode('20.0.0'));
    expect(outcome).toMatchObject({ code: 0, started: { args: ['--fresh'] } });
    expect(said).toHaveLength(2);
  });

  test('20 alone is not enough, which is said', () => {
    checkout.program('nats-server');
    checkout.program('npm', NPM);
    const { code, said } = checkout.start([], asNode('20.0.0'));
    expect(code).toBe(69);
    expect(said.at(-1)).toMatch(
      /^WITAN_ERR_DEPENDENCY: the pinned Node 24 could not be installed for .*\. Install Node 24 yourself and run this again\.$/,
    );
  });
});

describe('npm start without nats-server', () => {
  const INSTALL = 'apt-get install -y --no-install-recommends nats-server';
  /** Has the package, or has it only when it has been told to look what there is, as on a new machine. */
  const aptGet = (knowsIt = true) => {
    const server = checkout.program('nats-server');
    const install = `[ "$DEBIAN_FRONTEND" = noninteractive ] && ln -s '${checkout.stow('nats-server')}' '${server}'`;
    const absent = "{ echo 'E: Unable to locate package nats-server'; exit 100; }";
    checkout.program(
      'apt-get',
      `case "$1" in update) : > lists ;; *) [ ${knowsIt ? '-n x' : '-f lists'} ] || ${absent}; ${install} ;; esac`,
    );
    return server;
  };

  beforeEach(() => checkout.has(checkout.packages));

  test('as root has apt-get bring it, once', () => {
    const natsServer = aptGet();
    const outcome = { code: 0, started: { natsServer, args: [] }, calls: [INSTALL] };
    expect(checkout.start([], ROOT)).toEqual({ ...outcome, said: ['Installing nats-server with apt-get …'] });
    expect(checkout.start([], ROOT)).toEqual({ ...outcome, said: [] });
  });

  test('has apt-get look for packages first where it knows none', () => {
    const natsServer = aptGet(false);
    expect(checkout.start([], ROOT)).toEqual({
      code: 0,
      started: { natsServer, args: [] },
      calls: [INSTALL, 'apt-get update', INSTALL],
      said: ['Installing nats-server with apt-get …'],
    });
  });

  test('as another user has apt-get bring it where sudo asks for no password', () => {
    const natsServer = aptGet();
    checkout.program('sudo', 'shift; exec "$@"');
    checkout.program('true');
    const { calls, ...outcome } = checkout.start([], PERSON);
    expect(outcome).toMatchObject({ code: 0, started: { natsServer } });
    expect(calls.at(-1)).toBe(INSTALL);
  });

  test.each<[string, string[], string]>([
    ['as root', ROOT, ''],
    ['as another user, by sudo', PERSON, 'sudo -n '],
  ])('%s stops the server that came with the package, and that none starts with the machine', (_, user, by) => {
    aptGet();
    checkout.program('sudo', 'shift; exec "$@"');
    checkout.program('true');
    // Where systemd does not run, it fails; which is no failure of this.
    const programs = [
      checkout.program('systemctl', 'exit 1'),
      checkout.program('service'),
      checkout.program('update-rc.d'),
    ];
    const { code, said, calls } = checkout.start([], user);
    expect([code, said]).toEqual([0, ['Installing nats-server with apt-get …']]);
    const [systemctl, service, update] = programs;
    const stops = [
      `${systemctl} disable --now nats-server`,
      `${service} nats-server stop`,
      `${update} nats-server disable`,
    ];
    const bare = stops.map((call) => call.replace(/^.*\//, ''));
    const after = calls.slice(calls.lastIndexOf(INSTALL) + 1);
    expect(after).toEqual(by === '' ? bare : stops.flatMap((call, index) => [`${by}${call}`, bare[index]!]));
  });

  test.each<[string, string[], () => void]>([
    ['as another user without sudo', PERSON, () => aptGet()],
    ['as another user whose sudo asks for a password', PERSON, () => aptGet() && checkout.program('sudo', 'exit 1')],
    ['as root without apt-get', ROOT, () => {}],
  ])('%s says in one line what to install', (_, user, prepare) => {
    prepare();
    const { calls, ...outcome } = checkout.start([], user);
    expect(outcome).toEqual({ code: 69, started: undefined, said: [expect.stringMatching(NO_NATS)] });
    expect(calls.join()).not.toContain('apt-get');
  });

  test('says so as well where apt-get cannot bring it, with the reason of that', () => {
    checkout.program(
      'apt-get',
      "echo 'Reading package lists...'; echo 'E: Unable to locate package nats-server'; exit 100",
    );
    expect(checkout.start([], ROOT)).toEqual({
      code: 69,
      started: undefined,
      calls: [INSTALL, 'apt-get update', INSTALL],
      said: [
        'Installing nats-server with apt-get …',
        '  apt-get install nats-server failed: E: Unable to locate package nats-server',
        expect.stringMatching(NO_NATS),
      ],
    });
  });

  test('gives its help all the same', () => {
    expect(checkout.start(['--help'], PERSON)).toMatchObject({ code: 0, started: { args: ['--help'] }, said: [] });
  });
});
