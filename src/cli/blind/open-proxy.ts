import { createBlindAudit, NO_BLIND_AUDIT } from '../../app/audit/blind-audit.ts'
import { createBlindGate, type BlindGate } from '../../app/blind/gate.ts'
import type { egressSection } from '../../config/mapping/blind-section.ts'
import type { auditSection } from '../../config/sections/log.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { SourceFiles } from '../../core/ports/files.ts'
import type { SettingsOf } from '../../settings/field.ts'

/** The settings of blind mode that `run` and `proxy` share. */
export interface BlindSettings {
  readonly egress: SettingsOf<typeof egressSection>
  readonly audit: SettingsOf<typeof auditSection>
}

type BlindMachine = Awaited<ReturnType<typeof import('../../wire.ts').loadBlindMachine>>['blindMachine']

/** The parts of blind mode that both commands build. */
interface OpenedBlind extends AsyncDisposable {
  readonly gate: BlindGate
  readonly machine: BlindMachine
  readonly authority: ReturnType<BlindMachine['openBlindAuthority']>
  /** Listens. Rejects with `io`. */
  listen(at: {
    readonly host: string
    readonly port: number
  }): Promise<AsyncDisposable & { readonly address: string }>
}

interface Surroundings {
  readonly clock: Clock
  readonly emit: Emit
  readonly sources: SourceFiles
  /** The command of locket, for the audit log. */
  readonly command: string
}

/** Builds gate, authority and proxy. Rejects with `io` or `config` when upstream-ca cannot be used. */
export async function openBlind(
  { egress, audit: auditing }: BlindSettings,
  { clock, emit, sources, command }: Surroundings,
): Promise<OpenedBlind> {
  const [{ openAuditFile, loadBlindMachine }, { openBlindProxy }, { openUpstream }, { readTrusted }] =
    await Promise.all([
      import('../../wire.ts'),
      import('../../http/blind/proxy.ts'),
      import('../../http/blind/upstream.ts'),
      import('../../http/blind/trusted.ts'),
    ])
  const [trusted, { blindMachine: machine }] = await Promise.all([
    readTrusted(egress.upstreamCa, sources),
    loadBlindMachine(),
  ])
  const { path, onFailure, ...rotation } = auditing
  const audit =
    path === undefined
      ? NO_BLIND_AUDIT
      : createBlindAudit({
          log: openAuditFile(path, { clock, ...rotation }),
          clock,
          emit,
          onFailure,
          command,
        })
  const gate = createBlindGate(
    { hosts: egress.hosts ?? [], addresses: egress.addresses ?? [] },
    { emit, audit },
  )
  const authority = machine.openBlindAuthority(clock)
  const upstream = openUpstream({ mayReach: (address) => gate.mayReach(address), trusted })
  return {
    gate,
    machine,
    authority,
    listen: (at) =>
      openBlindProxy(at, {
        clock,
        gate,
        upstream,
        passed: machine.openStreamCare(),
        certificateOf: (host) => authority.certificateOf(host),
      }),
    async [Symbol.asyncDispose]() {
      gate[Symbol.dispose]()
      await audit.close()
    },
  }
}
