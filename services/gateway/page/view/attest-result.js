import { dateTime, plural, short } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { Command } from './command.js';
import { Hex } from './hex.js';
import { Icon } from './icons.js';
import { KeyName } from './mark.js';

/**
 * @param {{
 *   bundle: import('@witan/api').ProofBundle, check: import('@witan/api').VerificationResult, text: string, file: string
 * }} props
 */
export function AttestResult({ bundle, check, text, file }) {
  const offline = `npx witan verify witan-proof.json --genesis ${check.genesisKey}`;
  return html`<div class=${`attestation ${check.valid ? 'good' : 'bad'}`}>
    <p class="verdict">
      <${Icon} name=${check.valid ? 'check' : 'cross'} />
      ${check.valid ? `Verified: ${plural(bundle.chain.length, 'key')} from genesis to this signature.` : `Does not verify: ${check.reason?.detail}`}
    </p>
    <blockquote>${text.length > 280 ? `${text.slice(0, 280)}…` : text}</blockquote>
    <dl class="facts">
      <dt>Signed by</dt>
      <dd><${KeyName} value=${bundle.key} copy /></dd>
      <dt>Signature</dt>
      <dd><${Hex} value=${bundle.signature} what="signature" /></dd>
      <dt>At</dt>
      <dd>${dateTime(Date.parse(bundle.signedAt))}</dd>
    </dl>
    <p class="muted">That was this gateway's check. Make your own, offline: download the proof, then</p>
    <${Command} text=${offline} shown=${`npx witan verify witan-proof.json --genesis ${short(check.genesisKey)}`} />
    <a class="button" href=${file} download="witan-proof.json"><${Icon} name="down" /> Download the proof</a>
  </div>`;
}
