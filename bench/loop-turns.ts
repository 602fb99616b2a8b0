/**
 * Loaded into a daemon by `--import`. From SIGUSR2 on it measures the turns of the event loop, and prints
 * them to standard error at the end. CPU time leaves out the time of other programs on a busy machine.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** The line that `largest-volume.ts` looks for. */
export interface Turns {
  /** CPU time of the longest turn, in milliseconds. */
  readonly cpuMs: number
  /** Delay of the loop in milliseconds, 10 of which are the sampling interval of the monitor. */
  readonly p99Ms: number
}

const delay = monitorEventLoopDelay({ resolution: 10 })
let longest = 0
let before = cpuMs()

function turn(): void {
  const now = cpuMs()
  longest = Math.max(longest, now - before)
  before = now
  setImmediate(turn).unref()
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

process.on('SIGUSR2', () => {
  before = cpuMs()
  delay.enable()
  setImmediate(turn).unref()
})
process.on('exit', () => {
  const turns: Turns = { cpuMs: longest, p99Ms: delay.percentile(99) / 1e6 }
  process.stderr.write(`turns=${JSON.stringify(turns)}\n`)
})
