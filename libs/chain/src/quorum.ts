/** floor(2n/3) + 1: two such groups share more members than may lie. */
export function supermajority(members: number): number {
  return Math.floor((2 * members) / 3) + 1;
}

/** How many members may lie or be missing. */
export function tolerated(members: number): number {
  return members - supermajority(members);
}
