/** What `witan chaos` takes for what it is not told; those who write down a run leave it out. */
export const CHAOS_DEFAULTS = {
  nodes: 9,
  hold: 5,
  clients: 4,
  rate: 2,
  namespace: 'witan',
} as const;
