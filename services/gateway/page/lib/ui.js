/** Preact and htm, by the names that the import map in `index.html` gives to the files of the installed packages. */
import htm from 'htm';
import { h } from 'preact';

export { render } from 'preact';
export { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

export const html = htm.bind(h);

/** @param {...(string | false | null | undefined)} names class names, the falsy ones left out */
export function cx(...names) {
  return names.filter(Boolean).join(' ');
}
