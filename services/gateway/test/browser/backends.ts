import type { Elder, Network, Node, Section, Session } from '@witan/api';
import { WitanError } from '@witan/errors';
import { hex } from '../fake/bytes.ts';
import { FakeBackend } from '../fake-backend.ts';

/** The gateway is up and has nothing to tell yet. */
export class UnreadyBackend extends FakeBackend {
  override network(): Network {
    throw new WitanError('WITAN_ERR_NOT_READY', 'No answer from the bus yet.');
  }
}

/** A network in which no node has made a section. */
export class EmptyBackend extends FakeBackend {
  override network(): Network {
    return { ...super.network(), sections: [] };
  }

  override nodes(): Node[] {
    return [];
  }

  override sessions(): Session[] {
    return [];
  }
}

/** A name that would be markup if it were not escaped. */
export class HostileBackend extends FakeBackend {
  override network(): Network {
    return { ...super.network(), network: '<img src=x onerror="document.title=`taken`">' };
  }
}

const MANY = 31;
const FEW_AGES = 40;

/** 31 elders, 60 adults, and a session of the 31 in which four are silent. */
export class ManyBackend extends FakeBackend {
  readonly #names = Array.from({ length: MANY }, (_, index) => hex(`many ${index}`, 32)).sort();

  override section(prefix: string): Section {
    const elders = this.#names.map((name, index): Elder => {
      const here = index % 9 !== 4;
      return { name, index, age: FEW_AGES - index, publicKeyShare: hex(name, 48), live: here, usableShare: here };
    });
    const members = elders.map(({ name, age }) => ({ name, age, elder: true }));
    return { ...super.section(prefix), threshold: 21, elders, members };
  }

  override nodes(): Node[] {
    const adults = Array.from({ length: 60 }, (_, index) => hex(`adult ${index}`, 32));
    return [...this.#names, ...adults].map((name, index) => ({
      name,
      age: Math.max(4, FEW_AGES - index),
      state: 'joined',
      roles: index < MANY ? ['adult', 'elder'] : ['adult'],
      section: 'root',
      lastSeen: new Date(this.world.now()).toISOString(),
      reachable: index >= MANY || index % 9 !== 4,
    }));
  }

  override sessions(): Session[] {
    return super.sessions().map((session) => {
      if (session.state !== 'done' || session.attempt !== 0 || session.participants.length !== 7) return session;
      return this.#widened(session);
    });
  }

  /** The same session with 31 in place of 7: the ninth parts of them are silent. */
  #widened(session: Session): Session {
    const heard = this.#names.filter((_, index) => index % 9 !== 4);
    const phases = session.phases.map((phase) => {
      if (phase.expected < 2 || phase.startedAt === null) return phase;
      const [start, length] = [Date.parse(phase.startedAt), phase.durationMs ?? 0];
      const messages = heard.map((from, index) => ({
        from,
        at: new Date(start + Math.round((length * ((index * 7) % 27)) / 27)).toISOString(),
        hash: hex(`${from} ${phase.name}`, 32),
      }));
      const close = phase.close && { view: 1, included: heard };
      return { ...phase, expected: MANY, received: heard.length, messages, close, closeView: close ? 1 : null };
    });
    const participants = this.#names.map((name, index) => ({ name, index }));
    return { ...session, participants, phases, threshold: 21, blame: [], repairs: [] };
  }
}
