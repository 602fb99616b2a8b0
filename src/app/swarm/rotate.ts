import { macOf } from '../../core/keys/derive.ts'
import type { SwarmSecret, SwarmService } from '../../core/volume/swarm/swarm-engine.ts'
import { ROTATE_LABEL } from '../../core/volume/swarm/labels.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { NO_NOTES } from '../audit/access-notes.ts'
import { createSwarmBreaker } from './breaker.ts'
import { askFor } from './question.ts'
import { redeploy, type RotatePorts, type RotateRow } from './redeploy.ts'
import {
  arePrintsEqual,
  hasChanged,
  type Prints,
  type RotatedService,
  type RotationState,
} from './rotation-state.ts'
import { parseSecretTemplate } from './secret-template.ts'

/**
 * Looks at all services with the label `locket.rotate=redeploy`, and redeploys those whose values have
 * changed at least `settleMs` ago. Every new value was read before. With `isDry` nothing is changed and
 * nothing is kept. Rejects when the engine or the state cannot be used.
 */
export async function rotateOnce(ports: RotatePorts, isDry: boolean): Promise<readonly RotateRow[]> {
  const { engine, driver, signal, store } = ports
  const secrets = new Map((await engine.secrets(driver, signal)).map((secret) => [secret.id, secret]))
  const services = (await engine.services(signal)).filter(
    ({ labels, secretIds }) => labels[ROTATE_LABEL] === 'redeploy' && secretIds.some((id) => secrets.has(id)),
  )
  const prints = await readPrints(ports, services, secrets)
  let state: RotationState = await store.load()
  const save = async (id: string, service: RotatedService): Promise<void> => {
    state = { ...state, [id]: service }
    if (!isDry) await store.save(state)
  }
  const known = new Set(services.map(({ id }) => id))
  state = Object.fromEntries(Object.entries(state).filter(([id]) => known.has(id)))
  const rows: RotateRow[] = []
  for (const service of services) {
    const own = service.secretIds.filter((id) => secrets.has(id)).map((id) => [id, prints.get(id)] as const)
    const now: Record<string, string> = {}
    let fault: LocketError | undefined
    for (const [id, print] of own)
      if (typeof print === 'string') now[id] = print
      else fault ??= print
    const nameOf = (id: string) => secrets.get(id)?.name ?? id
    rows.push(
      fault === undefined
        ? await rotateOne(service, { ports, isDry, now, before: state[service.id], nameOf, save })
        : { service: service.name, outcome: 'failed', secrets: [], reason: formatError(fault) },
    )
  }
  return rows
}

/** Returns the fingerprint of each secret that a service uses, or the error of its provider. */
async function readPrints(
  ports: RotatePorts,
  services: readonly SwarmService[],
  secrets: ReadonlyMap<string, SwarmSecret>,
): Promise<ReadonlyMap<string, string | LocketError>> {
  const breaker = createSwarmBreaker(ports.clock)
  const used = [...new Set(services.flatMap(({ secretIds }) => secretIds))]
  const wanted = used.flatMap((id) => secrets.get(id) ?? [])
  const read = async ({ id, labels }: SwarmSecret): Promise<readonly [string, string | LocketError]> => {
    try {
      const template = parseSecretTemplate(ports.swarm.secretConfig(labels))
      const asked = askFor(template, NO_NOTES, { ...ports, breaker, stopping: ports.signal })
      const { value, isFleeting } = await asked.answer
      const print = isFleeting ? 'fleeting' : Buffer.from(macOf(ports.key, id, value)).toString('base64url')
      value.wipe()
      return [id, print]
    } catch (thrown) {
      return [id, toLocketError(thrown)]
    }
  }
  return new Map(await Promise.all(wanted.map(read)))
}

interface OneService {
  readonly ports: RotatePorts
  readonly isDry: boolean
  /** The values now, and the service as it is known. */
  readonly now: Prints
  readonly before: RotatedService | undefined
  readonly nameOf: (id: string) => string
  readonly save: (id: string, service: RotatedService) => Promise<void>
}

async function rotateOne(service: SwarmService, one: OneService): Promise<RotateRow> {
  const { ports, isDry, now, before, nameOf, save } = one
  const { id, name } = service
  if (before === undefined || !hasChanged(before.prints, now)) {
    if (before === undefined || !arePrintsEqual(before.prints, now) || before.pending !== undefined)
      await save(id, { prints: now })
    return { service: name, outcome: before === undefined ? 'noted' : 'unchanged', secrets: [] }
  }
  const secrets = Object.keys(now)
    .filter((secret) => before.prints[secret] !== now[secret])
    .map(nameOf)
  const time = ports.clock.now()
  const isSame = before.pending !== undefined && arePrintsEqual(before.pending.prints, now)
  const pending = isSame && before.pending !== undefined ? before.pending : { prints: now, since: time }
  // A change of the value is a reason to try again.
  const backOff = isSame ? before.backOff : undefined
  const noted = { prints: before.prints, pending, ...(backOff === undefined ? {} : { backOff }) }
  if (!isSame) await save(id, noted)
  const changed = { service: name, outcome: 'changed', secrets } as const
  const reason = whyNotNow(service)
  if (reason !== undefined && pending.forceUpdate === undefined) return { ...changed, reason }
  // A clock that was set back must not make it wait for longer.
  const due = Math.max(pending.since + ports.settleMs, backOff?.until ?? 0)
  const dueInMs = Math.min(due - time, Math.max(ports.settleMs, backOff === undefined ? 0 : due - time))
  if (dueInMs > 0 || isDry)
    return backOff === undefined || isDry
      ? { ...changed, dueInMs: Math.max(0, dueInMs) }
      : {
          ...changed,
          reason: `the last redeployment failed: it is tried again in ${Math.ceil(dueInMs / 1000)} s`,
        }
  return await redeploy(service, { ports, known: noted, secrets, save: (next) => save(id, next) })
}

/** Returns the reason why a service is left alone; undefined when it may be updated. */
function whyNotNow({ update }: SwarmService): string | undefined {
  if (update === undefined) return undefined
  const { state } = update
  if (state === 'updating' || state === 'rollback_started') return 'another update of it is under way'
  if (state === 'paused' || state === 'rollback_paused')
    return `its last update is ${state.replace('_', ' ')}: finish it with docker service update`
  return undefined
}
