import { inLines, shortened, type AuditFacts } from '../../core/audit/facts.ts'
import { derived, macOf } from '../../core/keys/derive.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import type { HostKey } from '../../core/ports/cache-files.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { VolumeName } from '../../core/vocabulary/names.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { Around } from '../access/clients.ts'
import { createAccessNotes, NO_NOTES, type AccessNotes } from './access-notes.ts'

/** The access that a line is about: one of a volume, or one of a task of a Swarm. */
interface AuditedAccess extends Pick<AuditFacts, 'action' | 'mountId' | 'secret' | 'service' | 'task'> {
  readonly volume?: VolumeName
  /** The ID of the container, when it is found out. It never rejects. */
  readonly container?: Promise<string | undefined>
}

/** The audit of one access: the values that it asks for, and its end. */
export interface AccessAudit {
  /** Notes what each provider instance is asked for, and its answers. */
  readonly around: Around
  /**
   * Writes that the values are delivered. Rejects with `io` when the lines cannot be written and
   * `audit-on-failure` is deny: the values must then not be delivered. `note`: a remark for the line.
   */
  delivered(note?: string): Promise<void>
  /** Writes that the access failed. Never rejects. */
  failed(reason: LocketError): Promise<void>
}

/** The audit of the daemon. */
export interface Audit {
  /** True: lines name the container of a mount, where it is known. */
  readonly namesContainers: boolean
  /** Begins the audit of one access. `notes`: those of the question whose answer several accesses share. */
  open(access: AuditedAccess, notes?: AccessNotes): AccessAudit
  /** Makes notes for accesses that share the answer to one question. */
  notes(): AccessNotes
  /** Writes one line without values. Never rejects. */
  note(facts: Partial<AuditedAccess> & Pick<AuditedAccess, 'action'>): Promise<void>
  /** Forgets the last refresh of a volume that is removed. */
  forget(volume: VolumeName): void
  close(): Promise<void>
}

/** The machine, as the audit sees it. */
interface AuditPorts {
  readonly log: AuditLog
  readonly hostKey: HostKey
  readonly clock: Clock
  readonly emit: Emit
  readonly onFailure: 'deny' | 'warn'
}

const KEY_BYTES = 32
/** Mounts whose containers are known. */
const MOST_MOUNTS = 10_000

