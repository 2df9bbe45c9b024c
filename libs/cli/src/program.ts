import { Command, InvalidArgumentError, Option } from 'commander';
import { CHAOS_DEFAULTS as standard } from './chaos-defaults.ts';
import type { Io } from './io.ts';

/** What every command gets: the global options and its own. */
export interface GlobalOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly timeout?: number;
}

/** A command ends with the exit code that says what it found; nothing is 0. */
type Action = (...args: never[]) => Promise<number | undefined>;

/**
 * The commands with their options and help. What they do is loaded when one of them runs.
 *
 * @param isSilent what is wrong with a command line is not written: whoever runs it tells it
 */
export function buildProgram(io: Io, setExit: (code: number) => void, isSilent = false): Command {
  const act =
    (action: Action) =>
    async (...args: unknown[]) => {
      const command = args.pop() as Command;
      args[args.length - 1] = command.optsWithGlobals();
      setExit((await (action as (...args: unknown[]) => Promise<number | undefined>)(...args)) ?? 0);
    };
  const program = new Command('witan')
    .description('Looks at a Witan network, has it sign, and checks what it signed without asking anybody.')
    .option('--url <address>', 'the gateway (default: WITAN_URL, else the cluster in .witan/, else port 8080 here)')
    .option('--json', 'JSON for programs in place of tables and colours')
    .option('--timeout <seconds>', 'how long to wait for an answer', positiveNumber)
    .version('0.1.0', '--version', 'the version of this program')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.output.write(text),
      writeErr: (text) => {
        if (!isSilent) io.errors.write(text);
      },
      getOutHasColors: () => io.style.colours.isColorSupported,
      getErrHasColors: () => io.errorStyle.colours.isColorSupported,
      ...(io.output.columns !== undefined && { getOutHelpWidth: () => io.output.columns! }),
    })
    .addHelpText(
      'after',
      examples('witan status', 'witan dkg watch', 'witan attest report.pdf --out report.proof.json'),
    );

  program
    .command('status')
    .description('How the section is: key, elders, who is missing, the DKG session that runs')
    .addHelpText('after', examples('witan status', 'witan status --json | jq .sections[0].health'))
    .addHelpText('after', '\nEnds with 5 when too few elders are there for the section to sign.')
    .action(act(async (options: never) => (await import('./commands/status.ts')).status(io, options)));

  program
    .command('nodes')
    .description('The nodes of the network, or one of them')
    .argument('[name]', 'a name or the start of one')
    .addOption(new Option('--role <role>', 'only these').choices(['adult', 'candidate', 'elder']))
    .addOption(new Option('--state <state>', 'only these').choices(['joining', 'joined', 'left', 'relocated']))
    .option('--unreachable', 'only those that are not heard of')
    .addHelpText('after', examples('witan nodes --role elder', 'witan nodes --unreachable', 'witan nodes 3fa9'))
    .action(act(async (name: never, options: never) => (await import('./commands/nodes.ts')).nodes(io, name, options)));

  addChain(program, io, act);
  addDkg(program, io, act);
  addProofs(program, io, act);
  addChaos(program, io, act);

  program
    .command('errors')
    .description('What the WITAN_ERR_ codes mean, and what to do about them')
    .argument('[code]', 'one of them; WITAN_ERR_ and the case may be left out')
    .addHelpText('after', examples('witan errors', 'witan errors no_quorum'))
    .action(
      act(async (code: never, options: never) => (await import('./commands/errors.ts')).errors(io, code, options)),
    );

  program
    .command('completion')
    .description('A script that completes commands and options in a shell')
    .addArgument(program.createArgument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'source <(npx witan completion bash)',
        'witan completion zsh > "$fpath[1]/_witan"',
        'witan completion fish > ~/.config/fish/completions/witan.fish',
      ),
    )
    .action(
      act(async (shell: never) => {
        const { completionScript } = await import('./completion.ts');
        io.output.write(completionScript(program, shell));
        return 0;
      }),
    );
  return program;
}

const SEED_MAX = 2 ** 31;

type Act = (action: Action) => (...args: unknown[]) => Promise<void>;

function addChain(program: Command, io: Io, act: Act): void {
  const chain = program
    .command('chain')
    .description('The section chain: every key that the section ever had')
    .helpCommand(false);
  chain
    .command('show')
    .description('The links, from the genesis key to the current one')
    .option('--prefix <prefix>', 'which section', 'root')
    .option('--from <key>', 'only the links after this key: what proves the current key to one who trusts that')
    .addHelpText('after', examples('witan chain show', 'witan chain show --json > chain.json'))
    .action(act(async (options: never) => (await import('./commands/chain.ts')).showChain(io, options)));
  chain
    .command('verify')
    .description('Checks every link from the genesis key on; the gateway is not believed')
    .argument(
      '[file]',
      'a chain as `witan chain show --json` gives it, - for the standard input; else asks the gateway',
    )
    .addOption(genesisOption())
    .option('--prefix <prefix>', 'which section', 'root')
    .addHelpText('after', examples('witan chain verify --genesis $KEY', 'witan chain verify chain.json --genesis $KEY'))
    .action(
      act(async (file: never, options: never) =>
        (await import('./commands/chain.ts')).verifyChainOf(io, file, options),
      ),
    );
}

