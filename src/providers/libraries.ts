import type { Clock } from '../core/ports/clock.ts'
import type { Methods } from './lib/fence/calls.ts'
import type { ProxyEnvironment } from './lib/proxy/choose-proxy.ts'

/** Libraries that run in a process of their own (`sdk-worker.ts`): one line each, loaded there only. */
export const LIBRARIES: Readonly<Record<string, (clock: Clock, env: ProxyEnvironment) => Promise<Methods>>> =
  {
    op: async (clock, env) => (await import('./op/sdk-methods.ts')).createSdkMethods(clock, env),
    bws: async () => (await import('./bws/sdk-methods.ts')).methods,
  }
