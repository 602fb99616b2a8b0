import type { ListenSignals, PassedSignal } from '../../core/ports/process.ts'
import { reapOrphans } from './reap.ts'
import { receiveSigusr1 } from './receive-sigusr1.ts'

const PASSED: readonly PassedSignal[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGCONT',
  'SIGTSTP',
]

export const listenSignals: ListenSignals = (listener) => {
  for (const name of PASSED) process.on(name, listener)
  const reaping = reapOrphans()
  const receiving = receiveSigusr1()
  return {
    [Symbol.dispose]() {
      reaping[Symbol.dispose]()
      receiving[Symbol.dispose]()
      for (const name of PASSED) process.off(name, listener)
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
