import { type Static, Type } from 'typebox';
import { Age, NextCursor, NodeName, Nullable, Prefix, Time } from './primitives.ts';

export const NodeState = Type.Enum(['joining', 'joined', 'left', 'relocated'], {
  type: 'string',
  title: 'NodeState',
  description: '`joining` until its section has decided on it',
});
export type NodeState = Static<typeof NodeState>;

export const NodeRole = Type.Enum(['adult', 'candidate', 'elder'], {
  type: 'string',
  title: 'NodeRole',
  description: '`candidate`: takes part in a DKG session that has not ended',
});
export type NodeRole = Static<typeof NodeRole>;

export const Node = Type.Object(
  {
    name: NodeName,
    age: Age,
    state: NodeState,
    roles: Type.Array(NodeRole),
    section: Nullable(Prefix),
    lastSeen: Nullable(Time),
    reachable: Type.Boolean(),
  },
  { title: 'Node' },
);
export type Node = Static<typeof Node>;

export const NodeList = Type.Object({ nodes: Type.Array(Node), nextCursor: NextCursor }, { title: 'NodeList' });
export type NodeList = Static<typeof NodeList>;
