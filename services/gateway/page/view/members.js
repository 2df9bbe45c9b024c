import { plural } from '../lib/format.js';
import { cx, html, useState } from '../lib/ui.js';
import { Ago } from './ago.js';
import { Icon } from './icons.js';
import { NodeName } from './mark.js';

/**
 * @typedef {import('@witan/api').Section} Section
 * @typedef {import('@witan/api').Elder} Elder
 * @typedef {import('@witan/api').Node} Node
 *
 * @typedef {{ node: Node, elder: Elder | null }} Row
 */

const SHOWN = 24;

/** Elders and adults, the oldest first. @param {{ section: Section, nodes: readonly Node[] }} props */
export function Members({ section, nodes }) {
  const [all, setAll] = useState(false);
  const rows = rowsOf(section, nodes);
  const oldest = rows.reduce((most, { node }) => Math.max(most, node.age), 1);
  const shown = all ? rows : rows.slice(0, SHOWN);
  const elders = section.elders.length;
  return html`<section class="sheet" aria-labelledby="members-title">
    <div class="sheet-head">
      <h2 id="members-title">Elders and adults</h2>
      <p>${plural(elders, 'elder')}, ${plural(rows.length - elders, 'adult')}. Age grows with what a node lived through.</p>
    </div>
    <table class="members" role="table">
      <caption class="visually-hidden">Nodes of the section by role and age</caption>
      <thead role="rowgroup">
        <tr role="row">
          ${['Node', 'Role', 'Age', 'Key share', 'Last seen'].map((title) => html`<th key=${title} role="columnheader" scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${shown.map((row) => html`<${MemberRow} key=${row.node.name} row=${row} oldest=${oldest} />`)}
      </tbody>
    </table>
    ${
      rows.length > SHOWN &&
      html`<button type="button" class="button more" aria-expanded=${all ? 'true' : 'false'} onClick=${() => setAll(!all)}>
        ${all ? 'Show fewer' : `Show all ${rows.length} nodes`}
      </button>`
    }
  </section>`;
}

/** @param {{ row: Row, oldest: number }} props */
function MemberRow({ row: { node, elder }, oldest }) {
  return html`<tr role="row" class=${cx(elder ? 'elder' : 'adult', !node.reachable && 'unreachable')} data-node=${node.name}>
    <td role="cell" class="who"><${NodeName} name=${node.name} size=${28} copy /></td>
    <td role="cell" class="role">${role(node, elder)}</td>
    <td role="cell" class="age">
      <span class="cell-label">Age</span>
      <span class="numeric">${node.age}</span>
      <svg class="age-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="age-ground" width="100" height="8" rx="2" /><rect class="age-value" width=${Math.max(2, (node.age / oldest) * 100)} height="8" rx="2" />
      </svg>
    </td>
    <td role="cell" class="share-cell"><${Share} elder=${elder} /></td>
    <td role="cell" class="seen">
      ${node.reachable ? html`<span class="ok"><${Icon} name="check" /> reachable</span>` : html`<span class="not"><${Icon} name="cross" /> not reachable</span>`}
      ${node.lastSeen !== null && html`<span class="muted"><${Ago} at=${Date.parse(node.lastSeen)} /></span>`}
    </td>
  </tr>`;
}

/** @param {{ elder: Elder | null }} props */
function Share({ elder }) {
  if (!elder) return html`<span class="muted">–<span class="visually-hidden"> none, not an elder</span></span>`;
  return elder.usableShare
    ? html`<span class="ok"><${Icon} name="check" /> usable</span>`
    : html`<span class="not"><${Icon} name="cross" /> not usable</span>`;
}

/**
 * @param {Node} node
 * @param {Elder | null} elder
 */
function role(node, elder) {
  const main = elder
    ? html`<strong>Elder ${elder.index + 1}</strong>`
    : node.state === 'joined'
      ? 'Adult'
      : words(node.state);
  return html`${main}${node.roles.includes('candidate') && html` <span class="candidate">in the running DKG</span>`}`;
}

/** @param {Node['state']} state */
function words(state) {
  return { joining: 'Joining', joined: 'Adult', left: 'Left', relocated: 'Relocated' }[state];
}

/**
 * The section's elders in any case, also those the node list has not heard of; then whoever else is there.
 * @param {Section} section
 * @param {readonly Node[]} nodes
 * @returns {Row[]}
 */
function rowsOf(section, nodes) {
  const known = new Map(nodes.map((node) => [node.name, node]));
  const elders = section.elders.map((elder) => ({
    elder,
    node: known.get(elder.name) ?? unheard(elder, section.prefix),
  }));
  const names = new Set(section.elders.map(({ name }) => name));
  const others = nodes.filter(
    (node) => !names.has(node.name) && (node.section === null || node.section === section.prefix),
  );
  return [...elders.sort(byAge), ...others.map((node) => ({ node, elder: null })).sort(byAge)];
}

/**
 * @param {Elder} elder
 * @param {string} section
 * @returns {Node}
 */
function unheard({ name, age, live }, section) {
  return { name, age, state: 'joined', roles: ['elder'], section, lastSeen: null, reachable: live };
}

/**
 * @param {Row} a
 * @param {Row} b
 */
function byAge(a, b) {
  return b.node.age - a.node.age || (a.node.name < b.node.name ? -1 : 1);
}
