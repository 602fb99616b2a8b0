import { createHash, createHmac } from 'node:crypto'
import type { Secret } from '../../../core/vocabulary/secret.ts'

/** The keys that sign a request. The secret one is wiped by its holder. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  /** The token of temporary keys. */
  readonly sessionToken?: string | undefined
}

/** The part of a request that is signed. It has no query: every operation is a POST with a body. */
interface SignedRequest {
  readonly method: string
  /** The address with its encoded path. */
  readonly url: URL
  /** The headers to sign, by their names in any case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

/** Where and when the signature counts. */
interface SigningScope {
  readonly region: string
  /** The name of the service in the signature: `secretsmanager`. */
  readonly service: string
  /** Milliseconds since the epoch. A server accepts a difference of five minutes. */
  readonly now: number
}

/**
 * Returns the headers of a request with its signature (AWS Signature Version 4,
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). It is not
 * repeatable later: the signature holds the time.
 */
export function signAwsRequest(
  { method, url, headers, body = new Uint8Array() }: SignedRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKeys,
  { region, service, now }: SigningScope,
): Readonly<Record<string, string>> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d{3}/g, '')
  const date = time.slice(0, 8)
  const own = { ...headers, 'x-amz-date': time }
  const sent = sessionToken === undefined ? own : { ...own, 'x-amz-security-token': sessionToken }
  const signed = Object.entries({ ...sent, host: url.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replaceAll(/ +/g, ' ')] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const canonical = [
    method,
    url.pathname.split('/').map(encodeSegment).join('/'),
    '',
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(body),
  ].join('\n')
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = signingKey(secretAccessKey, [date, region, service, 'aws4_request'])
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  key.fill(0)
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return { ...sent, authorization }
}

/** Returns the key of one day, region and service. The keys on the way to it are wiped. */
function signingKey(secret: Secret, steps: readonly string[]): Buffer {
  let key = Buffer.concat([Buffer.from('AWS4'), secret.reveal()])
  for (const step of steps) {
    const next = createHmac('sha256', key).update(step).digest()
    key.fill(0)
    key = next
  }
  return key
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Encodes a segment of an encoded path once more, as every service but S3 expects it. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
