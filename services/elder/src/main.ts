import { enableCompileCache } from 'node:module';

// Before everything else is loaded, so that all of it comes from the cache: it halves the start.
enableCompileCache();
await import('./service.ts');
