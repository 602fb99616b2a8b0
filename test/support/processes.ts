import { readFileSync } from 'node:fs'
import { until } from '../../scripts/engine/until.ts'

/** Whether a process runs. A zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** Waits for the end of a process. Rejects when that takes longer than `timeoutMs`. */
export async function gone(pid: number, timeoutMs = 5000): Promise<void> {
  await until(`process ${pid} has ended`, () => !isRunning(pid), { timeoutMs })
}
