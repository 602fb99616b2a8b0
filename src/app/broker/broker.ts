import type { AnswerRow } from '../../core/broker/answer-body.ts'
import type { SigningProtocol } from '../../core/broker/signing/claim.ts'
import { signAnswer } from '../../core/broker/signing/answer-signature.ts'
import type { SignatureHeaders } from '../../core/broker/signing/request-signature.ts'
import { createNonce } from '../../core/broker/tokens.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { PolicyState } from '../policy/live-policy.ts'
import { createAuditReader, type AuditReader } from './audit/reader.ts'
import { createSelection } from './audit/selection.ts'
import { dropOldLines } from './audit/drop-old-lines.ts'
import { createAuthenticate, type Authenticated, type MachineRequest } from './authenticate.ts'
import { createCatalog, type Catalog } from './catalog.ts'
import { createChangeList } from './watching/changes.ts'
import { createEnrol, serverFacts, type EnrolAnswer, type EnrolRequest, type ServerFacts } from './enrol.ts'
import { createFreshness } from './watching/freshness.ts'
import { createMachines, type Machines } from './machines.ts'
import type { BrokerPorts } from './ports.ts'
import { createRead, hasFields, type ReadRequest } from './read.ts'
import { createSealer } from './sealing.ts'
import { createReadById, type ReadById } from './sikkerkey/read-by-id.ts'
import { createStrangers, type Strangers } from './admission/strangers.ts'
import { createWorkloads, type Workloads } from './admission/workloads.ts'
import { createWatches, type Watched } from './watching/watch.ts'

/** A secret that a machine may read. */
interface GrantedSecret {
  readonly project: string
  readonly name: string
  /** It has fields: `project/name/*` gives them. */
  readonly hasFields: boolean
}

/** The broker: what machines ask, and what an operator changes. Disposing ends its loops. */
export interface Broker extends Disposable {
  /** See `createAuthenticate`. */
  authenticate(request: MachineRequest, protocol?: SigningProtocol): Promise<Authenticated>
  /** The limit of requests before that. */
  readonly strangers: Strangers
  /** See `createRead`. */
  read(by: Authenticated, request: ReadRequest): Promise<ReadonlyMap<string, AnswerRow>>
  /** The same reads for programs that know a secret by an id. */
  readonly byId: ReadById
  /** Resolves with all that grants and policy let the machine read at present, without values. */
  list(by: Authenticated): Promise<readonly GrantedSecret[]>
  /** The `since` of a watch that begins now. */
  cursor(): string
  /** See `Watches.watch`. */
  watch(by: Authenticated, since: string, signal: AbortSignal): Promise<Watched>
  enrol(request: EnrolRequest): Promise<EnrolAnswer>
  readonly workloads: Workloads
  readonly server: ServerFacts
  /** Encrypts a body for the machine that asked. */
  seal(by: Authenticated, body: Uint8Array): Uint8Array
  /** Signs an answer with the broker's key. */
  sign(
    by: Authenticated,
    answer: { readonly status: number; readonly contentType: string; readonly body: Uint8Array },
  ): SignatureHeaders
  readonly machines: Machines
  readonly catalog: Catalog
  /** Returns the policy in effect. Undefined: there is none, and grants alone decide. */
  policy(): PolicyState | undefined
  /** The audit, for people. */
  readonly audit: AuditReader
}

/** Milliseconds for one round of questions about watched values. */
const REFRESH_DEADLINE_MS = 30_000
/** Milliseconds between two deletions of expired nonces, tokens and bundles. */
const EXPIRY_MS = 60_000

/**
 * Makes a broker. While machines watch, it asks again for values that were read, once in each interval. It
 * deletes what has expired from the store at the start and each minute.
 */
export function createBroker(ports: BrokerPorts): Broker {
  const { clock, store, settings, emit } = ports
  const stopping = new AbortController()
  const changes = createChangeList(createNonce())
  store.onChange((change) => changes.add(change))
  const watches = createWatches(ports, changes)
  const freshness = createFreshness(ports, changes)
  const sealer = createSealer(clock)
  const selection = createSelection(ports)
  const read = createRead(ports, ({ machine }, secrets, outcomes) =>
    freshness.note(machine.id, secrets, outcomes),
  )

  async function follow(): Promise<void> {
    for (;;) {
      await clock.sleep(settings.refreshMs, stopping.signal)
      if (watches.held() === 0) continue
      const deadline = new AbortController()
      const late = clock.sleep(REFRESH_DEADLINE_MS, AbortSignal.any([stopping.signal, deadline.signal]))
      late.then(
        () => deadline.abort(new LocketError('timeout', 'the providers did not answer within 30 s')),
        () => undefined,
      )
      await freshness.refresh(AbortSignal.any([stopping.signal, deadline.signal])).catch(report)
      deadline.abort(new LocketError('aborted', 'the round is over'))
    }
  }

  async function dropExpired(): Promise<void> {
    for (;;) {
      await store.dropExpired(clock.now()).catch(report)
      await dropOldLines(ports).catch(report)
      await clock.sleep(EXPIRY_MS, stopping.signal)
    }
  }

  function report(thrown: unknown): void {
    if (!stopping.signal.aborted) emit('broker.trouble', { error: formatError(toLocketError(thrown)) })
  }

  for (const loop of [follow, dropExpired]) loop().catch(report)

  return {
    authenticate: createAuthenticate(ports),
    strangers: createStrangers(clock),
    read,
    byId: createReadById(ports, read),
    async list(by) {
      return (await selection.visible(by)).map(({ project, name, reference }) => ({
        project,
        name,
        hasFields: hasFields(reference, ports.parseRef),
      }))
    },
    cursor: () => changes.cursor(),
    watch(by, since, signal) {
      freshness.keep(by.machine.id)
      return watches.watch(by, since, AbortSignal.any([signal, stopping.signal]))
    },
    enrol: createEnrol(ports),
    workloads: createWorkloads(ports),
    server: serverFacts(ports),
    seal: sealer,
    sign: ({ requestSignature }, answer) =>
      signAnswer({ ...answer, requestSignature }, { key: ports.keys.signing, now: clock.now() }),
    machines: createMachines(ports),
    catalog: createCatalog(ports),
    policy: () => ports.policy?.(),
    audit: createAuditReader(ports.audited, { key: ports.keys.signing, clock }),
    [Symbol.dispose]() {
      stopping.abort(new LocketError('unavailable', 'the broker stops'))
    },
  }
}
