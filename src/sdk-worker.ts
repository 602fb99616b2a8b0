import * as http from 'node:http'
import { systemClock } from './host/daemon/clock.ts'
import { serveWorker } from './host/process/worker-process.ts'
import { answerCalls } from './providers/lib/fence/calls.ts'
import { LIBRARIES } from './providers/libraries.ts'

// The program of a fenced library's process: `sdk-worker.ts LIBRARY`. It is started by `wire.ts` and by nothing else.

// Of the environment it has the proxy variables and no others. Older releases of Node 24 take NODE_USE_ENV_PROXY instead.
if ('setGlobalProxyFromEnv' in http) http.setGlobalProxyFromEnv()

const methods = await LIBRARIES[process.argv[2] ?? '']?.(systemClock())
await serveWorker(answerCalls(methods ?? {}))
