#!/usr/bin/env node
// A key management service: it wraps with a key of its own, kept in a file. What it is told to do wrong is its argument.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';

const [keyFile, fault, verb] = process.argv.slice(2);
const input = readFileSync(0);
appendFileSync(`${keyFile}.calls`, `${verb} ${Object.keys(process.env).filter((name) => name.startsWith('WITAN_'))}\n`);
const key = readFileSync(keyFile);
if (fault === 'hangs') setInterval(() => {}, 1000);
else if (fault === 'fails') process.exitCode = 3;
else if (fault === 'killed') process.kill(process.pid, 'SIGTERM');
else if (fault === 'silent') process.exitCode = 0;
else if (fault === 'short') process.stdout.write(randomBytes(31));
else if (fault === 'floods') process.stdout.write(randomBytes(1 << 20));
else process.stdout.write(verb === 'wrap' ? wrap() : unwrap());

function wrap() {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const body = Buffer.concat([cipher.update(input), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function unwrap() {
  const decipher = createDecipheriv('aes-256-gcm', key, input.subarray(0, 12));
  decipher.setAuthTag(input.subarray(12, 28));
  return Buffer.concat([decipher.update(input.subarray(28)), decipher.final()]);
}
