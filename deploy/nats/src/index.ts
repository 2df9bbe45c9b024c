export { deliver, type Recipients } from './deliver.ts';
export { type BusUser, usersConfig } from './users-config.ts';
export { UsersDir, type Wanted } from './users-dir.ts';
export { type Certificate, issueCertificate, makeAuthority } from './x509.ts';
