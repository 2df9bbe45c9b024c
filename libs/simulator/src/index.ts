export { FAIR, type Packet, SimNetwork, type Tamper, type Weather } from './network.ts';
export { NETWORK_TAG } from './network-tag.ts';
export { Random } from './random.ts';
export { type SimNode, type Watcher, World, type WorldOptions } from './world.ts';
