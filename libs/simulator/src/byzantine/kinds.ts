/** What a Byzantine node may do, and what for. */
export const LIE_KINDS = {
  'wrong-share': 'deals some a share that is not the one committed to',
  'garbage-share': 'deals some what nobody can open',
  'invalid-message': 'breaks the form: points that are none, wrong counts, indices of nobody',
  'false-complaint': 'accuses honest dealers',
  'false-justification': 'shows something else than what was asked for',
  'no-justification': 'does not answer its accusers',
  'false-commitment': 'commits to another polynomial',
  'crafted-commitment': 'commits to a polynomial that fits the shares of some, and of some only',
  'cancelling-commitment': 'commits to a polynomial whose error another liar’s cancels',
  'bad-signature-share': 'signs the transcript with another key, or another transcript',
  'false-opening': 'opens a wrong share, or right ones that nobody asked for',
  'two-messages': 'tells some one thing and others another',
  'two-votes': 'votes for one thing before some and for another before others',
  'two-proposals': 'proposes one thing to some and another to others, whether or not it leads',
  silence: 'says nothing of some kinds, or nothing at all',
  'silence-to-some': 'says nothing to some',
  garbage: 'sends bytes that are nothing',
  replay: 'says again what others, or it, said elsewhere and before',
  'no-answer': 'answers no question',
  'empty-answer': 'answers with nothing, and says that there is more',
  'endless-answer': 'answers with the same things for ever',
  'luring-answer': 'answers with new votes of its own in ever later views, and says that there is more',
  'false-answer': 'answers with things that are none: forged closes and decisions, bytes of another kind',
  lure: 'asks as if it were phases ahead, so that others ask it',
  flood: 'asks more often than anybody needs to',
  echo: 'puts the questions of others to everyone else, over and over',
  boast: 'claims decisions that do not exist',
  sybil: 'asks for the admission of nodes that are none',
} as const;

export type LieKind = keyof typeof LIE_KINDS;
export const LIES = Object.keys(LIE_KINDS) as readonly LieKind[];
