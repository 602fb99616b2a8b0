import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBlindTarget } from '../../fixtures/servers/blind-target.ts'
import { MAIN } from '../../support/program.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** The value that no program may get. */
export const VALUE = 'canary-blind-run-value-7d20'

/** The path of a program of test/fixtures/blind-clients. */
export function clientPath(name: string): string {
  return new URL(`../../fixtures/blind-clients/${name}`, import.meta.url).pathname
}

/** A test's choices. */
export interface BlindRunOptions {
  /** The lines below `[secrets]`. */
  readonly mapping?: (api: string) => string
  /** An address of this machine, for the servers; left out: localhost. */
  readonly at?: string
}

/** Servers, and a folder with a mapping file that binds TOKEN to the first of them. */
export async function blindRun(t: TestContext, { mapping, at }: BlindRunOptions = {}) {
  const [folder, target] = [await temporaryFolder(t), await startBlindTarget(t, at)]
  const bound = `{ hosts = ["${target.api}"], header = "Authorization", basic = true }`
  const text = mapping?.(target.api) ?? `TOKEN = { ref = "dotenv://TOKEN", blind = ${bound} }`
  await writeFile(join(folder, 'locket.toml'), `[secrets]\n${text}\n`)
  await writeFile(join(folder, '.env'), `TOKEN=${VALUE}\nOTHER_TOKEN=canary-blind-run-other-33\n`)
  const provider = ['--dotenv-path', join(folder, '.env')]
  const egress = [
    '--upstream-ca',
    target.ca,
    '--allow-address',
    at ?? '127.0.0.1',
    '--allow-host',
    target.other,
  ]
  const flags = [...provider, ...egress]
  const variables = { API: target.api, OTHER: target.other, PLAIN: target.plain }

  return {
    folder,
    target,
    flags,
    /** Starts locket with these arguments, without a terminal. */
    start: (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const child = spawn(process.execPath, [MAIN, ...args], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...variables, ...env },
      })
      t.after(() => void child.kill('SIGKILL'))
      const [out, err]: [Buffer[], Buffer[]] = [[], []]
      child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
      child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
      const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
      const running = {
        child,
        out: () => Buffer.concat(out).toString(),
        err: () => Buffer.concat(err).toString(),
        ended,
        said: (text: string) =>
          until(`${text} in the output`, () => `${running.out()}${running.err()}`.includes(text), {
            timeoutMs: 90_000,
          }),
      }
      return running
    },
  }
}
