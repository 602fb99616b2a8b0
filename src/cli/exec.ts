import { exec, type ExecConfig } from '../app/exec/exec.ts'
import { mapPath } from '../app/recipe/environment.ts'
import { normalizePath } from '../core/plan/paths.ts'
import { inheritedEnvironment } from '../config/child-environment.ts'
import { EXEC, EXEC_SECTIONS, fieldsOf } from '../config/sections/commands.ts'
import { environmentEntries, type EnvEntry } from '../config/entries/env-entry.ts'
import { environmentReferences } from '../config/entries/env-references.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { parseOutputs } from '../config/entries/output-entry.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { CommandLine } from '../core/ports/process.ts'
import { openExec, openCommandEvents, openRendering } from '../wire.ts'
import type { Command, CommandContext } from './define.ts'

export const command: Command = {
  async run(context) {
    const { config, providers, log, unresolved } = loadExec(context)
    const rendering = openRendering(openCommandEvents(log), context.env)
    if (unresolved.length > 0) rendering.emit('exec.env-references', { variables: unresolved })
    try {
      const showsOnTerminal = config.mask && context.stdout.isTTY
      const deps = { ...openExec(rendering, providers), showsOnTerminal }
      return await exec(config, deps, context.signal)
    } finally {
      await rendering.clients.close()
    }
  },
}

export type ExecContext = Pick<CommandContext, 'argv' | 'env' | 'isRoot' | 'cwd'>

/** `[FLAGS] -- COMMAND [ARGUMENTS]`. Reads the configuration files, and nothing else. Throws `usage` or `config`. */
export function loadExec({ argv, env, isRoot, cwd }: ExecContext) {
  const { flags, command: words } = splitCommand(argv)
  const request = { name: 'exec', table: 'exec', sections: EXEC, env, isRoot } as const
  const loaded = loadRendering({ ...request, argv: flags, positionals: [ANY_WORDS] })
  if (words === undefined || loaded.positionals.length > 0) throw commandMissing()
  const { settings, parseRef, providers, layer, log } = loaded
  const { interactive, cleanEnv, keepEnv, resolveEnv, ...rest } = settings.exec
  const { fileMode, dirMode, owner, maxFileBytes, policy } = settings.files
  const inherited = inheritedEnvironment(env, { isClean: cleanEnv, kept: keepEnv ?? [] })
  const named = environmentEntries(settings, layer).map((entry) => absolute(entry, cwd))
  const found = environmentReferences(inherited, parseRef, fieldsOf(EXEC_SECTIONS))
  const config: ExecConfig = {
    ...rest,
    command: words,
    interactive: interactive ?? !rest.watch,
    entries: [...(resolveEnv ? found : []), ...named],
    outputs: parseOutputs(settings.outputs, layer, cwd),
    inherited,
    rules: { parseRef, maxFileBytes },
    policy,
    placing: { fileMode, dirMode, owner },
  }
  const replaced = new Set(named.map((entry) => (entry.kind === 'variable' ? entry.name : '')))
  const unresolved = resolveEnv ? [] : found.map(({ name }) => name).filter((name) => !replaced.has(name))
  return { config, providers, log, unresolved }
}

/** Words before `--` are a forgotten `--`, which is told below. */
const ANY_WORDS = '[COMMAND...]'

function splitCommand(argv: readonly string[]): {
  readonly flags: readonly string[]
  readonly command: CommandLine | undefined
} {
  const end = argv.indexOf('--')
  if (end === -1) return { flags: argv, command: undefined }
  const [program, ...args] = argv.slice(end + 1)
  return { flags: argv.slice(0, end), command: program === undefined ? undefined : [program, ...args] }
}

/** The words are not repeated: one may be a value, given where it must not be. */
function commandMissing(): LocketError {
  return new LocketError('usage', 'locket exec needs `--` and then a command', {
    hint: 'write it as: locket exec [FLAGS] -- COMMAND [ARGUMENTS]',
  })
}

/** With --watch the paths of entries are followed, and must be absolute. */
function absolute(entry: EnvEntry, cwd: string): EnvEntry {
  return mapPath(entry, (path) => (path.startsWith('/') ? path : normalizePath(`${cwd}/${path}`)))
}
