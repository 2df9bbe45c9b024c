import { writeFileSync } from 'node:fs';
import { type Profiler as Protocol, Session } from 'node:inspector/promises';

const INTERVAL_US = 100;

/** A V8 CPU profile of this process that keeps only the samples between `begin` and `end`. */
export class Profiler {
  readonly #inspector = new Session();
  readonly #windows: { readonly fromUs: number; toUs: number }[] = [];

  static async start(): Promise<Profiler> {
    const profiler = new Profiler();
    profiler.#inspector.connect();
    await profiler.#inspector.post('Profiler.enable');
    await profiler.#inspector.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
    await profiler.#inspector.post('Profiler.start');
    return profiler;
  }

  begin(): void {
    this.#windows.push({ fromUs: nowUs(), toUs: Number.POSITIVE_INFINITY });
  }

  end(): void {
    const open = this.#windows.at(-1);
    if (open) open.toUs = nowUs();
  }

  async write(file: string): Promise<void> {
    const { profile } = await this.#inspector.post('Profiler.stop');
    this.#inspector.disconnect();
    writeFileSync(file, JSON.stringify(this.#cut(profile)));
  }

  #cut(profile: Protocol.Profile): Protocol.Profile {
    const samples: number[] = [];
    const timeDeltas: number[] = [];
    let atUs = profile.startTime;
    profile.samples?.forEach((sample, index) => {
      const deltaUs = profile.timeDeltas?.[index] ?? 0;
      atUs += deltaUs;
      if (!this.#windows.some(({ fromUs, toUs }) => fromUs <= atUs && atUs <= toUs)) return;
      samples.push(sample);
      timeDeltas.push(deltaUs);
    });
    return { ...profile, samples, timeDeltas };
  }
}

/** On the clock that V8 stamps its samples with. */
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
