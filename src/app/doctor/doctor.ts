import type { Clock } from '../../core/ports/clock.ts'
import { formatDuration } from '../../core/text/units.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { CheckDeps } from '../check/providers.ts'
import { checkClock } from './checks/clock.ts'
import { checkEngine } from './checks/engine.ts'
import { checkPermissions } from './checks/permissions.ts'
import { checkPlugin } from './checks/plugin.ts'
import { providerCheck } from './checks/providers.ts'
import { checkProxies } from './checks/proxies.ts'
import { checkSettings } from './checks/settings.ts'
import { checkSwap } from './checks/swap.ts'
import { failed, problem, type DoctorCheck, type Finding, type Patient } from './finding.ts'

/** A finding with the name of its check. */
export interface Diagnosis extends Finding {
  readonly check: string
}

const CHECKS: Readonly<Record<string, DoctorCheck>> = {
  settings: checkSettings,
  engine: checkEngine,
  plugin: checkPlugin,
  swap: checkSwap,
  permissions: checkPermissions,
  clock: checkClock,
  proxies: checkProxies,
}

interface DoctorRequest {
  /** The providers that have a credential. */
  readonly providers: readonly ProviderInstance[]
  /** Milliseconds that each check has. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/**
 * Makes all checks at once, each with a time limit of its own, and resolves with their findings in a fixed
 * order. Reads only. It rejects only when the signal aborts.
 */
export async function diagnose(
  patient: Patient,
  { providers, timeoutMs, signal }: DoctorRequest,
  deps: Pick<CheckDeps, 'clock' | 'open'>,
): Promise<readonly Diagnosis[]> {
  const all: (readonly [string, DoctorCheck])[] = [
    ...Object.entries(CHECKS),
    ...providers.map((instance) => [`provider ${instance.name}`, providerCheck(instance, deps)] as const),
  ]
  const found = await Promise.all(
    all.map(async ([check, look]) => {
      const findings = await withinTime(look, patient, { timeoutMs, signal, clock: deps.clock })
      return findings.map((finding) => ({ check, ...finding }))
    }),
  )
  signal.throwIfAborted()
  return found.flat()
}

/** Resolves with the findings, or with that of a late check, whose answer has no reader. */
async function withinTime(
  look: DoctorCheck,
  patient: Patient,
  {
    timeoutMs,
    signal,
    clock,
  }: { readonly timeoutMs: number; readonly signal: AbortSignal; readonly clock: Clock },
): Promise<readonly Finding[]> {
  const ended = new AbortController()
  const either = AbortSignal.any([signal, ended.signal])
  const late = problem(
    `no result within ${formatDuration(timeoutMs)}`,
    'look at the network and at disks that hang; --timeout gives it more time',
  )
  const limit = clock.sleep(timeoutMs, either).then(
    () => [late],
    () => [late],
  )
  const answer = look(patient, either).catch((thrown: unknown) => [failed(thrown)])
  try {
    return await Promise.race([answer, limit])
  } finally {
    ended.abort()
  }
}
