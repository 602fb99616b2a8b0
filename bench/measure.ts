import { readFileSync } from 'node:fs'

/** The measurements of one thing: milliseconds of each run. */
export interface Sample {
  readonly name: string
  readonly reach: string
  readonly values: readonly number[]
  readonly unit?: string
}

export async function timed(runs: number, work: (run: number) => Promise<unknown>): Promise<number[]> {
  const values: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now()
    await work(run)
    values.push(performance.now() - start)
  }
  return values
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
}

/** Seconds of a CPU that a process has used. */
export function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  // Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** A line for people and diffs: median, p99, most, and what was to be reached. */
export function report({ name, reach, values, unit = 'ms' }: Sample): string {
  const show = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0))
  const figures = `p50 ${show(quantile(values, 0.5))}  p99 ${show(quantile(values, 0.99))}  max ${show(Math.max(...values))} ${unit}`
  return `${name.padEnd(58)} ${figures.padEnd(44)} n=${String(values.length).padEnd(5)} reach: ${reach}`
}
