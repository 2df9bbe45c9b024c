// Answers as kubectl would of the cluster that the file FAKE_CLUSTER tells of.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const cluster = JSON.parse(readFileSync(process.env.FAKE_CLUSTER, 'utf8'));
const args = process.argv.slice(2).filter((each, index, all) => each !== '-n' && all[index - 1] !== '-n');
const [verb, what] = args;

if (cluster.refused) {
  console.error(`E1123 memcache.go:265] "Unhandled Error"\n${cluster.refused}`);
  process.exitCode = 1;
} else if (verb === 'get' && what === 'pods') {
  const wanted = args.find((each) => each.includes('app.kubernetes.io/component='))?.split('component=')[1];
  const items = cluster.pods.filter(({ metadata }) => {
    return wanted === undefined || metadata.labels['app.kubernetes.io/component'] === wanted;
  });
  console.log(JSON.stringify({ items }));
} else if (verb === 'get' && args.at(-1).startsWith('jsonpath')) console.log(cluster.image);
else if (verb === 'get') console.log(JSON.stringify(cluster.objects[what]));
else if (verb === 'logs') console.log(cluster.logs.join('\n'));
else if (verb === 'exec') execute(what, args.slice(args.indexOf('-c', args.indexOf('--')) + 1));
else if (verb === 'port-forward') forward(what.replace('pod/', ''), args.slice(2));
else if (verb === 'set') setImage(args.at(-1).slice('*='.length));
else if (verb === 'rollout') process.exitCode = cluster.image === cluster.broken ? 1 : 0;
else if (verb === 'patch' || verb === 'delete')
  appendFileSync(`${process.env.FAKE_CLUSTER}.calls`, `${args.join(' ')}\n`);
else process.exitCode = 1;

/** Of all pods, at once; `stuck` ones stay as they are. */
function setImage(image) {
  const { stuck = [], pods } = cluster;
  for (const { metadata, spec } of pods)
    for (const each of spec.containers) if (!stuck.includes(metadata.name)) each.image = image;
  writeFileSync(process.env.FAKE_CLUSTER, JSON.stringify({ ...cluster, image }));
}

/** Tells of disks, fails in pods that are away, and does nothing. */
function execute(pod, [script, name, ...given]) {
  if (cluster.away?.includes(pod)) process.exitCode = 1;
  else if (given[0] === 'size') console.log(cluster.disks[pod]);
  else
    appendFileSync(`${process.env.FAKE_CLUSTER}.calls`, `${pod} ${script.length > 0} ${[name, ...given].join(' ')}\n`);
}

/** Each port of a pod answers with what it has counted, whatever it is asked. */
function forward(pod, pairs) {
  for (const [port, of] of pairs.map((pair) => pair.split(':'))) {
    const answer = (_, response) => response.end(cluster.answers[`${pod}:${of}`] ?? '{"status":"ok","checks":[]}');
    const { tls } = cluster;
    const read = (file) => readFileSync(file, 'utf8');
    const server = tls
      ? https.createServer({ cert: read(tls[of].certFile), key: read(tls[of].keyFile) }, answer)
      : http.createServer(answer);
    server.listen(Number(port), 'localhost');
  }
}
