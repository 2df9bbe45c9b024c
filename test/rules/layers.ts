/**
 * Which library may import which: those of the lines above it, never one of its own line or below. A new library gets
 * its place here first.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ['errors'],
  ['tls'],
  ['api', 'bus', 'config', 'crypto', 'journal', 'observability'],
  ['anti-entropy', 'runtime', 'service', 'wire'],
  ['agreement', 'chain'],
  ['cli', 'dkg', 'section'],
  ['elder'],
  ['simulator', 'watch'],
];

/** Place of a library, counted from the bottom; services and the launcher stand above all. */
export function layerOf(lib: string): number {
  return LAYERS.findIndex((layer) => layer.includes(lib));
}
