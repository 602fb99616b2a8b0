import { FIELD_PLACE } from '../core/plan/field-names.ts'
import { exec, type ExecConfig } from '../app/exec/exec.ts'
import { mapPath } from '../app/recipe/environment.ts'
import { inheritedEnvironment, sharedCredentials } from '../config/entries/child-environment.ts'
import { environmentEntries, type EnvEntry } from '../config/entries/env-entry.ts'
import { environmentReferences } from '../config/entries/env-references.ts'
import { joinedEntries } from '../config/entries/joined-entries.ts'
import { parseOutputs } from '../config/entries/output-entry.ts'
import { refuseStreams } from '../config/entries/stream-entry.ts'
import { loadMapping } from '../config/mapping/load-mapping.ts'
import { mappingSection } from '../config/mapping/section.ts'
import { withoutUsedToken, withVaultVariables } from '../config/mapping/vault-variables.ts'
import { refuseIdleFlags } from '../config/layers/layers.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { environmentSection } from '../config/sections/environment.ts'
import { execSection } from '../config/sections/exec.ts'
import { writtenSection } from '../config/sections/files.ts'
import { outputsSection } from '../config/sections/outputs.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { hasOutputs } from '../core/plan/output-plan.ts'
import { normalizePath } from '../core/plan/paths.ts'
import type { CommandLine } from '../core/ports/process.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { Section } from '../settings/field.ts'
import type { ProviderInstance } from '../providers/define.ts'
import type { openRendering } from '../wire.ts'
import type { Command, CommandContext } from './define.ts'

/** The sections of `locket exec`, without those that every command that renders has. */
export const EXEC = {
  exec: execSection,
  environment: environmentSection,
  mapping: mappingSection,
  outputs: outputsSection,
  files: writtenSection,
} as const

/** The command `locket exec`. Its exit code is that of the child. */
export const command: Command = {
  usage: [
    'locket exec [FLAGS] -- COMMAND [ARGUMENTS]',
    '',
    'Ends with the exit code of the command: 128 + n when signal n ended it, 127 when it is not found, 126 when it cannot be started.',
    'The command takes the place of locket, unless locket has something to do afterwards: see --exec.',
    'The command inherits the environment, except the variables that hold credentials of locket.',
  ],
  example: 'locket exec -e DB_PASSWORD={{local://db/password}} -- node server.js',
  sections: [...Object.values(EXEC), ...RENDERING_SECTIONS],
  takes: 'command',
  run: (context) => runExec(context, loadExec(context)),
}

/** Runs the command of a loaded configuration and returns its exit code. */
export async function runExec(
  context: CommandContext,
  {
    config: asked,
    providers,
    log,
    exposed,
    unresolved,
    mapping,
    layer,
    lister,
    joined,
  }: ReturnType<typeof loadExec>,
): Promise<number> {
  if (!asked.watch) refuseIdleFlags(layer, ['refresh', 'on-change'], 'it belongs to --watch: add that flag')
  // The Docker CLI does not signal the command: locket stays, to pass on that it is to end.
  const loaded = { ...asked, mayReplace: asked.mayReplace && !context.followsDocker }
  const { openCommandEvents, openExec, openRendering: open } = await import('../wire.ts')
  const rendering = open(openCommandEvents(log, exposed), context.env)
  if (mapping !== undefined) rendering.emit('mapping.used', mapping.facts)
  for (const facts of joined) rendering.emit('template.warning', facts)
  if (unresolved.length > 0) rendering.emit('exec.env-references', { variables: unresolved })
  else if (isEmpty(loaded) && lister === undefined) rendering.emit('exec.nothing')
  try {
    const config = await withListed(loaded, lister, rendering, context.signal)
    const showsOnTerminal = config.mask && context.stdout.isTTY
    const { startState } = context
    const deps = { ...openExec(rendering, providers), showsOnTerminal, startState }
    try {
      return await exec(config, deps, context.signal)
    } finally {
      await deps.leases.end()
    }
  } finally {
    await rendering.clients.close()
  }
}

/** The parts of the context that `loadExec` reads. */
type ExecContext = Pick<CommandContext, 'name' | 'argv' | 'env' | 'isRoot' | 'uid' | 'cwd' | 'tables'>

/**
 * Parses `[FLAGS] -- COMMAND [ARGUMENTS]` and returns the configuration of a run. Reads the configuration
 * files and nothing else. `more`: further sections, whose settings are in the layer that is returned. Throws
 * `usage` or `config`.
 */
