import type { Section } from '@witan/api';
import { plural } from './format.ts';
import type { Style } from './style.ts';

export interface SectionHealth {
  readonly live: number;
  readonly usable: number;
  /** Usable shares beyond the threshold; negative when the section cannot sign. */
  readonly spare: number;
}

/** An elder counts as able to sign when it is live and says that it has its share. */
export function sectionHealth(section: Section): SectionHealth {
  const live = section.elders.filter((elder) => elder.live).length;
  const usable = section.elders.filter((elder) => elder.live && elder.usableShare).length;
  return { live, usable, spare: usable - section.threshold };
}

/** The line that one on call reads first. */
export function healthLine(section: Section, { colours }: Style): string {
  const { live, usable, spare } = sectionHealth(section);
  const elders = section.elders.length;
  const shares = usable === live ? '' : `, ${usable} with a usable share`;
  const facts = `${live} of ${plural(elders, 'elder')} live${shares}, ${section.threshold} needed`;
  if (spare < 0) return colours.red(`${facts}: ${-spare} too few, the section cannot sign`);
  if (spare === 0) return colours.yellow(`${facts}: none to spare`);
  return colours.green(`${facts}: ${spare} to spare`);
}
