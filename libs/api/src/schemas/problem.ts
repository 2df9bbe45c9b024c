import { type Static, Type } from 'typebox';
import { ErrorCode } from './attestation.ts';
import { NodeName } from './primitives.ts';

export const Check = Type.Object(
  { name: Type.String(), ok: Type.Boolean(), detail: Type.Optional(Type.String()) },
  { title: 'Check' },
);
export type Check = Static<typeof Check>;

export const Health = Type.Object({ status: Type.Literal('ok'), checks: Type.Array(Check) }, { title: 'Health' });
export type Health = Static<typeof Health>;

/** RFC 9457, with `code` of the closed set and what a program needs to react. Never a stack. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:witan:error:` and the code in small letters' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String(),
    code: ErrorCode,
    help: Type.String({ description: 'What to do about it' }),
    instance: Type.String({
      description: '`urn:witan:request:` and the request id, as in the `X-Request-Id` header and the log',
    }),
    errors: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'Each place where the input is not of the form',
      }),
    ),
    waitingOn: Type.Optional(Type.Array(NodeName, { description: 'Elders that are missed' })),
    refusals: Type.Optional(
      Type.Array(Type.Object({ name: NodeName, code: ErrorCode }), {
        description: 'Those of `waitingOn` who answered that they do not sign, and the reason that each of them gives',
      }),
    ),
    checks: Type.Optional(Type.Array(Check)),
    limit: Type.Optional(Type.Integer({ description: 'The bound that was crossed' })),
    retryAfterMs: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
