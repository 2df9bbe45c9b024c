import pc from 'picocolors';

export type Colours = ReturnType<typeof pc.createColors>;

/** How things look here: colours or none, and which characters the terminal can be trusted with. */
export interface Style {
  readonly colours: Colours;
  readonly unicode: boolean;
}

/** `NO_COLOR` and `FORCE_COLOR` win over what the stream is (https://no-color.org). */
export function styleFor(env: Readonly<Record<string, string | undefined>>, terminal: boolean): Style {
  const coloured = env.NO_COLOR ? false : env.FORCE_COLOR ? env.FORCE_COLOR !== '0' : terminal && env.TERM !== 'dumb';
  return { colours: pc.createColors(coloured), unicode: env.TERM !== 'dumb' && env.TERM !== 'linux' };
}
