import { PHASES, type PhaseName } from '@witan/dkg';
import type { Policy } from '@witan/section';
import type { SimNode } from '../world.ts';
import { isDetails } from './log.ts';
import { type Command, parseScenario, printScenario } from './parse.ts';
import { type Goal, type Moment, Stage } from './stage.ts';

/** Plays a scenario file, and gives it back with what it prints in the place of what was expected. */
export function playScenario(text: string): string {
  const player = new Player();
  const blocks = parseScenario(text).map((block) => ({ ...block, printed: player.play(block.commands) }));
  return printScenario(blocks);
}

type Act = (command: Command) => string[] | undefined;

class Player {
  #stage: Stage | undefined;

  play(commands: readonly Command[]): string[] {
    const printed: string[] = [];
    for (const command of commands) {
      const act = this.#acts[command.verb];
      if (!act) throw new Error(`no command ${command.verb}: ${command.text}`);
      const said = act(command) ?? [];
      printed.push(...(this.#stage?.log.take() ?? []), ...said);
    }
    return printed.length === 0 ? ['ok'] : printed;
  }

  readonly #acts: Readonly<Record<string, Act>> = {
    section: ({ options }) => {
      const nodes = Number(options.get('nodes') ?? 4);
      this.#stage = new Stage({
        nodes,
        elders: Number(options.get('elders') ?? nodes),
        seed: Number(options.get('seed') ?? 1),
        policy: policyOf(options),
      });
      return [`${nodes} members, 1 elder`];
    },
    details: ({ words }) => {
      const [details = 'on'] = words;
      if (!isDetails(details)) throw new Error(`no details ${details}`);
      this.#here.log.details = details;
      return undefined;
    },
    lose: (command) => this.#addRule(command, 'lose'),
    late: (command) => this.#addRule(command, Number(command.options.get('ms'))),
    cut: ({ options }) => {
      for (const from of this.#nodes(options.get('from')) ?? this.#here.world.nodes) {
        for (const to of this.#nodes(options.get('to')) ?? this.#here.world.nodes) {
          this.#here.world.network.cut(from.name, to.name);
        }
      }
      return undefined;
    },
    heal: () => {
      const { network } = this.#here.world;
      const { weather } = network;
      network.heal();
      network.weather = weather;
      this.#here.forgetRules();
      return undefined;
    },
    lie: ({ words, options }) => {
      const [label, kind] = words;
      this.#here.lie(this.#here.node(label!), kind!, options.get('about'), this.#nodes(options.get('to')));
      return undefined;
    },
    coordinator: ({ words }) => {
      this.#here.startCoordinator(words[0] === 'lying');
      return undefined;
    },
    kill: ({ words, options }) => {
      const keep = options.get('unsynced') !== 'lost';
      const moment = readMoment(options);
      for (const process of this.#processes(words[0]!)) {
        if (moment) this.#here.killWhen(process, moment, keep);
        else this.#here.kill(process, keep);
      }
      return undefined;
    },
    restart: ({ words }) => {
      for (const process of this.#processes(words[0]!)) this.#here.start(process);
      return undefined;
    },
    run: ({ options }) => {
      const ms = optionalNumber(options.get('ms'));
      this.#here.run(options.get('until') as Goal | undefined, ms);
      return undefined;
    },
    replay: ({ words }) => [`${this.#here.replay(words[0])} messages said again`],
    show: () => this.#here.describe(),
  };

  get #here(): Stage {
    if (!this.#stage) throw new Error('a scenario begins with a section');
    return this.#stage;
  }

  /** `n1,c0` */
  #processes(labels: string) {
    return labels.split(',').map((label) => this.#here.process(label));
  }

  /** `n1,n3` */
  #nodes(labels: string | undefined): readonly SimNode[] | undefined {
    return labels?.split(',').map((label) => this.#here.node(label));
  }

  #addRule({ words, options }: Command, ruling: 'lose' | number): undefined {
    this.#here.addRule(
      {
        what: words[0],
        phase: options.get('phase'),
        view: optionalNumber(options.get('view')),
        from: this.#nodes(options.get('from')),
        to: this.#nodes(options.get('to')),
        times: optionalNumber(options.get('times')) ?? Number.POSITIVE_INFINITY,
      },
      ruling,
    );
  }
}

function readMoment(options: ReadonlyMap<string, string>): Moment | undefined {
  const [sends, enters, writes] = [options.get('sends'), options.get('enters'), options.get('writes')];
  const of = options.get('phase');
  if (sends !== undefined) return of === undefined ? { sends } : { sends, phase: phase(of) };
  if (enters !== undefined) return { enters: phase(enters) };
  return writes === undefined ? undefined : { writes: phase(writes) };
}

function phase(text: string): PhaseName {
  const found = PHASES.find((name) => name === text);
  if (!found) throw new Error(`no phase ${text}`);
  return found;
}

const POLICY_OPTIONS = {
  'absent-ms': 'absentAfterMs',
  'retry-ms': 'retryAfterMs',
  'rekey-ms': 'rekeyAfterMs',
} as const satisfies Record<string, keyof Policy>;

function policyOf(options: ReadonlyMap<string, string>): Partial<Policy> {
  const given = Object.entries(POLICY_OPTIONS).filter(([name]) => options.has(name));
  return Object.fromEntries(given.map(([name, field]) => [field, Number(options.get(name))]));
}

function optionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
