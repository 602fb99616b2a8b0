import {
  NAMED_SIGNALS,
  REALTIME_NUMBERS,
  realtimeSignal,
  type NamedSignal,
} from '../../core/ports/signals.ts'
import type { ListenSignals } from '../../core/ports/process.ts'
import { loadLibc } from '../libc.ts'
import { processStat } from './process-stat.ts'
import { reapOrphans } from './reap.ts'
import { receiveSigusr1 } from './receive-sigusr1.ts'

/**
 * Milliseconds until realtime signals are listened to. Loading koffi earlier would delay the end of a short
 * command; after this time it is loaded anyway, to forbid tracing.
 */
const REALTIME_AFTER_MS = 1000

/**
 * Listens to every signal that a process can catch, until disposed. As the first process of a container, it
 * also reaps inherited processes.
 */
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
 * Returns the named signals to listen to. SIGTTIN and SIGTTOU are left out at a terminal: a process that
 * writes from the background gets SIGTTOU, and the kernel repeats the write after a handler has run, so that
 * the handler would be called without end. The first process of a container is never in the background.
 */
function catchableSignals(): readonly NamedSignal[] {
  const isWithoutTerminal = (processStat('self')?.terminal ?? 0) === 0
  if (isWithoutTerminal || process.pid === 1) return NAMED_SIGNALS
  return NAMED_SIGNALS.filter((name) => name !== 'SIGTTIN' && name !== 'SIGTTOU')
}

/**
 * Listens to realtime signals through libuv and koffi, because Node has no listeners for them. The first
 * process of a container listens at once, because `docker stop` may send such a signal; any other process
 * listens after a second.
 */
function listenRealtimeSignals(listener: (number: number) => void): Disposable {
  let isOver = false
  let stop = (): void => undefined
  async function listen(): Promise<void> {
    const libc = await loadLibc()
    if (!isOver) stop = libc.onSignals(REALTIME_NUMBERS, listener)
  }
  // If koffi cannot be loaded, realtime signals have their default effect.
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

/**
 * Stops this process, as Ctrl-Z stops a program without a handler. Nothing happens if no shell could continue
 * it. Returns once it has been continued.
 */
export function stopThisProcess(): void {
  const listeners = process.listeners('SIGTSTP')
  process.removeAllListeners('SIGTSTP')
  process.kill(process.pid, 'SIGTSTP')
  for (const listener of listeners) process.on('SIGTSTP', listener)
}
