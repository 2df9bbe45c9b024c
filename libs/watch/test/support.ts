import {
  certificateMessage,
  decisionHash,
  encodeCertified,
  encodeDecision,
  openCertified,
  supermajority,
} from '@witan/chain';
import { encodeG1, Identity, keyPair, scalarFromHash, sha256, signShare } from '@witan/crypto';
import { openSession, type Session } from '@witan/dkg';
import { createLogger, RecordingMeter } from '@witan/observability';
import { networkTag } from '@witan/wire';

const utf8 = (text: string) => new Uint8Array(Buffer.from(text));
const GENESIS = keyPair(scalarFromHash(utf8('genesis'), 'watch-tests'));

export const NODES = Array.from({ length: 4 }, (_, i) => Identity.fromSeed(sha256(utf8(`node ${i}`)))).sort((a, b) =>
  a.name < b.name ? -1 : 1,
);

/** A session of so many, which every generation makes another one. */
export function makeSession(generation = 2, size = 3): Session {
  const decision = encodeDecision({
    network: networkTag('watch-tests'),
    prefix: '',
    generation,
    parent: sha256(utf8('before')),
    action: {
      type: 'dkg',
      chainLength: 1,
      participants: NODES.slice(0, size).map((each) => each.publicKey),
      threshold: supermajority(size),
      attempt: 0,
    },
  });
  const signature = signShare(GENESIS.secret, certificateMessage(decisionHash(decision), 0));
  return openSession(openCertified(encodeCertified(decision, 0, signature), encodeG1(GENESIS.publicKey)));
}

export interface Line {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** A meter, and a logger whose lines are kept. */
export function instruments() {
  const lines: Line[] = [];
  const log = createLogger({
    service: 'test',
    level: 'debug',
    write: (line) => void lines.push(JSON.parse(line) as Line),
  });
  return { meter: new RecordingMeter(), log, lines };
}
