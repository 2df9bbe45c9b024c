import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { OpenApiDocument } from '@witan/api';
import type { FastifyInstance } from 'fastify';
import { DOCS_CSP } from './headers.ts';

/** Swagger UI at `/docs`, from its own files: it works where no outside address can be reached. */
export async function addDocs(app: FastifyInstance, document: OpenApiDocument): Promise<void> {
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_CSP,
    uiConfig: { docExpansion: 'list', tryItOutEnabled: true },
  });
}
