import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readTls, type TlsMaterial, type TlsPaths } from './material.ts';

export interface TlsWatch {
  /** How often the files are looked at. Looking works where watching does not: volumes of Secrets are swapped by links. */
  readonly everyMs: number;
  /**
   * They have changed and are well-formed. A promise is waited for before they are looked at again; whoever cannot use
   * them yet throws, and is called with each look until it can.
   */
  readonly onChange: (material: TlsMaterial) => void | Promise<void>;
  /** They have changed and are not, or `onChange` has thrown; the same is said once for each state that they are in. */
  readonly onError: (error: unknown) => void;
}

/**
 * Tells when certificates or keys are replaced. A pair of which one file has been replaced so far is an error for a
 * moment only: nothing is said before it is so twice.
 *
 * @returns ends it
 */
export function watchTls(paths: TlsPaths, { everyMs, onChange, onError }: TlsWatch): () => void {
  let used = digest(paths);
  let failedAt: string | undefined;
  let said: string | undefined;
  let isBusy = false;
  const look = async (): Promise<void> => {
    const now = digest(paths);
    if (now === used || isBusy) return;
    isBusy = true;
    let isWellFormed = false;
    try {
      const material = readTls(paths);
      isWellFormed = true;
      await onChange(material);
      used = now;
    } catch (error) {
      const saying = `${now} ${error}`;
      if ((isWellFormed || failedAt === now) && saying !== said) {
        said = saying;
        onError(error);
      }
      failedAt = now;
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  return () => clearInterval(timer);
}

function digest({ caFile, certFile, keyFile }: TlsPaths): string {
  const hash = createHash('sha256');
  for (const file of [caFile, certFile, keyFile]) hash.update(`${contentOf(file)}\0`);
  return hash.digest('hex');
}

function contentOf(file: string | undefined): string {
  if (file === undefined) return '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
