import * as http from 'node:http'
import { systemClock } from './host/daemon/clock.ts'
import { serveWorker } from './host/process/worker-process.ts'
import { answerCalls } from './providers/lib/fence/calls.ts'
import { nodeProxyVariables } from './providers/lib/proxy/choose-proxy.ts'
import { LIBRARIES } from './providers/libraries.ts'

// This program is the process of a fenced library: `sdk-worker.ts LIBRARY`. Only `wire.ts` starts it.

// The environment of this process has only the proxy variables. Node before 24.14 does not have this function
// and reads NODE_USE_ENV_PROXY instead.
if ('setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv(nodeProxyVariables(process.env))

const methods = await LIBRARIES[process.argv[2] ?? '']?.(systemClock(), process.env)
await serveWorker(answerCalls(methods ?? {}))