export function loadExec(
  { name, argv, env: given, isRoot, uid, cwd, tables }: ExecContext,
  isMapped: 'if-named' | 'always' = 'if-named',
  more: readonly Section[] = [],
) {
  const { flags, command: words } = splitCommand(argv)
  if (words === undefined) throw commandMissing(name)
  const env = isMapped === 'always' ? withVaultVariables(given) : given
  const loaded = loadRendering({
    name,
    table: 'exec',
    sections: { ...Object.fromEntries(more.map((it) => [it.name, it])), ...EXEC },
    argv: flags,
    env,
    isRoot,
    tables,
    positionals: [ANY_WORDS],
    map: ({ mapping: chosen }, problems) =>
      loadMapping(chosen, { isMapped, by: { cwd, uid }, tables }, problems),
  })
  if (loaded.positionals.length > 0) throw commandMissing(name)
  const { mapping, settings, parseRef, providers, layer, log, exposed, chosen } = loaded
  const { interactive, cleanEnv, keepEnv, resolveEnv, refresh, all, ...rest } = settings.exec
  const { fileMode, dirMode, owner, maxFileBytes, policy } = settings.files
  const inherited = inheritedEnvironment(withoutUsedToken(given, env), {
    isClean: cleanEnv,
    kept: keepEnv ?? [],
  })
  const named = [...(mapping?.entries ?? []), ...environmentEntries(settings, layer)].map((entry) =>
    absolute(entry, cwd),
  )
  const outputs = parseOutputs(settings.outputs, layer, cwd)
  refuseStreams(outputs, 'which belong to the command that locket exec runs')
  const found = environmentReferences(inherited, parseRef, command.sections)
  const config: ExecConfig = {
    ...rest,
    command: words,
    refreshing: { refresh, providers },
    interactive: interactive ?? !rest.watch,
    entries: [...(resolveEnv ? found : []), ...named],
    outputs,
    withheld: sharedCredentials(keepEnv ?? []),
    inherited: resolveEnv ? withoutStars(inherited, found) : inherited,
    rules: { parseRef, maxFileBytes, fieldNames: settings.environment.fieldNames },
    policy,
    placing: { fileMode, dirMode, owner },
  }
  const replaced = new Set(named.map((entry) => (entry.kind === 'variable' ? entry.name : '')))
  const unresolved = resolveEnv ? [] : found.map(({ name }) => name).filter((name) => !replaced.has(name))
  return {
    config,
    providers,
    log,
    exposed,
    unresolved,
    mapping,
    layer,
    joined: joinedEntries(named, parseRef),
    lister: all ? listerOf(providers, chosen) : undefined,
  }
}

/** Returns the instance whose secrets `--all` means: the chosen one, or else the one that has no name. */
function listerOf(providers: readonly ProviderInstance[], chosen: string | undefined): ProviderInstance {
  const listers = providers.filter(({ def }) => def.lists === true)
  const found =
    listers.find(({ name }) => name === chosen) ?? listers.find(({ name, def }) => name === def.kind)
  if (found === undefined) throw new LocketError('internal', 'no provider lists its secrets')
  return found
}

/** Adds the variables of everything that the lister may read. Those of the configuration replace them. */
async function withListed(
  config: ExecConfig,
  lister: ProviderInstance | undefined,
  { clients }: Pick<ReturnType<typeof openRendering>, 'clients'>,
  signal: AbortSignal,
): Promise<ExecConfig> {
  if (lister === undefined) return config
  const { grantedEntries } = await import('../app/exec/granted.ts')
  const listed = (await clients.secretsOf({ kind: 'command', name: 'exec' }, lister, signal)) ?? []
  const named = listed.map((secret) => ({ ...secret, reference: referenceTo(lister, secret.reference) }))
  return { ...config, entries: [...grantedEntries(named, config.entries), ...config.entries] }
}

function referenceTo({ name, def }: ProviderInstance, reference: string): string {
  return name === def.kind ? reference : `${name}+${reference}`
}

/** True when the command gets neither a variable nor a file. */
function isEmpty({ entries, outputs }: ExecConfig): boolean {
  return entries.length === 0 && !hasOutputs(outputs)
}

/** Leaves out `DB_*`, whose value is a reference that gives other variables in its place. */
function withoutStars(
  inherited: ExecConfig['inherited'],
  found: readonly { readonly name: string }[],
): ExecConfig['inherited'] {
  const stars = new Set(found.flatMap(({ name }) => (name.includes(FIELD_PLACE) ? [name] : [])))
  return Object.fromEntries(Object.entries(inherited).filter(([name]) => !stars.has(name)))
}

/**
 * The positional arguments. It accepts words before `--`, so that a missing `--` gets the message of
 * `commandMissing`.
 */
const ANY_WORDS = '[COMMAND...]'

/**
 * Splits `argv` at the first `--`. `command` is undefined when no word follows `--`, or when there is none.
 */
function splitCommand(argv: readonly string[]): {
  readonly flags: readonly string[]
  readonly command: CommandLine | undefined
} {
  const end = argv.indexOf('--')
  if (end === -1) return { flags: argv, command: undefined }
  const [program, ...args] = argv.slice(end + 1)
  return { flags: argv.slice(0, end), command: program === undefined ? undefined : [program, ...args] }
}

/**
 * Returns the error without any word of the command line, because a word in the wrong place may be a secret.
 */
function commandMissing(name: string): LocketError {
  return new LocketError('usage', `locket ${name} needs \`--\` and then a command`, {
    hint: `write it as: locket ${name} [FLAGS] -- COMMAND [ARGUMENTS]`,
  })
}

/** Makes the path of an entry absolute, because `--watch` follows only absolute paths. */
function absolute(entry: EnvEntry, cwd: string): EnvEntry {
  return mapPath(entry, (path) => (path.startsWith('/') ? path : normalizePath(`${cwd}/${path}`)))
}
