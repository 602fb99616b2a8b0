import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Whether it runs: what has ended and was not asked for its exit code does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits for its end; fails when that takes longer. */
export async function gone(pid: number, timeoutMs = 5000): Promise<void> {
  for (let waited = 0; isRunning(pid); waited += 10) {
    if (waited > timeoutMs) throw new Error(`process ${pid} still runs after ${timeoutMs} ms`)
    await sleep(10)
  }
}
