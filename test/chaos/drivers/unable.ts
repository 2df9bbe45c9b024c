import type { Ability, Part, World } from '../world.ts';

/** What a driver cannot do: experiments that need it are never run with it, so that a call is a defect. */
function cannot(ability: Ability): never {
  throw new Error(`this driver has not the ability ${ability}`);
}

type Deeds = Omit<
  World,
  | 'title'
  | 'abilities'
  | 'revivesItself'
  | 'nodes'
  | 'elders'
  | 'start'
  | 'stop'
  | 'parts'
  | 'partOf'
  | 'unready'
  | 'urls'
  | 'complaints'
  | 'settings'
  | 'writeLogs'
>;

/** What drivers begin with: they put in what they can do. */
export class Unable implements Deeds {
  async kill(_parts: readonly Part[]): Promise<void> {
    cannot('kill');
  }

  async keepDown(_parts: readonly Part[]): Promise<void> {
    cannot('keep-down');
  }

  async revive(_parts: readonly Part[]): Promise<void> {}

  async restart(_part: Part): Promise<void> {
    cannot('restart');
  }

  async pause(_parts: readonly Part[]): Promise<void> {
    cannot('pause');
  }

  async resume(_parts: readonly Part[]): Promise<void> {}

  async cut(_parts: readonly Part[], _way: Parameters<World['cut']>[1]): Promise<void> {
    cannot('cut');
  }

  async disturb(_parts: readonly Part[], _how: Parameters<World['disturb']>[1]): Promise<void> {
    cannot('disturb');
  }

  async mend(_parts: readonly Part[]): Promise<void> {}

  fillable(): readonly Part[] {
    return [];
  }

  async fillDisk(_parts: readonly Part[]): Promise<void> {
    cannot('fill-disk');
  }

  async withoutRoom(_parts: readonly Part[]): Promise<readonly string[]> {
    return [];
  }

  async clearDisk(_parts: readonly Part[]): Promise<void> {}

  async jumpClock(_parts: readonly Part[], _byMs: number): Promise<void> {
    cannot('jump-clock');
  }

  async rollBack(): Promise<void> {}

  async upgrade(_signal: AbortSignal): Promise<void> {
    cannot('upgrade');
  }
}
