import type { StartWorker, Worker } from '../../src/core/ports/process.ts'
import { answerCalls } from '../../src/providers/lib/fence/calls.ts'
import type { Methods } from '../../src/providers/lib/fence/calls.ts'

/** A fenced library without a process: calls and answers are copied, as between processes. */
export interface FencedLibrary {
  readonly startWorker: StartWorker
  /** How many were begun. */
  readonly started: () => number
  /** Ends the one that runs, as if it had crashed. */
  readonly crash: () => void
}

/** `methods` makes those of each new process. */
export function createFencedLibrary(methods: () => Methods): FencedLibrary {
  let started = 0
  let crash = (): void => undefined

  function startWorker(): Worker {
    started += 1
    const ended = Promise.withResolvers<void>()
    const answer = answerCalls(methods())
    let isOver = false
    let listener: (message: unknown) => void = () => undefined
    const kill = () => {
      isOver = true
      ended.resolve()
    }
    crash = kill
    return {
      send(message) {
        const copy: unknown = structuredClone(message)
        if (!isOver) answer(copy, (reply) => isOver || listener(structuredClone(reply)))
      },
      onMessage: (given) => void (listener = given),
      ended: ended.promise,
      kill,
    }
  }

  return { startWorker, started: () => started, crash: () => crash() }
}
