import { readdirSync } from 'node:fs'
import { loadLibc } from '../libc.ts'
import { processStat } from './process-stat.ts'

/** Milliseconds after which an ended process counts as inherited: Node waits for its own children at once. */
const PATIENCE_MS = 100

/**
 * Reaps inherited processes until disposed. The first process of a container inherits every process whose
 * parent has ended, and must wait for it when it ends: otherwise it stays as a zombie. Any other process
 * inherits none, and this does nothing.
 */
export function reapOrphans(): Disposable {
  if (process.pid !== 1) return { [Symbol.dispose]() {} }
  let seen: ReadonlySet<number> = new Set()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    timer = undefined
    const zombies = zombieChildren()
    const orphans = zombies.filter((pid) => seen.has(pid))
    seen = new Set(zombies)
    if (orphans.length > 0) void reap(orphans)
    if (zombies.length > 0) lookLater()
  }
  function lookLater(): void {
    timer ??= setTimeout(look, PATIENCE_MS).unref()
  }

  process.on('SIGCHLD', lookLater)
  lookLater()
  return {
    [Symbol.dispose]() {
      process.off('SIGCHLD', lookLater)
      clearTimeout(timer)
    },
  }
}

function zombieChildren(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const stat = processStat(pid)
      return stat?.state === 'Z' && stat.parent === process.pid
    })
}

async function reap(pids: readonly number[]): Promise<void> {
  const libc = await loadLibc()
  for (const pid of pids) libc.reap(pid)
}
