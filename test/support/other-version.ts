import { WIRE_VERSION } from '@witan/wire';
import type { ServiceKind } from './service-process.ts';

interface Change {
  /** What the address of the module ends with. */
  readonly module: string;
  readonly from: string;
  readonly to: string;
}

/** The environment in which a service runs with changed sources, as a service of another version would. */
export function changed(...changes: readonly Change[]): Record<string, string> {
  const code = `
    import { registerHooks } from 'node:module';
    const changes = ${JSON.stringify(changes)};
    registerHooks({
      load(url, context, next) {
        const loaded = next(url, context);
        const wanted = changes.filter(({ module }) => url.endsWith(module));
        if (wanted.length === 0) return loaded;
        let source = String(loaded.source);
        for (const { from, to } of wanted) {
          if (!source.includes(from)) throw new Error(url + ' has no ' + from);
          source = source.replace(from, to);
        }
        return { ...loaded, source };
      },
    });`;
  return { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}` };
}

/** A service of another release, with the same wire format. */
export function ofRelease(kind: ServiceKind, version: string): Record<string, string> {
  const before = kind === 'gateway' ? 'const VERSION = ' : 'version: ';
  const module = `/services/${kind}/src/service.ts`;
  return changed({ module, from: `${before}'0.1.0'`, to: `${before}'${version}'` });
}

/** A service that speaks the next wire format, and still understands this one. */
export function ofNextWireVersion(): Record<string, string> {
  const line = (version: number) => `export const WIRE_VERSION = ${version};`;
  return changed({ module: '/libs/wire/src/envelope.ts', from: line(WIRE_VERSION), to: line(WIRE_VERSION + 1) });
}
