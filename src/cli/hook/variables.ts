import { exportEnvironment } from '../../app/export/export-environment.ts'
import { openTextSink } from '../../app/sinks/environment.ts'
import { hookState } from '../../core/plan/trust.ts'
import { formatError, LocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { CommandContext } from '../define.ts'
import { printValue } from '../terminal/print-value.ts'
import { mappingOfFolder, type FolderMapping } from './folder.ts'
import { hookCode, type HOOKED_SHELLS } from './shells.ts'

type HookedShell = NonNullable<ReturnType<typeof HOOKED_SHELLS.get>>

/** A question of the hook of a shell. */
interface HookQuestion {
  readonly shell: HookedShell
  /** The state that the shell has; empty: it has no variables of a folder. */
  readonly seen: string
  readonly environment: string | undefined
  /** How long the prompt waits for the providers. */
  readonly timeoutMs: number
}

/**
 * Answers the hook of a shell: prints code when the folder, its file or the user's word has changed, and
 * nothing otherwise. So a provider is asked once, also when it fails. Every failure takes the variables away
 * and says one line.
 */
export async function answerHook(question: HookQuestion, context: CommandContext): Promise<number> {
  const { seen, environment } = question
  const found = lookAt(context)
  const state = found === undefined ? '' : stateOf(found, environment)
  if (state === seen) return 0
  if (found === undefined || 'error' in found) return await refuse(question, state, found?.error, context)
  const { record, content, path } = found
  if (record?.verdict === 'denied') return await refuse(question, state, undefined, context)
  if (record?.content !== content) {
    const what = record === undefined ? 'is not allowed yet' : 'has changed since it was allowed'
    const error = new LocketError('config', `${path} ${what}, and sets nothing`, {
      hint: 'read it, then run `locket allow`, or `locket deny` to hear no more of it',
    })
    return await refuse(question, state, error, context)
  }
  try {
    await printVariables(found, question, state, context)
    return 0
  } catch (thrown) {
    return await refuse(question, state, thrown, context)
  }
}

type Found = FolderMapping | { readonly error: unknown } | undefined

function lookAt(context: CommandContext): Found {
  try {
    return mappingOfFolder(context.cwd, context)
  } catch (error) {
    return { error }
  }
}

/** Returns the state: the hook acts again when it changes. */
function stateOf(found: NonNullable<Found>, environment: string | undefined): string {
  if ('error' in found) return hookState([found.error instanceof LocketError ? formatError(found.error) : ''])
  const { content, record } = found
  return hookState([content, record?.verdict, record?.content, record?.at, environment])
}

/** Takes the variables away. The error, if there is one, is the line that the user sees. */
async function refuse(
  { shell }: HookQuestion,
  state: string,
  error: unknown,
  { stdout }: CommandContext,
): Promise<number> {
  await printValue(Secret.fromText(hookCode(shell, state)), 'the variables', stdout)
  if (error !== undefined) throw error
  return 0
}

async function printVariables(
  { files, path }: FolderMapping,
  { shell, environment, timeoutMs }: HookQuestion,
  state: string,
  context: CommandContext,
): Promise<void> {
  // Most prompts have nothing new, and do not need these.
  const [{ loadFolder }, { openCommandEvents, openRendering }] = await Promise.all([
    import('./load.ts'),
    import('../../wire.ts'),
  ])
  const folder = { name: 'hook', sections: {}, argv: [], files, environment }
  const { mapping, parseRef, providers, log, env } = loadFolder(context, folder)
  const rendering = openRendering(openCommandEvents(log), env)
  try {
    const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'hook' }, providers)
    const sink = openTextSink(async (variables) => {
      const code = Secret.fromText(hookCode(shell, state, variables))
      await printValue(code, 'the variables', context.stdout).finally(() => code.wipe())
    })
    const entries = mapping?.entries ?? []
    const { signal } = context
    await exportEnvironment(
      { entries, parseRef, fieldNames: 'upper', signal, timeoutMs, asksOnce: true, sink },
      { ...rendering, resolve },
    )
    context.stderr.write(
      `locket: ${entries.length} ${entries.length === 1 ? 'variable' : 'variables'} of ${onOneLine(path)}\n`,
    )
  } finally {
    await rendering.clients.close()
  }
}
