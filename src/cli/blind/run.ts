import { openBlindValues } from '../../app/blind/values.ts'
import { runBlind } from '../../app/blind/run-blind.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'
import type { loadExec } from '../exec.ts'
import { openBlind, type BlindSettings } from './open-proxy.ts'

/**
 * Runs the command of `locket run --blind` and returns its exit code. Throws `usage` for settings that would
 * give the command a value.
 */
export async function runBlindCommand(
  context: CommandContext,
  { config, providers, log, exposed, mapping }: ReturnType<typeof loadExec>,
  settings: BlindSettings,
): Promise<number> {
  const { entries, outputs, watch, mask, rules, ...rest } = config
  const mapped = mapping?.entries ?? []
  if (entries.length > mapped.length || outputs.maps.length + outputs.secrets.length > 0)
    throw conflict('--env, --env-file, --secret, --map and --resolve-env')
  if (watch || mask) throw conflict('--watch and --mask')
  const wire = await import('../../wire.ts')
  const rendering = wire.openRendering(wire.openCommandEvents(log, exposed), context.env)
  const { clock, emit, sources } = rendering
  if (mapping !== undefined) emit('mapping.used', mapping.facts)
  try {
    const { closeProviders: _close, ...ports } = wire.openExec(rendering, providers)
    await using blind = await openBlind(settings, { clock, emit, sources, command: context.name })
    const values = { entries: mapped, rules, blind: mapping?.blind ?? new Map() }
    const deps = {
      ...ports,
      source: openBlindValues(values, ports),
      gate: blind.gate,
      nodeVersionOf: blind.machine.nodeVersionOf,
      async openProxy() {
        await using stack = new AsyncDisposableStack()
        const files = stack.use(await blind.machine.openTrustFolder(blind.authority))
        const { address } = stack.use(await blind.listen({ host: '127.0.0.1', port: 0 }))
        const open = stack.move()
        const { certificate, store } = files
        return { address, certificate, store, [Symbol.asyncDispose]: () => open.disposeAsync() }
      },
    }
    try {
      return await runBlind({ ...rest, ...values }, deps, context.signal)
    } finally {
      await ports.leases.end()
    }
  } finally {
    await rendering.clients.close()
  }
}

function conflict(flags: string): LocketError {
  return new LocketError('usage', `--blind does not work with ${flags}`, {
    hint: 'the variables of the mapping file are the only ones that stay hidden',
  })
}
