import type { LocketError } from '../../../core/vocabulary/errors.ts'
import type { SecretRef } from '../../../core/vocabulary/ref.ts'
import type { Resolved } from '../../../core/vocabulary/resolve.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import type { ProviderClient, ProviderDeps } from '../../define.ts'
import type { HttpClient, Refusal } from '../http/http.ts'
import { credentialText } from '../login/credential.ts'
import { openNetworkProvider, type NamedCredential } from '../network-provider.ts'
import { createAwsChain } from './chain.ts'
import { explainCommon } from './errors.ts'
import { unpackKeys } from './key-text.ts'
import { regionalEndpoint, requireRegion } from './region.ts'
import type { AwsSettings } from './settings.ts'
import { signAwsRequest, type AwsKeys } from './sign.ts'

/** A service with the protocol AWS JSON 1.1. */
interface AwsService {
  /** Its name in addresses and signatures: `secretsmanager`. */
  readonly name: string
  /** The beginning of its operations: `secretsmanager`, `AmazonSSM`. */
  readonly target: string
  /** The largest answer in bytes. */
  readonly maxBytes: number
}

/** A call of one operation. */
interface AwsCall {
  /** The name of the operation: `GetSecretValue`. */
  readonly operation: string
  readonly input: object
  readonly signal: AbortSignal
  /** Returns the error of a refusal that is specific to the operation. Common ones are explained already. */
  readonly explain?: (refusal: Refusal) => LocketError | undefined
}

/** The service in one region, asked with the keys of one login. */
export interface AwsRegion {
  /** The server, for messages. */
  readonly who: string
  readonly call: (call: AwsCall) => Promise<unknown>
}

/** The protocol of one kind: `B` is what the references of a batch share. */
interface AwsProtocol<B> {
  readonly service: AwsService
  /**
   * Makes the data of a batch. `regionOf` returns the service in a region; undefined: in that of the
   * settings, of the profile or of the instance. It throws `config` if none is known.
   */
  readonly batch: (
    regionOf: (region: string | undefined) => AwsRegion,
    call: { readonly refs: readonly SecretRef[]; readonly signal: AbortSignal },
  ) => B
  readonly fetchOne: (ref: SecretRef, batch: B) => Promise<Resolved>
  readonly probe: (batch: B) => Promise<void>
}

interface AwsSession extends AwsKeys {
  readonly region: string | undefined
}

/** Opens a provider for a service of AWS. It does no I/O. */
export function openAwsProvider<B>(
  settings: AwsSettings,
  deps: ProviderDeps,
  instance: string,
  { service, batch, fetchOne, probe }: AwsProtocol<B>,
): ProviderClient {
  const ownRegion = settings.region ?? (deps.env['AWS_DEFAULT_REGION'] || undefined)
  const { maxConcurrent, maxRate } = settings
  const given = settings.serviceEndpoint ?? settings.endpoint
  const baseUrl = given ?? (ownRegion === undefined ? UNKNOWN : regionalEndpoint(service.name, ownRegion))
  const caCert = { setting: 'aws-ca-cert', path: settings.caCert }
  const options = { provider: instance, deps, baseUrl, maxConcurrent, maxRate, caCert }
  return openNetworkProvider<AwsSession, B>(options, (http) => {
    const clients = new Map([[baseUrl, http]])
    const credentials = credentialsOf(settings, () =>
      createAwsChain(settings, deps, { name: instance, region: ownRegion, http }),
    )

    function clientOf(url: string): HttpClient {
      const client = clients.get(url) ?? http.at(url)
      clients.set(url, client)
      return client
    }

    function inRegion(session: AwsSession, wanted: string | undefined): AwsRegion {
      const region = requireRegion(instance, [wanted, ownRegion, session.region])
      const url = given ?? regionalEndpoint(service.name, region)
      const client = clientOf(url)
      return {
        who: client.who,
        call: ({ operation, input, signal, explain }) =>
          client.sendJson({
            method: 'POST',
            path: '/',
            body: new TextEncoder().encode(JSON.stringify(input)),
            headers: (body) =>
              signAwsRequest(
                {
                  method: 'POST',
                  url: new URL(`${url}/`),
                  headers: {
                    'content-type': 'application/x-amz-json-1.1',
                    'x-amz-target': `${service.target}.${operation}`,
                  },
                  body,
                },
                session,
                { region, service: service.name, now: deps.clock.now() },
              ),
            maxBytes: service.maxBytes,
            signal,
            explain(refusal) {
              const common = explainCommon(client.who, refusal, deps.clock.now())
              // Keys of a platform may have been replaced before their time.
              if (common?.code === 'auth')
                for (const { from } of credentials) if (from.kind === 'ambient') from.forget()
              return common ?? explain?.(refusal)
            },
          }),
      }
    }

    return {
      credentials,
      login: async (secrets) => ({ value: sessionOf(secrets) }),
      wipe: ({ secretAccessKey }) => secretAccessKey.wipe(),
      batch: (session, call) => batch((region) => inRegion(session, region), call),
      fetchOne,
      probe,
    }
  })
}

/** The address that messages name until a region is known. No request goes there. */
const UNKNOWN = 'https://amazonaws.com'

/** Returns the access key of the settings, or the chain if there is none. */
function credentialsOf(
  { accessKeyId, secretAccessKey, sessionToken }: AwsSettings,
  chain: () => NamedCredential['from'],
): readonly NamedCredential[] {
  if (accessKeyId === undefined || secretAccessKey === undefined)
    return [{ setting: 'aws-access-key-id', from: chain() }]
  const key = [
    { setting: 'aws-access-key-id', from: accessKeyId },
    { setting: 'aws-secret-access-key', from: secretAccessKey },
  ]
  return sessionToken === undefined ? key : [...key, { setting: 'aws-session-token', from: sessionToken }]
}

function sessionOf([first, secret, token]: readonly Secret[]): AwsSession {
  if (first === undefined || secret === undefined) return unpackKeys(first ?? Secret.fromText(''))
  return {
    accessKeyId: credentialText(first),
    secretAccessKey: secret.copy(),
    sessionToken: token === undefined ? undefined : credentialText(token),
    region: undefined,
  }
}
