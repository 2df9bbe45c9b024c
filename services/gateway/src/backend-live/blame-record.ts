import type { Phase, Session } from '@witan/api';
import { sha256, toHex } from '@witan/crypto';
import { type BlameReason, type Session as DkgSession, proves } from '@witan/dkg';
import { Testimony } from './testimony.ts';

/** Of one participant in one session: an honest one shows far less, and a liar cannot fill the memory. */
const EVIDENCE_KEPT = 512 * 1024;

export interface Claim {
  readonly node: string;
  readonly reason: BlameReason;
  readonly phase: Phase;
  /** Base64url. */
  readonly evidence: readonly string[];
}

interface Version {
  readonly evidence: readonly string[];
  readonly told: Testimony<null>;
  isProven: boolean;
}

interface Case extends Omit<Claim, 'evidence'> {
  readonly versions: Map<string, Version>;
  readonly told: Testimony<null>;
}

/** Who is blamed in a session, and by whom. Believed is what enough participants say, or what is proven by itself. */
export class BlameRecord {
  readonly #session: DkgSession;
  readonly #network: Uint8Array;
  readonly #cases = new Map<string, Case>();
  readonly #keptOf = new Map<string, number>();
  #publicKeyShares: readonly Uint8Array[] | undefined;

  constructor(session: DkgSession, network: Uint8Array) {
    this.#session = session;
    this.#network = network;
  }

  tell(by: string, atMs: number, claim: Claim): void {
    const { node, reason, phase } = claim;
    if (!this.#session.indexOf.has(node)) return;
    const name = `${node} ${reason} ${phase}`;
    const found = this.#cases.get(name) ?? { node, reason, phase, versions: new Map(), told: new Testimony<null>() };
    if (found.told.isHeardFrom(by)) return;
    this.#cases.set(name, found);
    found.told.tell(by, atMs, null);
    const evidence = this.#kept(by, claim.evidence);
    const key = toHex(sha256(new TextEncoder().encode(evidence.join())));
    const version = found.versions.get(key) ?? { evidence, told: new Testimony<null>(), isProven: false };
    if (!found.versions.has(key)) version.isProven = this.#proves(found, version);
    found.versions.set(key, version);
    version.told.tell(by, atMs, null);
  }

  /** The key of the session is in use: what its shares show can be proven now. */
  keyIsKnown(publicKeyShares: readonly Uint8Array[]): void {
    this.#publicKeyShares = publicKeyShares;
    for (const each of this.#cases.values()) {
      for (const version of each.versions.values()) version.isProven ||= this.#proves(each, version);
    }
  }

  believed(enough: number): Session['blame'] {
    return [...this.#cases.values()].flatMap(({ node, reason, phase, versions, told }) => {
      const shown = [...versions.values()].sort(
        (a, b) => Number(b.isProven) - Number(a.isProven) || b.told.witnesses - a.told.witnesses,
      )[0];
      if (!shown || !(shown.isProven || told.isBelieved(enough))) return [];
      return [{ node, reason, phase, evidence: [...shown.evidence] }];
    });
  }

  #proves({ node, reason }: Case, { evidence }: Version): boolean {
    const bytes = evidence.map((each) => new Uint8Array(Buffer.from(each, 'base64url')));
    return proves(this.#session, this.#network, { node, reason, evidence: bytes }, this.#publicKeyShares);
  }

  #kept(by: string, evidence: readonly string[]): readonly string[] {
    const size = evidence.reduce((sum, each) => sum + each.length, 0) + (this.#keptOf.get(by) ?? 0);
    if (size > EVIDENCE_KEPT) return [];
    this.#keptOf.set(by, size);
    return evidence;
  }
}
