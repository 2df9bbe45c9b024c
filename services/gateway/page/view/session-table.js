import { duration } from '../lib/format.js';
import { html } from '../lib/ui.js';
import { briefCell, laneLabel } from '../model/describe.js';
import { LANE_WORD, PHASE_TEXT } from '../model/timeline.js';

/** The chart for who cannot or would rather not see it. @param {{ timeline: import('../model/timeline.js').Timeline }} props */
export function SessionTable({ timeline }) {
  return html`<div class="table-scroll" tabindex="0" role="region" aria-label="The session as a table">
    <table>
      <caption class="visually-hidden">What each participant did in each phase</caption>
      <thead>
        <tr>
          <th scope="col">Participant</th>
          ${timeline.bands.map(
            (band) => html`<th key=${band.name} scope="col">
              ${PHASE_TEXT[band.name].title}
              <span class="muted">${band.state === 'ahead' ? 'to come' : `${band.received} of ${band.expected}, ${duration(band.durationMs)}`}</span>
            </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${timeline.lanes.map(
          (lane) => html`<tr key=${lane.name}>
            <th scope="row">${laneLabel(lane)} <span class="muted">${LANE_WORD[lane.state]}</span></th>
            ${lane.cells.map((cell, phase) => html`<td key=${cell.phase}>${briefCell(timeline, lane, phase)}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
