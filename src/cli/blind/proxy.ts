import { join } from 'node:path'
import { openBlindValues } from '../../app/blind/values.ts'
import { serveProxy } from '../../app/blind/serve-proxy.ts'
import type { loadRendering } from '../../config/load-rendering.ts'
import type { egressSection, proxySection } from '../../config/mapping/blind-section.ts'
import type { mappingSection } from '../../config/mapping/section.ts'
import type { auditSection } from '../../config/sections/log.ts'
import { parseDotenv } from '../../core/text/dotenv.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { CommandContext } from '../define.ts'
import { openBlind } from './open-proxy.ts'

interface ProxySections {
  readonly proxy: typeof proxySection
  readonly mapping: typeof mappingSection
  readonly egress: typeof egressSection
  readonly audit: typeof auditSection
}

/** Bytes of the largest template. */
const MAX_BYTES = 10 * 1024 * 1024

/**
 * Runs `locket proxy` and returns its exit code. Throws `config` when programs cannot connect to its address.
 */
export async function runProxy(
  { name: command, env, signal }: CommandContext,
  {
    settings,
    providers,
    parseRef,
    log,
    exposed,
    mapping,
  }: ReturnType<typeof loadRendering<ProxySections & Record<string, ProxySections[keyof ProxySections]>>>,
): Promise<number> {
  const { listen, name, folder, refresh } = settings.proxy
  if (name === undefined && ['0.0.0.0', '::'].includes(listen.host))
    throw new LocketError('config', 'proxy-name is missing: programs cannot connect to 0.0.0.0', {
      hint: 'it is the name of the container and the port, such as proxy:7470',
    })
  const wire = await import('../../wire.ts')
  const emit = await wire.openDaemonEvents({ ...log, journal: env['JOURNAL_STREAM'] })
  if (exposed.length > 0) emit('flags.exposed', { flags: exposed })
  const rendering = wire.openRendering(emit, env)
  const { clock, sources, clients } = rendering
  if (mapping !== undefined) emit('mapping.used', mapping.facts)
  try {
    const { watch, forbidTracing, ...ports } = wire.openExec(rendering, providers)
    await using blind = await openBlind(settings, { clock, emit, sources, command })
    const { machine, authority, gate } = blind
    const [file, ready] = [join(folder, 'env'), join(folder, 'ready')]
    await machine.remove(ready)
    const known = placeholdersOf((await machine.readIfThere(file)) ?? '', file)
    const rules = { parseRef, maxFileBytes: MAX_BYTES }
    const values = { entries: mapping?.entries ?? [], rules, blind: mapping?.blind ?? new Map() }
    const deps = {
      ...ports,
      clock,
      emit,
      watch,
      forbidTracing,
      gate,
      source: openBlindValues(values, ports, known),
      async openProxy() {
        // A second proxy by mistake must not replace the certificate of the first one.
        const open = await blind.listen(listen)
        await using stack = new AsyncDisposableStack()
        stack.use(open)
        const files = await machine.writeTrustFiles(folder, authority)
        const kept = stack.move()
        const { host, port } = name ?? listen
        const shown = name === undefined ? open.address : `${host.includes(':') ? `[${host}]` : host}:${port}`
        return { address: shown, ...files, [Symbol.asyncDispose]: () => kept.disposeAsync() }
      },
      async publish(variables: Readonly<Record<string, string>>) {
        await machine.replacePublic(file, Buffer.from(environmentText(variables)))
        await machine.replacePublic(ready, Buffer.from('ready\n'))
      },
      notifyReady: () => wire.notifySystemd(env, 'READY=1'),
    }
    try {
      return await serveProxy({ refreshing: { refresh, providers } }, deps, signal)
    } finally {
      await ports.leases.end()
    }
  } finally {
    await clients.close()
  }
}

/** Returns lines that a shell reads, and Docker Compose, and `locket exec --env-file`. */
function environmentText(variables: Readonly<Record<string, string>>): string {
  // No value has a quote: they are placeholders, paths and addresses.
  return Object.entries(variables)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('')
}

/** Returns the variables of a file of an earlier start. A file that cannot be read is written anew. */
function placeholdersOf(text: string, path: string): ReadonlyMap<string, string> {
  try {
    return new Map(parseDotenv(text, path).map(({ name, value }) => [name, value]))
  } catch {
    return new Map()
  }
}
