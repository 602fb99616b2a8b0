import { inject, type InjectConfig } from '../app/inject/inject.ts'
import { INJECT } from '../config/sections/commands.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { parseOutputs } from '../config/entries/output-entry.ts'
import { normalizePath } from '../core/plan/paths.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { openCommandEvents, openMaterializing, openRendering } from '../wire.ts'
import type { Command, CommandContext } from './define.ts'

export const command: Command = {
  async run(context) {
    const { config, providers, logging } = load(context)
    const emit = openCommandEvents(logging)
    const rendering = openRendering(emit, context.env)
    try {
      const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'inject' }, providers)
      const deps = { ...openMaterializing(rendering), clock: rendering.clock, emit, resolve }
      await inject(config, deps, context.signal)
      return 0
    } finally {
      await rendering.clients.close()
    }
  },
}

function load({ argv, env, isRoot, cwd }: CommandContext) {
  const loaded = loadRendering({ name: 'inject', table: 'inject', sections: INJECT, argv, env, isRoot })
  const { settings, parseRef, providers, layer, log: logging } = loaded
  const { mode, debounceMs, wipeOnExit } = settings.inject
  const statusFile =
    settings.inject.statusFile === undefined ? undefined : normalizePath(settings.inject.statusFile)
  const { fileMode, dirMode, owner, maxFileBytes, policy } = settings.files
  const outputs = parseOutputs(settings.outputs, layer, cwd)
  if (outputs.maps.length + outputs.secrets.length === 0)
    throw new LocketError('usage', 'locket inject has nothing to write', { hint: 'give --map or --secret' })
  if (wipeOnExit && mode === 'one-shot')
    throw new LocketError('config', 'wipe-on-exit would remove at once what one-shot writes', {
      hint: 'give --mode watch or --mode park',
    })
  const taken = statusFile === undefined ? [] : [{ path: statusFile, origin: 'status-file' }]
  const config: InjectConfig = {
    outputs,
    rules: { parseRef, maxFileBytes, taken },
    policy,
    placing: { fileMode, dirMode, owner, existing: 'replace' },
    mode,
    statusFile,
    debounceMs,
    wipeOnExit,
  }
  return { config, providers, logging }
}
