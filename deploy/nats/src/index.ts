export { type BusUser, usersConfig } from './users-config.ts';
export { UsersDir, type Wanted } from './users-dir.ts';
