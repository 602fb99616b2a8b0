import { spawn } from 'node:child_process'
import { MAIN } from './program.ts'

/** The end of a command of locket. */
export interface LocketRun {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** Runs `locket WORDS…` from its sources, with these variables and the PATH alone. */
export function runLocket(
  env: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<LocketRun> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}
