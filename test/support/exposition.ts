/** One sample of a Prometheus exposition. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

type Labels = Readonly<Record<string, string>>;

/** What one scrape gave, for questions by name and labels. */
export class Scrape {
  readonly text: string;
  readonly #samples = new Map<string, Sample[]>();

  constructor(text: string) {
    this.text = text;
    for (const line of text.split('\n')) {
      const sample = line.startsWith('#') ? undefined : readSample(line);
      if (sample) this.#samples.set(sample.name, [...(this.#samples.get(sample.name) ?? []), sample]);
    }
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#samples.keys());
  }

  /** Samples of a metric whose labels include these. */
  find(name: string, labels: Labels = {}): readonly Sample[] {
    const wanted = Object.entries(labels);
    return (this.#samples.get(name) ?? []).filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Sum over all samples whose labels include these; undefined when there is none. */
  value(name: string, labels: Labels = {}): number | undefined {
    const found = this.find(name, labels);
    return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
  }
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

function readSample(line: string): Sample | undefined {
  const match = SAMPLE.exec(line);
  if (!match) return undefined;
  const [, name = '', labels = '', value = ''] = match;
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(LABEL)].map(([, label = '', text = '']) => [label, text])),
    value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value),
  };
}

/** @throws when nobody answers, or not with metrics */
export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${url}/metrics answered ${response.status}`);
  return new Scrape(await response.text());
}
