/** Arguments that make Node take itself for another version: what a program does then, not what that version can do. */
export function asNode(version: string): string[] {
  const pretend = `
    Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });
    Object.defineProperty(process, 'version', { value: 'v${version}' });`;
  return [`--import=data:text/javascript,${encodeURIComponent(pretend)}`];
}
