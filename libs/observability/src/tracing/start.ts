type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether the standard variables of OpenTelemetry ask for traces: an exporter or an endpoint is named, and nothing
 * switches it off.
 */
export function tracingWanted(env: Environment): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const exporter = env.OTEL_TRACES_EXPORTER;
  if (exporter) return exporter !== 'none';
  return Boolean(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT);
}

/** What the variables ask for and is not there; for the log. */
export function tracingWarnings(env: Environment): string[] {
  const warnings: string[] = [];
  const exporter = env.OTEL_TRACES_EXPORTER;
  if (exporter && !['otlp', 'console', 'none'].includes(exporter)) {
    warnings.push(`OTEL_TRACES_EXPORTER=${JSON.stringify(exporter)}: otlp is used; otlp, console and none are known`);
  }
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL;
  if (protocol && protocol !== 'http/protobuf') {
    warnings.push(`OTEL_EXPORTER_OTLP_PROTOCOL=${JSON.stringify(protocol)}: http/protobuf is used, the only one known`);
  }
  return warnings;
}

/**
 * Starts tracing if the environment asks for it. The SDK, 13 MB in memory, is loaded only then.
 *
 * @returns what sends the last spans and ends it; undefined if nothing is traced.
 */
export async function startTracing(options: {
  readonly service: string;
  readonly version: string;
  readonly env: Environment;
}): Promise<(() => Promise<void>) | undefined> {
  if (!tracingWanted(options.env)) return undefined;
  const { installTracing } = await import('./sdk.ts');
  return installTracing(options);
}
