import { base64url, toJsonFile } from '../lib/bytes.js';
import { request } from '../lib/http.js';
import { html, useState } from '../lib/ui.js';
import { AttestResult } from './attest-result.js';
import { Icon } from './icons.js';
import { NodeName } from './mark.js';

/**
 * @typedef {import('@witan/api').ProofBundle} ProofBundle
 * @typedef {import('@witan/api').VerificationResult} VerificationResult
 * @typedef {import('../lib/http.js').RequestError} RequestError
 */

/** Kept as long as the tab is open, and given to nobody but the gateway that the page is from. */
const KEPT_AS = 'witan.api-key';

/** Have the section sign a text, and have the signature checked. */
export function Attest() {
  const [text, setText] = useState('');
  const [apiKey, setApiKey] = useState(() => sessionStorage.getItem(KEPT_AS) ?? '');
  const [wantsKey, setWantsKey] = useState(apiKey !== '');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(/** @type {RequestError | null} */ (null));
  const [result, setResult] = useState(
    /** @type {{ bundle: ProofBundle, check: VerificationResult, text: string } | null} */ (null),
  );

  /** @param {Event} event */
  const sign = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    setResult(null);
    try {
      const payload = base64url(text);
      const bundle = /** @type {ProofBundle} */ (
        await request('v1/attestations', { method: 'POST', body: { payload }, apiKey })
      );
      if (apiKey !== '') sessionStorage.setItem(KEPT_AS, apiKey);
      const body = { ...bundle, payload };
      const check = /** @type {VerificationResult} */ (await request('v1/verifications', { method: 'POST', body }));
      setResult({ bundle, check, text });
    } catch (error) {
      const refusal = /** @type {RequestError} */ (error);
      if (refusal.code === 'WITAN_ERR_UNAUTHENTICATED') {
        sessionStorage.removeItem(KEPT_AS);
        setWantsKey(true);
      }
      setProblem(refusal);
    } finally {
      setBusy(false);
    }
  };

  return html`<section class="sheet attest" aria-labelledby="attest-title">
    <div class="sheet-head">
      <h2 id="attest-title">Ask for a signature</h2>
      <p>The elders sign together; the proof holds offline, without any of them.</p>
    </div>
    <form onSubmit=${sign}>
      <label class="field">
        <span>Text to sign</span>
        <textarea required maxlength="20000" value=${text} placeholder="We met, and this is what we agreed." onInput=${(/** @type {Event} */ event) => setText(/** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
      </label>
      ${
        wantsKey &&
        html`<label class="field">
        <span>API key</span>
        <input type="password" autocomplete="off" spellcheck=${false} value=${apiKey} onInput=${(/** @type {Event} */ event) => setApiKey(/** @type {HTMLInputElement} */ (event.target).value.trim())} />
      </label>`
      }
      <button type="submit" class="button primary" disabled=${busy || text === ''}>${busy ? 'The elders sign…' : 'Ask the section'}</button>
    </form>
    <div role="status" class="attest-status">
      ${problem && html`<${Refusal} problem=${problem} />`}
      ${result && html`<${AttestResult} ...${result} file=${toJsonFile(result.bundle)} />`}
    </div>
  </section>`;
}

/** @param {{ problem: RequestError }} props */
function Refusal({ problem }) {
  return html`<div class="refusal">
    <strong><${Icon} name="cross" /> No signature</strong>
    <p>${problem.message} ${problem.help}</p>
    ${
      problem.waitingOn.length > 0 &&
      html`<p>Missing: ${problem.waitingOn.map((name) => html`<${NodeName} key=${name} name=${name} size=${18} />${' '}`)}</p>`
    }
  </div>`;
}
