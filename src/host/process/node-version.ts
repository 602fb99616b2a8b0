import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import type { ChildOptions, CommandLine } from '../../core/ports/process.ts'
import { findProgram } from './find-program.ts'

/** Programs that are scripts of Node. */
const SCRIPTS: ReadonlySet<string> = new Set(['npm', 'npx', 'pnpm', 'yarn', 'tsx', 'ts-node'])
const TIMEOUT_MS = 5000

/**
 * Resolves with what `node --version` prints, when the command is Node or one of its package managers.
 * Otherwise, and when Node does not answer, resolves with undefined. Never rejects.
 */
export async function nodeVersionOf(
  [program]: CommandLine,
  env: ChildOptions['env'],
): Promise<string | undefined> {
  const name = basename(program)
  const isNode = /^node(js)?$/.test(name)
  if (!isNode && !SCRIPTS.has(name)) return undefined
  try {
    const path = findProgram(isNode ? program : 'node', env['PATH'])
    return await new Promise((resolve) => {
      // Options for the command itself are not for this call.
      const { NODE_OPTIONS: _options, ...rest } = env
      execFile(path, ['--version'], { env: rest, timeout: TIMEOUT_MS }, (error, stdout) =>
        resolve(error === null ? stdout.trim() : undefined),
      )
    })
  } catch {
    return undefined
  }
}
