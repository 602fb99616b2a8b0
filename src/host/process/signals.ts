import {
  NAMED_SIGNALS,
  REALTIME_NUMBERS,
  realtimeSignal,
  type NamedSignal,
} from '../../core/vocabulary/signals.ts'
import type { ListenSignals } from '../../core/ports/process.ts'
import { loadLibc } from '../libc.ts'
import { processStat } from './process-stat.ts'
import { reapOrphans } from './reap.ts'
import { receiveSigusr1 } from './receive-sigusr1.ts'

/** Loading koffi would delay the end of a short command. After this time it is loaded anyway, to forbid tracing. */
const REALTIME_AFTER_MS = 1000

export const listenSignals: ListenSignals = (listener) => {
  const names = catchableSignals()
  for (const name of names) process.on(name, listener)
  const care = new DisposableStack()
  care.use(reapOrphans())
  care.use(receiveSigusr1())
  care.use(listenRealtimeSignals((number) => listener(realtimeSignal(number))))
  care.defer(() => {
    for (const name of names) process.off(name, listener)
  })
  return care
}

/**
 * A process that writes to its terminal from the background gets SIGTTOU, and the kernel repeats the write after a handler has run: a
 * handler would be called without end. The first process of a container is never in the background.
 */
function catchableSignals(): readonly NamedSignal[] {
  const isWithoutTerminal = (processStat('self')?.terminal ?? 0) === 0
  if (isWithoutTerminal || process.pid === 1) return NAMED_SIGNALS
  return NAMED_SIGNALS.filter((name) => name !== 'SIGTTIN' && name !== 'SIGTTOU')
}

/**
 * Node has no listeners for realtime signals, so its libuv is asked by way of koffi. As the first process of a container the signals are
 * listened to at once, because `docker stop` may send one; elsewhere after a second.
 */
function listenRealtimeSignals(listener: (number: number) => void): Disposable {
  let isOver = false
  let stop = (): void => undefined
  async function listen(): Promise<void> {
    const libc = await loadLibc()
    if (!isOver) stop = libc.onSignals(REALTIME_NUMBERS, listener)
  }
  // Where koffi cannot be loaded, realtime signals do what they do by default.
  const timer = setTimeout(
    () => void listen().catch(() => undefined),
    process.pid === 1 ? 0 : REALTIME_AFTER_MS,
  ).unref()
  return {
    [Symbol.dispose]() {
      isOver = true
      clearTimeout(timer)
      stop()
    },
  }
}

/** As Ctrl-Z does to a program that does not listen: nothing happens where nobody could continue it. Returns once it has been continued. */
export function stopThisProcess(): void {
  const listeners = process.listeners('SIGTSTP')
  process.removeAllListeners('SIGTSTP')
  process.kill(process.pid, 'SIGTSTP')
  for (const listener of listeners) process.on('SIGTSTP', listener)
}
