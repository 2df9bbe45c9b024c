import { prefixName } from './json.ts';

/** Where a section speaks of something, below its net: `section.root.dkg.<session>`. A machine broadcasts there. */
export function sectionTopic(prefix: string, channel: string): string {
  return `section.${prefixName(prefix)}.${channel}`;
}
