export { FAIR, SimNetwork, type Tamper, type Weather } from './network.ts';
export { Random } from './random.ts';
export { NETWORK_TAG, type SimNode, World, type WorldOptions } from './world.ts';
