import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs a script that saves into `dir` and prints the number of each save that is done. Kills it `ms`
 * milliseconds after its first output. Resolves with the last number that arrived. More may have been saved:
 * what waits for a busy reader is lost with the process.
 */
export async function killedSaver(t: TestContext, script: string, dir: string, ms: number): Promise<number> {
  const module = new URL('../../src/host/state/state-file.ts', import.meta.url).href
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, module, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(child.stdout, 'data')
  await sleep(ms)
  child.kill('SIGKILL')
  await once(child, 'close')
  return Number(said.trimEnd().split(' ').at(-1))
}
