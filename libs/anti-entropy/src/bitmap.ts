/** What a peer has, said in few bytes: bit `i` is member `i`, lowest bit first. */
export function toBitmap(members: readonly number[]): Uint8Array {
  const out = new Uint8Array(members.length === 0 ? 0 : (Math.max(...members) >> 3) + 1);
  for (const member of members) if (member >= 0) out[member >> 3]! |= 1 << (member & 7);
  return out;
}

export function inBitmap(map: Uint8Array, member: number): boolean {
  return ((map[member >> 3] ?? 0) & (1 << (member & 7))) !== 0;
}
