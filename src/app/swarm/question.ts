import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Caller } from '../../core/vocabulary/caller.ts'
import type { Lease, Outcomes } from '../../core/vocabulary/resolve.ts'
import type { ProviderInstance } from '../../providers/define.ts'
import type { Around, Clients } from '../access/clients.ts'
import type { AccessNotes } from '../audit/access-notes.ts'
import type { Machine } from '../machine.ts'
import { openDeadline } from '../render/deadline.ts'
import { render } from '../render/render.ts'
import type { SwarmBreaker } from './breaker.ts'
import type { SwarmTemplate } from './secret-template.ts'
import type { AskedValue, Question } from './value-memory.ts'

/** The smallest and the largest value that an engine takes, in bytes. */
const LARGEST_VALUE = 511_999

/** Milliseconds for a question, longer than its callers wait: the next caller finds a slow answer. */
const LONGEST_QUESTION_MS = 25_000

const CALLER: Caller = { kind: 'command', name: 'swarm' }

interface QuestionPorts extends Pick<Machine, 'clock'> {
  readonly clients: Clients
  readonly breaker: SwarmBreaker
  /** Aborted when the daemon stops. */
  readonly stopping: AbortSignal
}

/** Asks the providers for the references of a template, once, and renders it. */
export function askFor(asked: SwarmTemplate, notes: AccessNotes, ports: QuestionPorts): Question {
  const { breaker, clients, stopping } = ports
  const pending = new Set<ProviderInstance>()
  let isFleeting = false

  const around: Around = (instance, next) => {
    const noted = notes.around(instance, next)
    return async (refs, signal) => {
      const refusal = breaker.refusal(instance)
      if (refusal !== undefined) return new Map(refs.map((ref) => [ref.id, { ok: false, error: refusal }]))
      pending.add(instance)
      const answered = await noted(refs, signal).finally(() => pending.delete(instance))
      const outcomes = withoutLeases(answered, ({ id }) => {
        const revoked = clients.leasesOf(CALLER, instance).revoke(id, stopping)
        revoked.catch(() => undefined)
      })
      breaker.note(instance, outcomes)
      isFleeting ||= [...outcomes.values()].some(({ ...it }) => it.ok && it.secret.isFleeting === true)
      return outcomes
    }
  }

  return {
    answer: answerOf(asked, around, ports).then((answer) => ({ ...answer, notes, isFleeting })),
    noteLate() {
      const [slow] = pending
      const error = lateError(slow?.name)
      for (const instance of pending) breaker.fail(instance, lateError(instance.name))
      return error
    },
  }
}

/**
 * Returns the outcomes with an error in place of each value that has a lease: nobody would renew it while the
 * task runs, or revoke it after that.
 */
function withoutLeases(outcomes: Outcomes, revoke: (lease: Lease) => void): Outcomes {
  return new Map(
    Array.from(outcomes, ([id, outcome]) => {
      if (!outcome.ok || outcome.secret.lease === undefined) return [id, outcome]
      outcome.secret.value.wipe()
      revoke(outcome.secret.lease)
      return [id, { ok: false, error: leased() }]
    }),
  )
}

function leased(): LocketError {
  return new LocketError('unfit_value', 'the value has a lease, which ends while the task runs', {
    hint: 'use a volume of locket, which renews and revokes leases',
  })
}

async function answerOf(
  { template, origin, providers }: SwarmTemplate,
  around: Around,
  { clients, clock, stopping }: QuestionPorts,
): Promise<Pick<AskedValue, 'value' | 'expiresAt'>> {
  using deadline = openDeadline(LONGEST_QUESTION_MS, clock, stopping)
  const recipe = { templates: [{ origin, template }] }
  const rendered = await render(recipe, {
    policy: 'error',
    maxFileBytes: LARGEST_VALUE,
    resolve: clients.resolveFor(CALLER, providers, around),
    clock,
    signal: deadline.signal,
    asksOnce: true,
  }).catch((thrown: unknown) => {
    throw isTooLarge(thrown) ? tooLarge() : thrown
  })
  const [value] = rendered.contents.values()
  if (value === undefined || value.byteLength === 0) {
    rendered.wipe()
    throw new LocketError('unfit_value', 'the value is empty, and Swarm takes no empty secret')
  }
  return { value, expiresAt: rendered.expiresAt }
}

function isTooLarge(thrown: unknown): boolean {
  return thrown instanceof LocketError && thrown.code === 'too_large'
}

function tooLarge(): LocketError {
  return new LocketError('too_large', `the value has more than ${LARGEST_VALUE} bytes, the limit of Swarm`, {
    hint: 'a volume of locket has no such limit: --mount type=volume,volume-driver=locket',
  })
}

function lateError(provider: string | undefined): LocketError {
  return new LocketError('timeout', `${provider ?? 'the provider'} gave no answer within 1.5 s`, {
    facts: { provider },
    names: ['provider'],
    hint: 'the question goes on, and Swarm starts the task again',
  })
}
