import { type Static, Type } from 'typebox';
import {
  Age,
  Bytes,
  Count,
  described,
  NextCursor,
  NodeName,
  Nullable,
  Prefix,
  PublicKey,
  Reason,
  Signature,
  U32,
} from './primitives.ts';

export const SectionSummary = Type.Object(
  {
    prefix: Prefix,
    key: PublicKey,
    generation: U32,
    chainLength: Type.Integer({ minimum: 0, description: 'Links in the chain, that of the genesis key included' }),
    elders: Type.Integer({ minimum: 0, description: 'How many' }),
    members: Type.Integer({ minimum: 0, description: 'How many, elders included' }),
  },
  { title: 'SectionSummary' },
);
export type SectionSummary = Static<typeof SectionSummary>;

export const Network = Type.Object(
  { network: Type.String({ minLength: 1 }), genesisKey: PublicKey, sections: Type.Array(SectionSummary) },
  { title: 'Network' },
);
export type Network = Static<typeof Network>;

export const Elder = Type.Object(
  {
    name: NodeName,
    index: Type.Integer({
      minimum: 0,
      description: '0-based place among the elders sorted by name; its share is at x = index + 1',
    }),
    age: Age,
    publicKeyShare: PublicKey,
    live: Type.Boolean({ description: 'Heard of lately' }),
    usableShare: Type.Boolean({ description: 'Says that it holds its share of the section key and can sign' }),
  },
  { title: 'Elder' },
);
export type Elder = Static<typeof Elder>;

export const Member = Type.Object({ name: NodeName, age: Age, elder: Type.Boolean() }, { title: 'Member' });
export type Member = Static<typeof Member>;

export const Section = Type.Object(
  {
    prefix: Prefix,
    key: PublicKey,
    generation: U32,
    chainLength: Count,
    threshold: Type.Integer({ minimum: 1, description: 'Shares that make a signature' }),
    elders: Type.Array(Elder),
    members: Type.Array(Member, { description: 'Sorted by name, elders included' }),
    signature: described(
      Nullable(Signature),
      'That of the last link of the chain: by the key before `key`, over the decision to hand over to `key` (the genesis ' +
        'key signs itself). It verifies with the bytes in that link, which `/chain` gives, and says nothing of the other ' +
        'fields here: elders and members are what this gateway has worked out from the certified decisions',
    ),
  },
  { title: 'Section' },
);
export type Section = Static<typeof Section>;

export const ChainLink = Type.Object(
  {
    index: Type.Integer({ minimum: 0, description: 'Place in the chain; 0 is the genesis link' }),
    key: PublicKey,
    parentKey: described(PublicKey, 'The key before; the genesis link names its own and signs itself'),
    signature: described(Signature, 'By parentKey over the decision to hand over to key'),
    prefix: Prefix,
    generation: U32,
    reason: described(Reason, '`genesis` or `handover`'),
    view: described(U32, 'View in which the decision was certified; the signature covers it'),
    decision: described(Bytes, 'The exact bytes that were decided'),
  },
  { title: 'ChainLink' },
);
export type ChainLink = Static<typeof ChainLink>;

export const Chain = Type.Object(
  {
    genesisKey: PublicKey,
    links: Type.Array(ChainLink, {
      description:
        'In order. Without `from`: from the genesis link on. With it: those after that key, up to the current one',
    }),
    nextCursor: NextCursor,
  },
  { title: 'Chain' },
);
export type Chain = Static<typeof Chain>;
