import * as z from 'zod'
import { errnoOf, isLocketError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import type { AmbientCredential } from '../lib/login/ambient.ts'
import { credentialText, readCredentialBytes } from '../lib/login/credential.ts'
import { createMachineHttp } from '../lib/login/machine-http.ts'
import type { Session } from '../lib/login/sessions.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { providerError } from '../lib/provider-error.ts'
import { chooseField } from '../lib/reference/json-field.ts'
import { parseConfiguration } from './configuration.ts'
import { crc32c } from './crc32c.ts'
import { parseGcpSecret, resourceOf, type GcpSecret } from './refs.ts'
import type { GcpSettings } from './settings.ts'
import { createGcpTokens, type GcpToken } from './tokens.ts'

/** Bytes of one answer. A secret has at most 64 KiB; a server of the same protocol may keep more. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const USUAL_URL = 'https://secretmanager.googleapis.com'
/** Takes the place of a configuration when the metadata of the machine is asked. */
const MACHINE = 'metadata'

const Version = z.object({
  name: z.string(),
  payload: z.object({ data: z.base64().default(''), dataCrc32c: z.coerce.string().nullish() }),
})

/** The data that the references of one batch share. */
interface Batch {
  readonly read: (reference: GcpSecret) => Promise<Found>
}

interface Found {
  readonly bytes: Uint8Array
  readonly version: string | undefined
}

/** Opens a client of Google Cloud Secret Manager. */
export function openGcpSm(settings: GcpSettings, deps: ProviderDeps, instance: string): ProviderClient {
  const { url, credentials, maxConcurrent, maxRate } = settings
  const isOfVolume = credentials?.except !== undefined
  const caCert = { setting: 'gcp-sm-ca-cert', path: settings.caCert }
  const options = { provider: instance, deps, baseUrl: url, maxConcurrent, maxRate, caCert }
  return openNetworkProvider<GcpToken, Batch>(options, (http) => {
    const machine = createMachineHttp(instance, deps.clock)
    const tokens = createGcpTokens({ name: instance, http, machine, deps })
    const regional = new Map<string, HttpClient>()

    function clientOf({ location }: GcpSecret): HttpClient {
      if (location === undefined || url !== USUAL_URL) return http
      const known = regional.get(location) ?? http.at(`https://secretmanager.${location}.rep.googleapis.com`)
      regional.set(location, known)
      return known
    }

    async function read(reference: GcpSecret, session: GcpToken, signal: AbortSignal): Promise<Found> {
      const client = clientOf(reference)
      const { token, quotaProject } = session
      const answer = await client.sendJson({
        path: `/v1/${resourceOf(reference)}:access`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(quotaProject === undefined ? {} : { 'x-goog-user-project': quotaProject }),
        },
        maxBytes: MAX_ANSWER_BYTES,
        signal,
        explain: (refusal) => explainAccess(client.who, reference, refusal),
      })
      return checked(answer, client.who)
    }

    return {
      credentials: [
        { setting: 'gcp-sm-credentials', from: configurationSource(settings, deps, instance, machine) },
      ],
      login: (secrets, signal) => login(secrets, signal),
      batch(session, { signal }) {
        const answers = new Map<string, Promise<Found>>()
        return {
          read(reference) {
            const key = resourceOf(reference)
            const known = answers.get(key) ?? read(reference, session, signal)
            answers.set(key, known)
            return known
          },
        }
      },
      fetchOne,
    }

    async function login([secret]: readonly Secret[], signal: AbortSignal): Promise<Session<GcpToken>> {
      const text = secret === undefined ? MACHINE : credentialText(secret)
      if (text !== MACHINE)
        return tokens.login(parseConfiguration(text, `${instance}: gcp-sm-credentials`, isOfVolume), signal)
      try {
        return await tokens.fromMachine(signal)
      } catch (thrown) {
        signal.throwIfAborted()
        throw noCredentials(instance, thrown)
      }
    }
  })
}

async function fetchOne(ref: SecretRef, { read }: Batch): Promise<Resolved> {
  const reference = ownReference(ref, parseGcpSecret)
  const { bytes, version } = await read(reference)
  const value = chooseField(new Uint8Array(bytes), reference, `secret ${reference.secret}`)
  return { value, ...(version === undefined ? {} : { version }) }
}

/** Returns the bytes of an answer. Throws `provider_protocol` if their checksum is another one. */
function checked(answer: unknown, who: string): Found {
  const read = Version.safeParse(answer)
  if (!read.success)
    throw providerError('provider_protocol', `${who} sent an answer that is not a version of a secret`)
  const { name, payload } = read.data
  const bytes = new Uint8Array(Buffer.from(payload.data, 'base64'))
  if (payload.dataCrc32c != null && payload.dataCrc32c !== String(crc32c(bytes))) {
    bytes.fill(0)
    throw providerError('provider_protocol', `${who} sent a value with another checksum than it says`)
  }
  return { bytes, version: /\/versions\/([0-9]+)$/.exec(name)?.[1] }
}

/** The configuration in the file of the setting, in the one of gcloud, or the word for the machine itself. */
function configurationSource(
  { credentials }: GcpSettings,
  { files, env }: ProviderDeps,
  provider: string,
  machine: AsyncDisposable,
): AmbientCredential {
  const use = { provider, setting: 'gcp-sm-credentials' }
  const folder = env['CLOUDSDK_CONFIG'] || (env['HOME'] && `${env['HOME']}/.config/gcloud`)
  return {
    kind: 'ambient',
    title: 'Google credentials',
    async read() {
      if (credentials !== undefined) return new Secret(await readCredentialBytes(credentials, files, use))
      if (!folder?.startsWith('/')) return Secret.fromText(MACHINE)
      try {
        const path = `${folder}/application_default_credentials.json`
        return new Secret(await readCredentialBytes({ kind: 'file', path }, files, use))
      } catch (thrown) {
        const cause = isLocketError(thrown) ? thrown.cause : thrown
        if (isLocketError(cause) && errnoOf(cause.cause) === 'ENOENT') return Secret.fromText(MACHINE)
        throw thrown
      }
    },
    forget: () => undefined,
    [Symbol.dispose]: () => void machine[Symbol.asyncDispose](),
  }
}

function noCredentials(instance: string, thrown: unknown): unknown {
  if (!isLocketError(thrown) || thrown.code === 'internal') return thrown
  return providerError('credential_missing', `${instance} finds no credentials for Google Cloud`, {
    hint: 'set gcp-sm-credentials (GOOGLE_APPLICATION_CREDENTIALS); gcloud has left none, and no metadata service of the machine gives a token',
    cause: thrown,
  })
}

const ErrorBody = z
  .object({ error: z.object({ status: z.string().catch('') }).catch({ status: '' }) })
  .catch({ error: { status: '' } })

function explainAccess(
  who: string,
  reference: GcpSecret,
  { status, body }: Refusal,
): LocketError | undefined {
  const name = ErrorBody.parse(body).error.status
  const what = resourceOf(reference)
  if (status === 404)
    return providerError('not_found', `${who} has no ${what} (status 404)`, {
      hint: reference.version === 'latest' ? undefined : 'does this version exist?',
    })
  if (status === 403)
    return providerError('denied', `${who} does not let these credentials read ${what} (status 403)`, {
      hint: 'they need the role roles/secretmanager.secretAccessor. A project that does not exist is the same error',
    })
  if (name === 'FAILED_PRECONDITION')
    return providerError('not_found', `${who} does not give out ${what} (status ${status})`, {
      hint: 'this version is disabled or destroyed; latest is the newest one, even if it is disabled',
    })
  return undefined
}
