import type { AddressInfo } from 'node:net';
import { COMMON_ERRORS, formErrors, Problem, ROUTE_NAMES, ROUTES, type RouteDefinition, routerPath } from '@witan/api';
import type { WitanErrorCode } from '@witan/errors';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { expect, onTestFinished } from 'vitest';
import { buildApp, type GatewayOptions } from '../src/app.ts';
import type { Backend } from '../src/backend.ts';
import { FakeBackend } from './fake-backend.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

/** A fake whose clock moves by 50 ms at each reading: nothing depends on how fast the machine is. */
export function fakeBackend(): FakeBackend {
  let at = NOON;
  return new FakeBackend(() => {
    at += 50;
    return at;
  });
}

export async function startApp<B extends Backend = FakeBackend>(
  options: GatewayOptions = {},
  backend: B = fakeBackend() as unknown as B,
): Promise<{ app: FastifyInstance; backend: B }> {
  const app = await buildApp(backend, { checkResponses: true, ...options });
  onTestFinished(() => app.close());
  demandListedErrors(app);
  return { app, backend };
}

/** Whatever test it is, and whatever it provokes: a route answers with no error that the API document does not list of it. */
function demandListedErrors(app: FastifyInstance): void {
  const unlisted = new Set<string>();
  app.addHook('onSend', async (request, reply, payload) => {
    const { url, method } = request.routeOptions;
    const name = ROUTE_NAMES.find((each) => routerPath(ROUTES[each].path) === url && ROUTES[each].method === method);
    if (name === undefined || reply.statusCode < 400) return;
    const { code } = JSON.parse(String(payload)) as Problem;
    const { errors }: RouteDefinition = ROUTES[name];
    if (![...COMMON_ERRORS, ...errors].includes(code)) unlisted.add(`${name} ${code}`);
  });
  onTestFinished(() => expect([...unlisted]).toEqual([]));
}

/** The same on a real socket. */
export async function listen<B extends Backend = FakeBackend>(options: GatewayOptions = {}, backend?: B) {
  const started = await startApp<B>(options, backend);
  await started.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = started.app.server.address() as AddressInfo;
  return { ...started, port, url: `http://127.0.0.1:${port}` };
}

/** What an error answer must be, whatever went wrong: a problem document of this code, and nothing of our insides. */
export function expectProblem(response: LightMyRequestResponse, code: WitanErrorCode): Problem {
  const problem = response.json() as Problem;
  expect(problem).toMatchObject({ code, status: response.statusCode });
  expect(formErrors(Problem, problem)).toEqual([]);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(problem.instance).toBe(`urn:witan:request:${response.headers['x-request-id']}`);
  expectNoInsides(response.body);
  return problem;
}

export function expectNoInsides(body: string): void {
  expect(body).not.toMatch(/\bat .+:\d+:\d+|node_modules|\.ts:\d+|"stack"|file:\/\//);
}
