import * as z from 'zod'
import type { LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import type { HttpClient, Refusal } from '../http/http.ts'
import { providerError } from '../provider-error.ts'
import { explainCommon, readFailure } from './errors.ts'
import { FoundKeys } from './key-text.ts'
import { signAwsRequest, type AwsKeys } from './sign.ts'

const MAX_BYTES = 64 * 1024
const VERSION = '2011-06-15'

/** The role to take on. */
export interface Role {
  readonly roleArn: string
  readonly sessionName: string
  readonly externalId?: string | undefined
  readonly durationSeconds?: string | undefined
}

/** The Security Token Service of one region (https://docs.aws.amazon.com/STS/latest/APIReference/). */
export interface Sts {
  /** Exchanges a web identity token. Nothing signs the request. Rejects with `auth` or `denied`. */
  withWebIdentity(role: Role, token: string, signal: AbortSignal): Promise<FoundKeys>
  /** Takes on a role with other keys. */
  withKeys(role: Role, keys: AwsKeys, signal: AbortSignal): Promise<FoundKeys>
}

/** Makes the client of one address. `region` is for the signature, `url` is the address of `http`. */
export function createSts(
  http: HttpClient,
  { url: baseUrl, region, clock }: { readonly url: string; readonly region: string; readonly clock: Clock },
): Sts {
  async function ask(
    action: string,
    parameters: Readonly<Record<string, string | undefined>>,
    keys: AwsKeys | undefined,
    signal: AbortSignal,
  ): Promise<FoundKeys> {
    const given = Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    )
    const body = new TextEncoder().encode(
      new URLSearchParams({ Action: action, Version: VERSION, ...Object.fromEntries(given) }).toString(),
    )
    const headers = {
      // Errors are JSON then. Some servers of the same protocol answer with XML all the same.
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    }
    const url = new URL(`${baseUrl}/`)
    let answer: Uint8Array | undefined
    try {
      answer = await http.send({
        method: 'POST',
        path: '/',
        headers: (sent) =>
          keys === undefined
            ? headers
            : signAwsRequest({ method: 'POST', url, headers, body: sent }, keys, {
                region,
                service: 'sts',
                now: clock.now(),
              }),
        body,
        maxBytes: MAX_BYTES,
        signal,
        explain: (refusal) => explainRole(http.who, refusal, clock.now()),
      })
      return readKeys(new TextDecoder().decode(answer), http.who)
    } finally {
      body.fill(0)
      answer?.fill(0)
    }
  }

  const asParameters = ({ roleArn, sessionName, externalId, durationSeconds }: Role) => ({
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    ExternalId: externalId,
    DurationSeconds: durationSeconds,
  })

  return {
    withWebIdentity: (role, token, signal) =>
      ask('AssumeRoleWithWebIdentity', { ...asParameters(role), WebIdentityToken: token }, undefined, signal),
    withKeys: (role, keys, signal) => ask('AssumeRole', asParameters(role), keys, signal),
  }
}

const Credentials = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  SessionToken: z.string().optional(),
  Expiration: z.union([z.number().transform((seconds) => seconds * 1000), z.string().transform(Date.parse)]),
})

/**
 * Reads the keys of an answer. Its JSON has them two levels deep, in objects with the names of the action.
 */
function readKeys(text: string, who: string): FoundKeys {
  const { success, data } = Credentials.safeParse(text.startsWith('{') ? inJson(text) : inXml(text))
  const keys = FoundKeys.safeParse({
    accessKeyId: data?.AccessKeyId,
    secretAccessKey: data?.SecretAccessKey,
    sessionToken: data?.SessionToken,
  })
  if (success && keys.success && !Number.isNaN(data.Expiration))
    return { ...keys.data, expiresAt: data.Expiration }
  throw providerError('provider_protocol', `${who} sent an answer without keys`, {
    hint: 'is it the address of the Security Token Service?',
  })
}

const Level = z.record(z.string(), z.unknown())

function inJson(text: string): unknown {
  try {
    const [response] = Object.values(Level.parse(JSON.parse(text)))
    const results = Object.values(Level.parse(response)).map((result) => Level.safeParse(result).data)
    return results.find((result) => result?.['Credentials'] !== undefined)?.['Credentials']
  } catch {
    // The error of the parser is not kept, because its text quotes the answer.
    return undefined
  }
}

/** The elements of an XML answer. Keys and tokens have no characters that XML escapes. */
function inXml(text: string): unknown {
  const names = ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration']
  return Object.fromEntries(names.map((name) => [name, elementOf(text, name)]))
}

function elementOf(xml: string, name: string): string | undefined {
  const [first, second] = xml.split(`<${name}>`).slice(1)
  return second === undefined ? first?.split('<')[0]?.trim() : undefined
}

function explainRole(who: string, refusal: Refusal, now: number): LocketError | undefined {
  const common = explainCommon(who, refusal, now)
  if (common !== undefined) return common
  const { status } = refusal
  const { name } = readFailure(refusal)
  const named = name === '' ? `(status ${status})` : `(${name}, status ${status})`
  if (status === 403)
    return providerError('denied', `${who} does not let these credentials take on the role ${named}`, {
      hint: 'does the trust policy of the role name them?',
    })
  if (status === 400)
    return providerError('auth', `${who} does not accept the request for a role ${named}`, {
      hint: 'is the web identity token current, and made for this role?',
    })
  return undefined
}
