import { formatAuthority, namesHost, type Authority, type HostPattern } from '../../core/blind/authority.ts'
import { isPublicAddress } from '../../core/blind/reachable.ts'
import { createScrubber, scrubForms, type ScrubForms, type Scrubber } from '../../core/blind/scrub.ts'
import type { BlindSecret, SwapNote } from '../../core/blind/swap.ts'
import { isWithin } from '../../core/broker/addresses.ts'
import { formatError, LocketError } from '../../core/vocabulary/errors.ts'
import { isMaskable } from '../../core/text/printed-forms.ts'
import { wipeAll } from '../../core/vocabulary/secret.ts'
import type { Emit } from '../../core/ports/events.ts'
import type { BlindAudit } from '../audit/blind-audit.ts'

/** The ways out that a user opens, beside those of the bindings. */
interface EgressRules {
  /** Hosts that get no value. */
  readonly hosts: readonly HostPattern[]
  /** Networks that are not public, as CIDR: `10.0.0.0/8`. */
  readonly addresses: readonly string[]
}

/** A request of the command, as the log and the audit log show it. */
export interface SeenRequest extends Authority {
  readonly method: string
  /** Without the query. */
  readonly path: string
}

/** The decisions about requests, and the record of them. */
export interface BlindGate extends Disposable {
  /** Takes these values from now on. Those before are still hidden in answers. Takes ownership of them. */
  use(secrets: readonly BlindSecret[]): void
  secrets(): readonly BlindSecret[]
  /** Returns the error of a host that is neither bound nor allowed. */
  refusalOf(asked: Authority): LocketError | undefined
  /** True for a public address, and for one of a network that the user names. */
  mayReach(address: string): boolean
  scrubber(): Scrubber
  /** Records that values were put into a request. Rejects with `io`: the request must not be sent then. */
  swapped(request: SeenRequest, notes: readonly SwapNote[]): Promise<void>
  /** Logs placeholders that are sent on unchanged. */
  left(request: SeenRequest, notes: readonly SwapNote[]): void
  /** Records a request that is not sent. */
  refused(request: SeenRequest, error: LocketError): void
}

interface GatePorts {
  readonly emit: Emit
  readonly audit: BlindAudit
}

/** Makes the gate. It lets nothing pass until `use` is called. */
export function createBlindGate(egress: EgressRules, { emit, audit }: GatePorts): BlindGate {
  let current: readonly BlindSecret[] = []
  let before: readonly BlindSecret[] = []
  let forms: ScrubForms = scrubForms([])

  return {
    use(secrets) {
      wipeAll(before.map(({ value }) => value))
      before = current
      current = secrets
      const unfit = current.filter(({ value }) => !isMaskable(value)).map(({ name }) => name)
      if (unfit.length > 0) emit('blind.not-scrubbed', { variables: unfit })
      // Streams that are open keep the forms that they began with.
      forms = scrubForms([...current, ...before])
    },
    secrets: () => current,

    refusalOf(asked) {
      const bound = current.flatMap(({ binding }) => binding?.hosts ?? [])
      if ([...bound, ...egress.hosts].some((pattern) => namesHost(pattern, asked))) return undefined
      return new LocketError('denied', `no secret is bound to ${formatAuthority(asked)}`, {
        hint: 'requests to it need a binding in the mapping file, or --allow-host',
      })
    },
    mayReach: (address) =>
      isPublicAddress(address) || (egress.addresses.length > 0 && isWithin(address, egress.addresses)),
    scrubber: () => createScrubber(forms),

    async swapped(request, notes) {
      const [host, secrets] = [formatAuthority(request), [...new Set(notes.map(({ name }) => name))]]
      await audit.swapped({ what: whatOf(request), notes })
      emit('blind.swapped', { host, method: request.method, path: request.path, secrets })
    },
    left(request, notes) {
      const secrets = [...new Set(notes.map(({ name, place }) => `${name} (${place})`))]
      emit('blind.left', { host: formatAuthority(request), method: request.method, secrets })
    },
    refused(request, error) {
      void audit.refused({ what: whatOf(request), error })
      const facts = { host: formatAuthority(request), method: request.method, error: formatError(error) }
      emit('blind.refused', facts)
    },
    [Symbol.dispose]() {
      forms[Symbol.dispose]()
      wipeAll([...current, ...before].map(({ value }) => value))
      current = []
      before = []
    },
  }
}

function whatOf(request: SeenRequest): string {
  return `${request.method} https://${formatAuthority(request)}${request.path}`
}
