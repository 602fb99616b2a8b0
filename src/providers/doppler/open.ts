import * as z from 'zod'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import { packFields } from '../../core/vocabulary/fields.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'
import type { Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { ProviderClient, ProviderDeps } from '../define.ts'
import type { Refusal } from '../lib/http/http.ts'
import { bearer } from '../lib/login/credential.ts'
import { nearHint } from '../lib/names/name-hint.ts'
import { openNetworkProvider, ownReference } from '../lib/network-provider.ts'
import { providerError } from '../lib/provider-error.ts'
import { formatConfig, parseDopplerSecret, type DopplerConfig, type DopplerSecret } from './refs.ts'
import type { DopplerSettings } from './settings.ts'

/** Bytes of a config with all its values, with room for JSON escapes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
/** The names that Doppler adds to each config. They are not secrets. */
const OWN_NAMES = ['DOPPLER_PROJECT', 'DOPPLER_CONFIG', 'DOPPLER_ENVIRONMENT']

/** A record would drop a secret named `__proto__`. */
const Download = z
  .custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value))
  .transform((value) => Object.entries(value))
  .pipe(z.array(z.tuple([z.string(), z.string().nullable()])))

type Values = ReadonlyMap<string, string>

interface Batch {
  readonly download: (config: DopplerConfig) => Promise<Values>
  readonly who: string
}

/** Opens a client of Doppler. Throws `config` if the token is missing. */
export function openDoppler(settings: DopplerSettings, deps: ProviderDeps, instance: string): ProviderClient {
  const { token, url, maxConcurrent, maxRate } = settings
  if (token === undefined) throw providerError('config', `${instance} needs doppler-token (DOPPLER_TOKEN)`)
  const caCert = { setting: 'doppler-ca-cert', path: settings.caCert }
  const options = { provider: instance, deps, baseUrl: url, maxConcurrent, maxRate, caCert }
  return openNetworkProvider<string, Batch>(options, (http) => {
    const downloads = createSingleFlight<Values>()

    async function download(
      config: DopplerConfig,
      authorization: string,
      signal: AbortSignal,
    ): Promise<Values> {
      const query = new URLSearchParams({ format: 'json', include_dynamic_secrets: 'false', ...config })
      const answer = await http.sendJson({
        path: `/v3/configs/config/secrets/download?${query.toString()}`,
        headers: { accept: 'application/json', authorization },
        maxBytes: MAX_ANSWER_BYTES,
        signal,
        explain: (refusal) => explain(http.who, config, refusal),
      })
      const read = Download.safeParse(answer)
      if (!read.success)
        throw providerError('provider_protocol', `${http.who} sent an answer that is not a config`)
      return new Map(read.data.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
    }

    return {
      credentials: [{ setting: 'doppler-token', from: token }],
      isRenewable: false,
      login: async ([secret]) => ({ value: secret === undefined ? '' : bearer(secret) }),
      batch: (authorization, { signal }) => ({
        who: http.who,
        // All references to a config share one download, also those of other batches at this moment.
        download: (config) =>
          downloads.run(`${authorization} ${formatConfig(config)}`, signal, (shared) =>
            download(config, authorization, shared),
          ),
      }),
      fetchOne,
      async probe(batch) {
        const { project, config } = settings
        await batch.download(project === undefined || config === undefined ? {} : { project, config })
      },
    }
  })
}

async function fetchOne(ref: SecretRef, { download, who }: Batch): Promise<Resolved> {
  const { name, isAll, ...config } = ownReference<DopplerSecret>(ref, parseDopplerSecret)
  const values = await download(config)
  if (isAll === true) {
    const own = [...values].filter(([key]) => !OWN_NAMES.includes(key))
    return { value: packFields(own.map(([key, value]) => [key, Secret.fromText(value)])) }
  }
  const value = values.get(name)
  if (value !== undefined) return { value: Secret.fromText(value) }
  throw providerError('not_found', `${who} has no secret ${name} in ${shownConfig(config)}`, {
    hint: nearHint(name, values.keys()),
  })
}

function shownConfig({ project, config }: DopplerConfig): string {
  return project === undefined ? 'the config of the token' : `config ${config} of project ${project}`
}

function explain(who: string, config: DopplerConfig, { status }: Refusal): LocketError | undefined {
  if (status === 401)
    return providerError('auth', `${who} does not accept the token (status 401)`, {
      hint: 'is it complete, and not revoked or expired?',
    })
  if (status === 403)
    return providerError(
      'denied',
      `${who} does not let this token read ${shownConfig(config)} (status 403)`,
      {
        hint: 'a service token reads its own config only',
      },
    )
  if (status === 404) return providerError('not_found', `${who} has no ${shownConfig(config)} (status 404)`)
  if (status === 400 && config.project === undefined)
    return providerError('config', `${who} needs to know the config (status 400)`, {
      hint: 'this is not a service token: set doppler-project and doppler-config',
    })
  return undefined
}
