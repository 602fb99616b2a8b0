import { LocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { OneSecret, readInfisicalAnswer, readList, readOne, SecretList } from './answers.ts'
import type { Found } from './answers.ts'
import { formatFolder, formatInfisicalReference } from './reference.ts'
import type { Folder, InfisicalReference } from './reference.ts'
import { explainRead, isUnknownRoute, noInfisicalSecret } from './refusals.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * Bytes of the answer with one secret: a value of 1 MiB with its JSON escapes. Infisical limits a request to
 * 1 MiB (Fastify's `bodyLimit`).
 */
const MAX_SECRET_BYTES = 4 * 1024 * 1024
/** Bytes of a list. It holds all secrets of a folder, each with about 1 kB of metadata. */
const MAX_LIST_BYTES = 8 * 1024 * 1024
/** JSON values of a list: about 40 for each secret. */
const MAX_LIST_VALUES = 200_000

/**
 * The version of the server's API for secrets. It is found out by asking, and kept for the life of the
 * client.
 */
export interface Dialect {
  version: 4 | 3
}

/** The secret that is asked for; without a key: all secrets of the folder. */
interface Asked {
  readonly key?: string
  readonly withoutValues?: true
}

/** Reads secrets with one access token. Callers that ask for the same at the same time share one answer. */
export interface InfisicalApi {
  /**
   * Resolves with the secret of that name. Rejects with `not_found`, `denied`, `auth`, or as
   * `HttpClient.sendJson` does.
   */
  secret(reference: InfisicalReference, signal: AbortSignal): Promise<Found>
  /**
   * Resolves with all secrets of a folder that the identity may read, imports merged, by key. The server
   * refuses the whole list if the identity may not read one of the values.
   */
  folder(folder: Folder, signal: AbortSignal): Promise<ReadonlyMap<string, Found>>
  /** Resolves with the names of the secrets of a folder. The server leaves out their values. */
  names(folder: Folder, signal: AbortSignal): Promise<readonly string[]>
}

/**
 * Makes the reader for one access token. It updates `dialect` when the server answers at the other address.
 */
export function createInfisicalApi(http: HttpClient, accessToken: string, dialect: Dialect): InfisicalApi {
  const secrets = createSingleFlight<Found>()
  const folders = createSingleFlight<ReadonlyMap<string, Found>>()
  const names = createSingleFlight<readonly string[]>()
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' }

  /**
   * Asks at the address of the known version, and then at the other one if the server does not know the
   * first.
   */
  async function get(folder: Folder, asked: Asked, signal: AbortSignal): Promise<unknown> {
    const { version } = dialect
    const first = await getFrom(version, folder, asked, signal)
    if (first !== undefined) return first
    const other = version === 4 ? 3 : 4
    const second = await getFrom(other, folder, asked, signal)
    if (second === undefined) throw noAddress(http.who)
    dialect.version = other
    return second
  }

  /** Resolves with undefined if the server does not have this address. */
  async function getFrom(
    version: Dialect['version'],
    folder: Folder,
    asked: Asked,
    signal: AbortSignal,
  ): Promise<unknown> {
    let isUnknown = false
    const explain = (refusal: Refusal) => {
      isUnknown = isUnknownRoute(refusal)
      return explainRead(http.who, folder, refusal)
    }
    const path = pathOf(version, folder, asked)
    const limits =
      asked.key === undefined
        ? { maxBytes: MAX_LIST_BYTES, maxValues: MAX_LIST_VALUES }
        : { maxBytes: MAX_SECRET_BYTES }
    try {
      return (await http.sendJson({ path, headers, ...limits, signal, explain })) ?? null
    } catch (thrown) {
      if (isUnknown) return undefined
      throw thrown
    }
  }

  return {
    secret: (reference, signal) =>
      secrets.run(formatInfisicalReference(reference), signal, async (shared) => {
        const answer = await get(reference, { key: reference.key }, shared)
        const read = readInfisicalAnswer(OneSecret, answer, `a secret of ${http.who}`)
        const found = readOne(read, reference.type)
        if (found === undefined) throw noInfisicalSecret(http.who, reference)
        return found
      }),
    folder: (folder, signal) =>
      folders.run(formatFolder(folder), signal, async (shared) => {
        const answer = await get(folder, {}, shared)
        return readList(
          readInfisicalAnswer(SecretList, answer, `a list of secrets of ${http.who}`),
          folder.type,
        )
      }),
    names: (folder, signal) =>
      names.run(formatFolder(folder), signal, async (shared) => {
        const answer = await get(folder, { withoutValues: true }, shared)
        const list = readInfisicalAnswer(SecretList, answer, `a list of secrets of ${http.who}`)
        return [...readList(list, folder.type).keys()]
      }),
  }
}

/**
 * Returns the path of one secret, or of the list if there is no key. Every option is sent, because defaults
 * differ from server to server. A server ignores the names that it does not know.
 */
function pathOf(version: Dialect['version'], folder: Folder, { key, withoutValues }: Asked): string {
  const base = version === 4 ? '/api/v4/secrets' : '/api/v3/secrets/raw'
  const query = new URLSearchParams({
    [version === 4 ? 'projectId' : 'workspaceId']: folder.projectId,
    environment: folder.environment,
    secretPath: folder.path,
    viewSecretValue: String(withoutValues !== true),
    expandSecretReferences: 'true',
    include_imports: 'true',
    includeImports: 'true',
    ...(key === undefined
      ? { recursive: 'false', includePersonalOverrides: String(folder.type === 'personal') }
      : { type: folder.type }),
  })
  return `${base}${key === undefined ? '' : `/${encodeURIComponent(key)}`}?${query.toString()}`
}

function noAddress(who: string): LocketError {
  return providerError('provider_protocol', `${who} knows neither /api/v4/secrets nor /api/v3/secrets/raw`, {
    hint: 'is infisical-url the address of an Infisical server of 2024 or later?',
  })
}
