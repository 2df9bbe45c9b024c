import { forms } from '@witan/dkg';
import { isWitanError } from '@witan/errors';
import { forms as sectionForms } from '@witan/section';
import { decode } from '@witan/wire';
import { readStatement, saidIn } from '../statement.ts';
import type { MakeChecker } from './checker.ts';

/** In one place an honest node says one thing, whatever crashes: broadcast, or passed on by those who heard it. */
export const repeatChecker: MakeChecker = ({ world, isHonest, violated }) => {
  const said = new Map<string, string>();
  const seen = new WeakSet<Uint8Array>();

  const check = (raw: Uint8Array) => {
    const statement = readStatement(raw);
    if (!statement) return;
    const author = world.nodeOf(statement.author);
    if (!author || !isHonest(author)) return;
    for (const [slot, content] of saidIn(statement)) {
      const place = `${author.label} ${slot}`;
      const first = said.get(place);
      if (first === undefined) said.set(place, content);
      else if (first !== content) violated('said-once', author.label, `${statement.what} in ${slot}`);
    }
  };

  return {
    sends: (node, { form, about, bytes }) => {
      if (!node || !isHonest(node) || seen.has(bytes)) return;
      seen.add(bytes);
      if (form === 'broadcast') check(bytes);
      else if (form === 'answer') for (const item of answerItems(about, bytes)) check(item);
    },
  };
};

/** Signed messages that an answer of anti-entropy passes on. */
export function answerItems(verb: string, answer: Uint8Array): readonly Uint8Array[] {
  try {
    if (verb === 'ae.dkg') return decode(forms.answerCodec, answer).items;
    if (verb === 'ae.section') return decode(sectionForms.answerCodec, answer).ballots;
    return [];
  } catch (error) {
    if (isWitanError(error)) return [];
    throw error;
  }
}
