import { writeSync } from 'node:fs'
import { run } from '../../src/run.ts'
import { readStartState } from '../../src/start-state.ts'
import { MAIN } from '../support/program.ts'

/** One call of the program, as the parent sends it. */
export interface BatchCall {
  readonly argv: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Marks the end of a call's output on both streams. */
export const END = '\u0000end of output\u0000'

/**
 * A process that runs one command line of the program after another, as `main.ts` does, which loads the
 * program once only. The parent sends calls and gets exit codes.
 */
process.on('message', (call: BatchCall) => void answer(call))

async function answer({ argv, cwd, env }: BatchCall): Promise<void> {
  process.chdir(cwd)
  for (const name of Object.keys(process.env)) delete process.env[name]
  Object.assign(process.env, env)
  // `exec` would replace this process by its command.
  const own = { ...process.env, LOCKET_EXEC_REPLACE: 'false' }
  const code = await run({ path: MAIN, argv, env: own, startState: readStartState(undefined) })
  // Each run listens to signals, which belong to one process.
  for (const event of ['SIGINT', 'SIGTERM', 'uncaughtException']) process.removeAllListeners(event)
  for (const stream of [1, 2]) writeSync(stream, END)
  process.send?.(code)
}
