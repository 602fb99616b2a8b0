import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
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

/** Kills every process whose working directory is the folder, also one that a killed parent left behind. */
export function killAllIn(folder: string): void {
  for (const pid of readdirSync('/proc').map(Number)) {
    if (!(pid > 1) || pid === process.pid) continue
    try {
      // A removed folder has " (deleted)" after its name.
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
}
