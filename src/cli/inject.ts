import { inject, type InjectConfig } from '../app/inject/inject.ts'
import { openStream } from '../app/sinks/stream.ts'
import { joinedEntries } from '../config/entries/joined-entries.ts'
import { parseOutputs } from '../config/entries/output-entry.ts'
import { refuseStreams } from '../config/entries/stream-entry.ts'
import { refuseIdleFlags } from '../config/layers/layers.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { writtenSection } from '../config/sections/files.ts'
import { injectSection } from '../config/sections/inject.ts'
import { outputsSection } from '../config/sections/outputs.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { hasOutputs, STANDARD_STREAM } from '../core/plan/output-plan.ts'
import { normalizePath } from '../core/plan/paths.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { Command, CommandContext } from './define.ts'
import { printValue, refuseTerminal } from './terminal/print-value.ts'
import { readInput } from './terminal/read-stream.ts'

/** The sections of `locket inject`, without those that every command that renders has. */
export const INJECT = { outputs: outputsSection, inject: injectSection, files: writtenSection } as const

/** The command `locket inject`. It closes its providers before it ends. */
export const command: Command = {
  usage: ['locket inject [FLAGS]'],
  example:
    'locket inject --map ./templates:/run/secrets/app --secret "db_password={{ local://db/password }}"',
  sections: [...Object.values(INJECT), ...RENDERING_SECTIONS],
  async run(context) {
    const { config, providers, logging, exposed, layer, joined } = load(context)
    if (config.mode !== 'watch') refuseIdleFlags(layer, ['refresh'], 'it belongs to --mode watch')
    const { openCommandEvents, openInject, openRendering } = await import('../wire.ts')
    const rendering = openRendering(openCommandEvents(logging, exposed), context.env)
    for (const facts of joined) rendering.emit('template.warning', facts)
    const deps = openInject(rendering, providers)
    let hasLeft = false
    try {
      await inject(config, deps, context.signal)
      hasLeft = !config.wipeOnExit
      return 0
    } finally {
      // Files that stay need their leases.
      if (!hasLeft) await deps.leases.end()
      await rendering.clients.close()
    }
  },
}

function load(context: CommandContext) {
  const { name, argv, env, isRoot, cwd, tables, signal } = context
  const loaded = loadRendering({ name, sections: INJECT, argv, env, isRoot, tables })
  const { settings, parseRef, providers, layer, log: logging, exposed } = loaded
  const { mode, refresh, debounceMs, wipeOnExit, show } = settings.inject
  const statusFile =
    settings.inject.statusFile === undefined ? undefined : normalizePath(settings.inject.statusFile)
  const { fileMode, dirMode, owner, maxFileBytes, policy } = settings.files
  const outputs = parseOutputs(settings.outputs, layer, cwd)
  if (!hasOutputs(outputs))
    throw new LocketError('usage', 'locket inject has nothing to write', { hint: 'give --map or --secret' })
  if (wipeOnExit && mode === 'one-shot')
    throw new LocketError('config', 'wipe-on-exit would at once remove the files that one-shot writes', {
      hint: 'give --mode watch or --mode park',
    })
  if (mode !== 'one-shot') refuseStreams(outputs, `which are used once: mode ${mode} stays and takes files`)
  if (!show && outputs.maps.some(({ dest }) => dest === STANDARD_STREAM))
    refuseTerminal(context.stdout, '--show prints them anyway, --map SRC:FILE writes a file')
  const taken = statusFile === undefined ? [] : [{ path: statusFile, origin: 'status-file' }]
  const config: InjectConfig = {
    outputs,
    rules: {
      parseRef,
      maxFileBytes,
      taken,
      readInput: (maxBytes) => readInput(context.stdin, maxBytes, signal),
    },
    policy,
    placing: { fileMode, dirMode, owner },
    mode,
    refreshing: { refresh, providers },
    statusFile,
    debounceMs,
    wipeOnExit,
    stream: openStream((content) => printValue(content, 'the output', context.stdout)),
  }
  return { config, providers, logging, exposed, layer, joined: joinedEntries(outputs.secrets, parseRef) }
}
