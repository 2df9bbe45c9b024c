export { fill, marks } from './terminal/bars.ts';
export { eventLine } from './terminal/event-line.ts';
export { ago, duration, names, plural, short } from './terminal/format.ts';
export { healthLine, sectionHealth } from './terminal/health.ts';
export { LiveArea } from './terminal/live-area.ts';
export { sessionLines } from './terminal/session-lines.ts';
export { type Style, styleFor } from './terminal/style.ts';
