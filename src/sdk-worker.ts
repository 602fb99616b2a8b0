import { serveWorker } from './host/worker-process.ts'
import { Call, type Answer } from './providers/lib/fence.ts'
import { LIBRARIES } from './providers/libraries.ts'

// The program of a fenced library's process: `sdk-worker.ts LIBRARY`. It is started by `wire.ts` and by nothing else.

const methods = await LIBRARIES[process.argv[2] ?? '']?.()

serveWorker((message, reply) => {
  const { id, method, argument } = Call.parse(message)
  const work = async (): Promise<Answer> => ({
    id,
    value: await methods?.[method]?.(argument),
    failed: false,
  })
  // What was thrown may hold a secret: methods answer with what they want to be known of a failure.
  work().then(reply, () => reply({ id, failed: true }))
})