/** Makes the audit that writes to `log`. */
export function createAudit({ log, hostKey, clock, emit, onFailure }: AuditPorts): Audit {
  /** For each volume, the values of its last delivery: a refresh that finds the same writes no line. */
  const delivered = new Map<VolumeName, string>()
  /** The containers of mounts, by mount ID: an Unmount is of the container of its Mount. */
  const containers = new Map<string, string>()
  let lost = 0
  let failingSince: string | undefined
  let fingerprintKey: Secret | undefined
  let keyFault: string | undefined

  const now = () => new Date(clock.now()).toISOString()

  /** Rejects when the lines are not on disk. */
  async function append(lines: readonly AuditFacts[]): Promise<void> {
    const missed = lost
    lost = 0
    const all = lines.flatMap(inLines).map(shortened)
    try {
      await log.append(missed === 0 ? all : [gap(missed), ...all])
      if (failingSince !== undefined) emit('audit.recovered', { lost: missed })
      failingSince = undefined
    } catch (thrown) {
      lost += missed + all.length
      const error = toLocketError(thrown)
      if (failingSince === undefined) emit('audit.failed', { error: formatError(error), policy: onFailure })
      failingSince ??= now()
      throw error
    }
  }

  async function appendIfPossible(written: readonly AuditFacts[]): Promise<void> {
    try {
      await append(written)
    } catch {
      // `append` has reported it.
    }
  }

  function gap(missed: number): AuditFacts {
    const note = `${missed} lines before this one could not be written, since ${failingSince ?? now()}`
    return { time: now(), action: 'gap', outcome: 'ok', command: 'volume', note }
  }

  /** Returns the fingerprint of a value, or undefined when there is no host key. */
  async function fingerprint(reference: string, value: Secret): Promise<string | undefined> {
    fingerprintKey ??= await hostKey().then(
      (key) => derived(key, 'locket audit 1: fingerprints', KEY_BYTES),
      (thrown: unknown) => {
        const error = formatError(toLocketError(thrown))
        if (error !== keyFault) emit('audit.no-fingerprints', { error })
        keyFault = error
        return undefined
      },
    )
    if (fingerprintKey === undefined) return undefined
    return Buffer.from(macOf(fingerprintKey, reference, value).subarray(0, 16)).toString('base64url')
  }

  /** Remembers the container of a mount, and returns it as a fact. */
  function containerFact(
    mountId: string | undefined,
    found: string | undefined,
  ): Pick<AuditFacts, 'container'> {
    if (mountId === undefined) return {}
    if (found !== undefined && containers.size >= MOST_MOUNTS) containers.clear()
    if (found !== undefined) containers.set(mountId, found)
    const container = containers.get(mountId)
    return container === undefined ? {} : { container }
  }

  function open(access: AuditedAccess, notes = createAccessNotes(fingerprint, clock)): AccessAudit {
    const { action, volume, container, ...who } = access

    async function lines(outcome: string, note?: string): Promise<readonly AuditFacts[]> {
      const head = { time: now(), action, outcome, command: 'volume' }
      const facts = {
        ...head,
        ...(volume === undefined ? {} : { volume }),
        ...who,
        ...containerFact(access.mountId, await container),
        ...(note === undefined ? {} : { note }),
      }
      const asked = notes.byProvider()
      return asked.length === 0
        ? [facts]
        : asked.map(([provider, values]) => ({ ...facts, provider, values }))
    }

    /** True when the last delivery or failure of this volume had the same values and the same end. */
    function isRepeated(outcome: string): boolean {
      if (volume === undefined || (action !== 'mount' && action !== 'refresh')) return false
      const text = JSON.stringify([outcome, notes.byProvider()])
      const isSame = delivered.get(volume) === text
      delivered.set(volume, text)
      return isSame && action === 'refresh'
    }

    return {
      around: notes.around,

      async delivered(note) {
        if (isRepeated('ok')) return
        try {
          await append(await lines('ok', note))
        } catch (thrown) {
          if (onFailure === 'warn') return
          if (volume !== undefined) delivered.delete(volume)
          const error = toLocketError(thrown)
          throw new LocketError('io', `the access cannot be recorded in the audit log: ${error.reason}`, {
            cause: error,
            hint: 'audit-on-failure is deny; warn lets volumes mount without their line',
          })
        }
      },

      async failed(reason) {
        if (isRepeated(reason.code)) return
        await appendIfPossible(await lines(reason.code, formatError(reason)))
      },
    }
  }

  return {
    namesContainers: true,
    open,
    notes: () => createAccessNotes(fingerprint, clock),
    async note({ action, volume, mountId }) {
      const facts = { time: now(), action, outcome: 'ok', command: 'volume' }
      const who = {
        ...(volume === undefined ? {} : { volume }),
        ...(mountId === undefined ? {} : { mountId }),
        ...containerFact(mountId, undefined),
      }
      if (action === 'unmount' && mountId !== undefined) containers.delete(mountId)
      await appendIfPossible([{ ...facts, ...who }])
    },
    forget: (volume) => void delivered.delete(volume),
    async close() {
      await log.close()
      fingerprintKey?.wipe()
    },
  }
}

/** The audit of a daemon without an audit log. */
export const NO_AUDIT: Audit = {
  namesContainers: false,
  open: () => ({
    around: (_, next) => next,
    delivered: async () => undefined,
    failed: async () => undefined,
  }),
  notes: () => NO_NOTES,
  note: async () => undefined,
  forget: () => undefined,
  close: async () => undefined,
}
