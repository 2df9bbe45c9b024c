import type { WitanEvent } from '@witan/api';
import { duration, names, plural, short, words } from './format.ts';
import type { Style } from './style.ts';

/** One event in one line, without its time. Nothing for an event that would only be noise beside the others. */
export function eventLine(event: WitanEvent, { colours }: Style): string | undefined {
  const { type, data } = event;
  switch (type) {
    case 'dkg.started':
      return `${dkg(data.session)} ${colours.bold('started')}: ${plural(data.participants.length, 'participant')}, ${data.threshold} needed, attempt ${data.attempt}`;
    case 'dkg.phase':
      return `${dkg(data.session)} ${data.phase} began${data.expected === 0 ? '' : `, expects ${plural(data.expected, 'message')}`}`;
    case 'dkg.message':
      return undefined;
    case 'dkg.closed': {
      const view = data.view > 0 ? `, view ${data.view}` : '';
      return `${dkg(data.session)} ${data.phase} closed with ${plural(data.included.length, 'message')} in ${duration(data.durationMs)}${view}`;
    }
    case 'dkg.repaired':
      return `${dkg(data.session)} ${colours.cyan('repaired')}: ${short(data.node)} got ${plural(data.recovered, 'message')} (${words(data.reason)})`;
    case 'dkg.blamed':
      return `${dkg(data.session)} ${colours.red('blamed')}: ${short(data.node)} for ${words(data.reason)} in ${data.phase}`;
    case 'dkg.stalled':
      return `${dkg(data.session)} ${colours.yellow('stalled')} in ${data.phase}: waits for ${names(data.waitingOn)}`;
    case 'dkg.done':
      return `${dkg(data.session)} ${colours.green('done')} in ${duration(data.durationMs)}: key ${short(data.resultKey)}`;
    case 'dkg.failed':
      return `${dkg(data.session)} ${colours.red('failed')} in ${data.phase}: ${words(data.reason)}`;
    case 'decision':
      return `section ${data.prefix} decided generation ${data.generation}: ${words(data.kind)}`;
    case 'membership':
      return `node ${short(data.node)} ${CHANGES[data.change]} section ${data.prefix}, age ${data.age}`;
    case 'handover':
      return `section ${data.prefix} ${colours.green('handed over')} to key ${short(data.key)}, link ${data.index}`;
    case 'heartbeat':
      return data.live
        ? `node ${short(data.node)} is heard of`
        : `node ${short(data.node)} ${colours.yellow('is not heard of')}`;
    case 'reset':
      return colours.yellow('some events were missed');
  }
}

const CHANGES = {
  joined: 'joined',
  left: 'left',
  relocated: 'was relocated from',
  promoted: 'became an elder of',
  demoted: 'is no longer an elder of',
} as const;

function dkg(session: string): string {
  return `DKG ${short(session)}`;
}
