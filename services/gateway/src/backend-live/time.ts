export function timeOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : time(ms);
}

/** As the API has it. */
export function time(ms: number): string {
  return new Date(ms).toISOString();
}
