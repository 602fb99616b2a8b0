import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { AwsRegion } from '../lib/aws/open.ts'
import { providerError } from '../lib/provider-error.ts'
import { batchError, explainSecret, SecretBatch, SecretValue } from './answers.ts'
import { formatSecretVersion, type AwsSecret } from './refs.ts'

/** The largest number of secrets in one request (API_BatchGetSecretValue.html). */
const MOST_IN_BATCH = 20

interface ReaderOptions {
  readonly regionOf: (region: string | undefined) => AwsRegion
  /** All references of the batch. */
  readonly references: readonly AwsSecret[]
  readonly signal: AbortSignal
  /** Addresses at which BatchGetSecretValue is denied. The reader adds to them. */
  readonly single: Set<string>
}

/** Reads the secrets of one batch. */
export interface SecretReader {
  /** Resolves with the value of a reference, which others may share. Rejects with the error of the secret. */
  read(reference: AwsSecret): Promise<SecretValue>
}

/**
 * Makes the reader of one batch. Each version of a secret is asked for once. Current versions of one region
 * go in requests of up to 20, and others by themselves, because the service gives only current versions at
 * once. It does no I/O before the first read.
 */
export function createSecretReader({ regionOf, references, signal, single }: ReaderOptions): SecretReader {
  const answers = new Map<string, Promise<SecretValue>>()
  const chunks = new Map<string, () => Promise<Found>>()

  for (const group of Map.groupBy(references.filter(isCurrent), ({ region }) => region ?? '').values()) {
    const ids = [...new Set(group.map(({ id }) => id))]
    for (let at = 0; at < ids.length; at += MOST_IN_BATCH) {
      const chunk = ids.slice(at, at + MOST_IN_BATCH)
      if (chunk.length === 1) continue
      let asked: Promise<Found> | undefined
      const ask = () => (asked ??= readChunk(chunk, group[0]?.region))
      for (const id of chunk) chunks.set(`${group[0]?.region ?? ''} ${id}`, ask)
    }
  }

  async function readChunk(ids: readonly string[], region: string | undefined): Promise<Found> {
    const { who, call } = regionOf(region)
    if (single.has(who)) return NOTHING
    try {
      const answer = await call({
        operation: 'BatchGetSecretValue',
        input: { SecretIdList: ids },
        signal,
        explain: (refusal) => explainSecret(who, 'several secrets at once', refusal),
      })
      const read = SecretBatch.safeParse(answer)
      if (!read.success) throw unreadable(who)
      return { values: read.data.SecretValues, errors: read.data.Errors }
    } catch (thrown) {
      // It is a permission of its own. A secret that the service does not take spoils the whole batch.
      if (!isLocketError(thrown) || !ALONE.has(thrown.code)) throw thrown
      if (thrown.code === 'denied') single.add(who)
      return NOTHING
    }
  }

  async function readOne(reference: AwsSecret): Promise<SecretValue> {
    const { id, stage, version, region } = reference
    const { who, call } = regionOf(region)
    const what = shownSecret(reference)
    const ask = isCurrent(reference) ? chunks.get(`${region ?? ''} ${id}`) : undefined
    if (ask !== undefined) {
      const { values, errors } = await ask()
      const value = values.find((one) => isMeant(one, id))
      if (value !== undefined) return value
      const code = errors.find(({ SecretId }) => SecretId === id)?.ErrorCode
      const error = code === undefined ? undefined : batchError(who, what, code)
      if (error !== undefined) throw error
    }
    const answer = await call({
      operation: 'GetSecretValue',
      input: { SecretId: id, VersionStage: stage, VersionId: version },
      signal,
      explain: (refusal) => explainSecret(who, what, refusal),
    })
    const value = SecretValue.safeParse(answer)
    if (value.success) return value.data
    throw unreadable(who)
  }

  return {
    read(reference) {
      const key = formatSecretVersion(reference)
      const known = answers.get(key) ?? readOne(reference)
      answers.set(key, known)
      return known
    },
  }
}

interface Found {
  readonly values: readonly SecretValue[]
  readonly errors: readonly { readonly SecretId: string; readonly ErrorCode: string }[]
}

const NOTHING: Found = { values: [], errors: [] }
/** The codes after which each secret of a batch is asked for alone. */
const ALONE: ReadonlySet<string> = new Set(['denied', 'not_found', 'too_large'])

function isCurrent({ stage, version }: AwsSecret): boolean {
  return stage === undefined && version === undefined
}

/** An ARN may lack the hyphen and the six characters that the service adds to a name. */
function isMeant({ arn, name }: SecretValue, id: string): boolean {
  return (
    arn === id || name === id || (arn.startsWith(`${id}-`) && /^-[A-Za-z0-9]{6}$/.test(arn.slice(id.length)))
  )
}

/** Returns the secret of a reference for messages, with its version. */
export function shownSecret({ id, stage, version }: AwsSecret): string {
  const parts = [
    stage === undefined ? '' : ` at stage ${stage}`,
    version === undefined ? '' : ` in version ${version}`,
  ]
  return `secret ${JSON.stringify(id.length > 120 ? `${id.slice(0, 120)}…` : id)}${parts.join('')}`
}

function unreadable(who: string) {
  return providerError('provider_protocol', `${who} sent an answer that is not one of Secrets Manager`, {
    hint: 'is aws-endpoint-url the address of it?',
  })
}
