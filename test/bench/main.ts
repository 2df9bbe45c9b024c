import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measureAntiEntropy } from './anti-entropy/measure.ts';
import { antiEntropyReport } from './anti-entropy/report.ts';
import { cryptoReport, measureCrypto } from './crypto-report.ts';
import { type DkgFigures, meanCpuMs, measureDkg } from './dkg/measure.ts';
import { dkgReport } from './dkg/report.ts';
import type { SessionRun } from './dkg/session.ts';
import { journalReport, measureJournal } from './journal.ts';
import { describeMachine, fsyncMs } from './machine.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { measurePeers } from './peers/measure.ts';
import { peersReport } from './peers/report.ts';
import { profileReport } from './profile-report.ts';
import { measureRecovery } from './recovery/measure.ts';
import { recoveryReport } from './recovery/report.ts';
import { number } from './table.ts';

function options(): Options {
  try {
    const parsed = parseOptions(process.argv.slice(2));
    if (parsed !== 'help') return parsed;
    console.log(HELP);
    process.exit(0);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(64);
  }
}

const wanted = options();
const toStdout = wanted.json !== '-';
const print = (text: string) => (toStdout ? process.stdout : process.stderr).write(`${text}\n`);
// Whoever started this is gone: what it has started goes with it.
process.on('disconnect', () => process.exit(1));

mkdirSync(wanted.dataDir, { recursive: true });
const machine = { ...describeMachine(), fsyncMs: fsyncMs(wanted.dataDir) };
print(
  `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, load ${number(machine.load1m)}, fsync ${number(machine.fsyncMs)} ms\n`,
);
const figures: Record<string, unknown> = { machine };

if (wanted.parts.includes('dkg')) {
  const all: DkgFigures[] = [];
  for (const participants of wanted.sizes) all.push(await benchDkg(participants));
  figures.dkg = all;
  print(`${dkgReport(all)}\n`);
}

if (wanted.parts.includes('recovery')) {
  const onRun = (what: string, ms: number) => process.stderr.write(`${what}: ${number(ms)} ms\n`);
  const recovery = await measureRecovery({ runs: wanted.kills, onRun });
  figures.recovery = recovery;
  print(`${recoveryReport(recovery)}\n`);
}

if (wanted.parts.includes('peers')) {
  const all = wanted.sizes.map((participants) => measurePeers(participants));
  figures.peers = all;
  print(`${peersReport(all)}\n`);
}

if (wanted.parts.includes('anti-entropy')) {
  const all = measureAntiEntropy(wanted.seeds, (rate) =>
    process.stderr.write(`anti-entropy, ${100 * rate} % lost or late\n`),
  );
  figures.antiEntropy = all;
  print(`${antiEntropyReport(all)}\n`);
}

if (wanted.parts.includes('crypto')) {
  const all = wanted.sizes.map((participants) => measureCrypto(participants));
  figures.crypto = all;
  print(`${cryptoReport(all)}\n`);
}

if (wanted.parts.includes('journal')) {
  const journal = measureJournal(wanted.dataDir);
  figures.journal = journal;
  print(`${journalReport(journal)}\n`);
}

async function benchDkg(participants: number): Promise<DkgFigures> {
  const { runs = defaultRuns(participants), cores, dataDir, profileDir } = wanted;
  if (profileDir !== undefined) mkdirSync(profileDir, { recursive: true });
  const profile = profileDir === undefined ? undefined : join(profileDir, `participant-of-${participants}.cpuprofile`);
  const onSession = (count: number, run: SessionRun) => {
    const cpu = `${number(meanCpuMs(run))} ms CPU a participant`;
    const { asked, laterViews } = run.detours;
    const detours = asked + laterViews === 0 ? '' : `, ${asked} questions, ${laterViews} later views`;
    process.stderr.write(
      `n = ${participants}, session ${count} of ${runs}: ${number(run.wallMs)} ms, ${cpu}${detours}\n`,
    );
  };
  const result = await measureDkg({ participants, runs, cores, dataDir, profile, onSession });
  if (profile !== undefined) print(`${profileReport(profile, runs)}\n`);
  return result;
}

/** A median of 11 sessions of 7 varies by several percent from run to run, one of 25 by less, as do larger sessions. */
function defaultRuns(participants: number): number {
  return participants <= 7 ? 25 : 11;
}

if (wanted.json !== undefined) {
  const text = `${JSON.stringify(figures, null, 2)}\n`;
  if (wanted.json === '-') process.stdout.write(text);
  else writeFileSync(wanted.json, text);
}
process.exit(0);
