import type { Clock } from '../core/ports/clock.ts'
import type { Methods } from './lib/fence/calls.ts'
import type { ProxyEnvironment } from './lib/proxy/choose-proxy.ts'

/** The libraries that run in their own process (`sdk-worker.ts`). Each is loaded only there. */
export const LIBRARIES: Readonly<Record<string, (clock: Clock, env: ProxyEnvironment) => Promise<Methods>>> =
  {
    op: async (clock, env) => (await import('./op/sdk-methods.ts')).createSdkMethods(clock, env),
    bws: async () => (await import('./bws/sdk-methods.ts')).methods,
  }