function addDkg(program: Command, io: Io, act: Act): void {
  const dkg = program
    .command('dkg')
    .description('Distributed key generation, as it runs and as it went')
    .helpCommand(false);
  dkg
    .command('list')
    .description('The sessions, newest first')
    .addOption(new Option('--state <state>', 'only these').choices(['running', 'stalled', 'done', 'failed']))
    .option('--limit <count>', 'at most so many', positiveInteger, 20)
    .addHelpText('after', examples('witan dkg list', 'witan dkg list --state failed'))
    .action(act(async (options: never) => (await import('./commands/dkg.ts')).listSessions(io, options)));
  dkg
    .command('show')
    .description('One session: its phases, who sent what, repairs, blame')
    .argument('[session]', 'its id or the start of it; the newest when left out')
    .addHelpText('after', examples('witan dkg show', 'witan dkg show 4f2a91'))
    .action(act(async (id: never, options: never) => (await import('./commands/dkg.ts')).showSession(io, id, options)));
  dkg
    .command('watch')
    .description('Live: bars on a terminal, a line for each event elsewhere')
    .argument('[session]', 'its id or the start of it: ends with that session; else goes on until Ctrl-C')
    .addHelpText('after', examples('witan dkg watch', 'witan dkg watch | grep repaired', 'witan dkg watch --json'))
    .addHelpText(
      'after',
      '\nOf one session, ends with 0 when it made a key and with 5 when it failed; at Ctrl-C with 130.',
    )
    .action(act(async (id: never, options: never) => (await import('./commands/watch.ts')).watch(io, id, options)));
}

function addProofs(program: Command, io: Io, act: Act): void {
  program
    .command('attest')
    .description('Has the section sign a file; gives a proof bundle that verifies offline')
    .argument('<file>', 'what to sign, - for the standard input')
    .option('--context <text>', 'what the signature is for; signed with the file', '')
    .option('--out <file>', 'write the bundle there instead of to the standard output')
    .addOption(genesisOption())
    .addHelpText(
      'after',
      examples('witan attest report.pdf --out report.proof.json', 'witan attest - --context release < notes.txt'),
    )
    .addHelpText('after', '\nA gateway that wants an API key gets that of WITAN_API_KEY.')
    .action(
      act(async (file: never, options: never) => (await import('./commands/attest.ts')).attest(io, file, options)),
    );
  program
    .command('verify')
    .description('Checks a proof bundle offline: no network, no running cluster')
    .argument('<bundle>', 'the bundle, - for the standard input')
    .addOption(genesisOption())
    .option('--payload <file>', 'also check that this is what was signed')
    .addHelpText('after', examples('witan verify report.proof.json --genesis $KEY --payload report.pdf'))
    .addHelpText('after', '\nEnds with 0 when it holds; else the code says what does not: `witan errors` lists them.')
    .action(
      act(async (bundle: never, options: never) => (await import('./commands/verify.ts')).verify(io, bundle, options)),
    );
}

function addChaos(program: Command, io: Io, act: Act): void {
  const number = (flags: string, what: string, value?: number) =>
    new Option(flags, what).argParser(positiveInteger).default(value);
  program
    .command('chaos')
    .description('Breaks a network while clients use it, and judges what came of it; in a checkout only')
    .argument('[experiment...]', 'these; all that the driver can do when left out')
    .addOption(
      new Option(
        '--driver <driver>',
        'what is broken: a network of its own in processes or containers, or the one of a cluster',
      )
        .choices(['local', 'docker', 'kube'])
        .default('local'),
    )
    .addOption(
      number('--minutes <minutes>', 'each experiment once, and then as drawn, for so long; else each once, in order'),
    )
    .addOption(new Option('--seed <number>', 'repeats the drawing of another run').argParser(upTo(SEED_MAX)))
    .addOption(number('--nodes <count>', 'of a network of its own', standard.nodes))
    .addOption(number('--hold <seconds>', 'how long a fault lasts', standard.hold))
    .addOption(number('--clients <count>', 'who ask for attestations meanwhile', standard.clients))
    .addOption(number('--rate <count>', 'attestations that each asks for in a second', standard.rate))
    .option('--namespace <name>', 'of the network in the cluster of the current kubeconfig', standard.namespace)
    .option('--image <name>', 'in the cluster: what an upgrade rolls out, and back again')
    .option('--ca <file>', 'in the cluster: gateways take HTTPS alone, with certificates of this authority (PEM)')
    .option('--report <folder>', 'write a report there, as Markdown and HTML with plots')
    .option('--logs <folder>', 'write there what each part has logged')
    .option('--list', 'only name the experiments')
    .addHelpText(
      'after',
      examples('witan chaos kill-elder', 'witan chaos --minutes 10 --report chaos-report', 'witan chaos --driver kube'),
    )
    .addHelpText('after', '\nEnds with 0 when nothing happened that must never happen, else with 1.')
    .addHelpText('after', 'Gateways that want an API key get that of WITAN_API_KEY.')
    .action(
      act(async (names: never, options: never) => (await import('./commands/chaos.ts')).chaos(io, names, options)),
    );
}

function genesisOption(): Option {
  return new Option(
    '--genesis <key>',
    'genesis key of the network, hex: the only thing trusted (or WITAN_GENESIS_KEY)',
  );
}

/** As they can be typed where the program is not on the path. */
function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line.replace(/^witan /, 'npx witan ')}`).join('\n')}`;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 3600)) throw new InvalidArgumentError('A number of seconds from 0 to 3600.');
  return value;
}

function positiveInteger(text: string): number {
  return upTo(1000)(text);
}

function upTo(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(Number.isInteger(value) && value > 0 && value <= max)) {
      throw new InvalidArgumentError(`A number from 1 to ${max}.`);
    }
    return value;
  };
}
