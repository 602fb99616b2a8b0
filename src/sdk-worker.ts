import * as http from 'node:http'
import { systemClock } from './host/daemon/clock.ts'
import { serveWorker } from './host/process/worker-process.ts'
import { answerCalls } from './providers/lib/fence/calls.ts'
import { nodeProxyVariables } from './providers/lib/proxy/choose-proxy.ts'
import { LIBRARIES } from './providers/libraries.ts'

// The program of a fenced library's process: `sdk-worker.ts LIBRARY`. It is started by `wire.ts` and by nothing else.

// Its environment has the proxy variables and no others. Releases of Node before 24.14 take NODE_USE_ENV_PROXY instead.
if ('setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv(nodeProxyVariables(process.env))

const methods = await LIBRARIES[process.argv[2] ?? '']?.(systemClock(), process.env)
await serveWorker(answerCalls(methods ?? {}))
