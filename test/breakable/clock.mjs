// Loaded before a service: its wall clock is off by as many milliseconds as the file says. What does not jump on a real
// machine either, the monotonic clock, is left alone.
import { readFileSync } from 'node:fs';

const FILE = process.env.WITAN_CHAOS_CLOCK_FILE;
const LOOK_MS = 100;
const RealDate = Date;
let offByMs = 0;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + offByMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + offByMs;
  }
};

function look() {
  try {
    offByMs = Number(readFileSync(FILE, 'utf8')) || 0;
  } catch {
    offByMs = 0;
  }
}

look();
setInterval(look, LOOK_MS).unref();
