/**
 * `layout=generations`: 10,000 swaps of a generation of 20 files, with a reader in a tight loop beside them.
 * Fails if the reader ever sees two generations at once. `node bench/generation-swap.ts`
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { readGeneration } from '../test/support/read-generation.ts'
import { report } from './measure.ts'

const SWAPS = Number(process.env['BENCH_SWAPS'] ?? 10_000)
const PROGRAM = new URL('../test/fixtures/programs/swap-generations.ts', import.meta.url).pathname

const root = await mkdtemp('/dev/shm/locket-bench-')
try {
  await mkdir(join(root, 'data'))
  const start = performance.now()
  const swapping = spawn(process.execPath, [PROGRAM, root, `${SWAPS}`, '1'], { stdio: 'inherit' })
  const ended = once(swapping, 'exit')
  const seen = new Set<string>()
  let [reads, replaced, mixed] = [0, 0, 0]
  while (swapping.exitCode === null && swapping.signalCode === null) {
    const numbers = await readGeneration(root)
    reads += 1
    if (numbers.size > 1) mixed += 1
    if (numbers.size === 0) replaced += 1
    for (const number of numbers) seen.add(number)
    await nextTurn()
  }
  await ended
  const values = [(performance.now() - start) / SWAPS]
  process.stdout.write(
    `${report({ name: `one of ${SWAPS} swaps of 20 files, beside a reader`, reach: '-', values })}\n`,
  )
  process.stdout.write(
    `${reads} reads, ${seen.size} generations seen, ${replaced} replaced while they were read, ${mixed} mixed (reach: 0)\n`,
  )
  if (mixed > 0 || swapping.exitCode !== 0) process.exitCode = 1
} finally {
  await rm(root, { recursive: true, force: true })
}
