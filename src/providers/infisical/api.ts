import { LocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import type { HttpClient, Refusal } from '../lib/http/http.ts'
import { OneSecret, readInfisicalAnswer, readList, readOne, SecretList } from './answers.ts'
import type { Found } from './answers.ts'
import { formatFolder, formatInfisicalReference } from './reference.ts'
import type { Folder, InfisicalReference } from './reference.ts'
import { explainRead, isUnknownRoute, noInfisicalSecret } from './refusals.ts'
import { providerError } from '../lib/provider-error.ts'

/** A value of 1 MiB with its escapes. Infisical's own limit for a request is 1 MiB (Fastify's `bodyLimit`). */
const MAX_SECRET_BYTES = 4 * 1024 * 1024
/** A folder's list holds all its secrets, each with a kilobyte of facts about it. */
const MAX_LIST_BYTES = 8 * 1024 * 1024
/** Some 40 for each secret of a folder. */
const MAX_LIST_VALUES = 200_000

/** Which of its two addresses for secrets the server has: found out by asking, kept for the life of the client. */
export interface Dialect {
  version: 4 | 3
}

/** Reads with one access token. Whoever asks for what is being asked for already shares the answer. */
export interface InfisicalApi {
  /** By its name. Rejects with `not_found`, `denied`, `auth` and so on. */
  secret(reference: InfisicalReference, signal: AbortSignal): Promise<Found>
  /** All of a folder that the identity may read, imports merged, by key. One value that it may not read is a refusal of all. */
  folder(folder: Folder, signal: AbortSignal): Promise<ReadonlyMap<string, Found>>
}

export function createInfisicalApi(http: HttpClient, accessToken: string, dialect: Dialect): InfisicalApi {
  const secrets = createSingleFlight<Found>()
  const folders = createSingleFlight<ReadonlyMap<string, Found>>()
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' }

  /** Once more at the other address where the server does not know the first. */
  async function get(folder: Folder, key: string | undefined, signal: AbortSignal): Promise<unknown> {
    const { version } = dialect
    const first = await getFrom(version, folder, key, signal)
    if (first !== undefined) return first
    const other = version === 4 ? 3 : 4
    const second = await getFrom(other, folder, key, signal)
    if (second === undefined) throw noAddress(http.who)
    dialect.version = other
    return second
  }

  /** Undefined: the server has no such address. */
  async function getFrom(
    version: Dialect['version'],
    folder: Folder,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<unknown> {
    let isUnknown = false
    const explain = (refusal: Refusal) => {
      isUnknown = isUnknownRoute(refusal)
      return explainRead(http.who, folder, refusal)
    }
    const path = pathOf(version, folder, key)
    const limits =
      key === undefined
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
        const answer = await get(reference, reference.key, shared)
        const read = readInfisicalAnswer(OneSecret, answer, `a secret of ${http.who}`)
        const found = readOne(read, reference.type)
        if (found === undefined) throw noInfisicalSecret(http.who, reference)
        return found
      }),
    folder: (folder, signal) =>
      folders.run(formatFolder(folder), signal, async (shared) => {
        const answer = await get(folder, undefined, shared)
        return readList(
          readInfisicalAnswer(SecretList, answer, `a list of secrets of ${http.who}`),
          folder.type,
        )
      }),
  }
}

/** Without a key: the list. What is not said takes a default that differs from server to server; names that one does not know, it ignores. */
function pathOf(version: Dialect['version'], folder: Folder, key: string | undefined): string {
  const base = version === 4 ? '/api/v4/secrets' : '/api/v3/secrets/raw'
  const query = new URLSearchParams({
    [version === 4 ? 'projectId' : 'workspaceId']: folder.projectId,
    environment: folder.environment,
    secretPath: folder.path,
    viewSecretValue: 'true',
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
