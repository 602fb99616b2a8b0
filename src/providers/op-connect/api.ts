import { LocketError, isLocketError } from '../../core/vocabulary/errors.ts'
import { createSingleFlight, type SingleFlight } from '../../core/waiting/single-flight.ts'
import type { HttpClient } from '../lib/http/http.ts'
import { Item, ItemRows, Vaults, readConnectAnswer } from './answers.ts'
import type { ItemRow, Vault } from './answers.ts'
import { providerError } from '../lib/provider-error.ts'

/**
 * Bytes of a JSON answer. The list of a vault has about 500 bytes for each item, and an item may have notes
 * of 1 MiB.
 */
const MAX_JSON_BYTES = 8 * 1024 * 1024
/** JSON values of an answer: about 20 for each item of a list. */
const MAX_JSON_VALUES = 200_000
/**
 * Bytes of a file. Files in 1Password may be larger; for smaller ones the volume's limit `max-file-size`
 * applies.
 */
const MAX_FILE_BYTES = 64 * 1024 * 1024
/**
 * The titles that a filter can hold in its quotes. The API documents no escape, and the server answers 400 to
 * a single `'`.
 */
const FILTERABLE = /^[^"'\\\p{Cc}]+$/u

/** The calls of one batch. Each call is made once, however many references need its answer. */
export interface ConnectApi {
  readonly who: string
  vaults(): Promise<readonly Vault[]>
  /**
   * Resolves with the items of one title. The caller must compare the titles again, because the server's
   * comparison is not documented. Undefined: a filter cannot hold this title.
   */
  itemsTitled(vaultId: string, title: string): Promise<readonly ItemRow[]> | undefined
  items(vaultId: string): Promise<readonly ItemRow[]>
  item(vaultId: string, itemId: string): Promise<Item>
  /** Downloads a file. The bytes are not shared; the caller owns them. */
  file(vaultId: string, itemId: string, fileId: string): Promise<Uint8Array>
}

/**
 * Whether one `auth` answer is retried: servers before 1.7.2 refuse the first request after their start
 * (changelog of 1Password Connect 1.7.2).
 */
export interface FirstRefusal {
  mayRetry: boolean
}

/**
 * The state that the batches of one token share. An answer that is under way serves all batches that ask for
 * it.
 */
export interface ConnectSession {
  readonly authorization: string
  readonly reads: SingleFlight<unknown>
}

/** Returns the state for one token. `authorization` is the value of the header. */
export function createConnectSession(authorization: string): ConnectSession {
  return { authorization, reads: createSingleFlight() }
}

/** Makes the calls of one batch. */
export function createConnectApi(
  http: HttpClient,
  { authorization, reads }: ConnectSession,
  call: { readonly signal: AbortSignal; readonly refusal: FirstRefusal },
): ConnectApi {
  const answers = new Map<string, Promise<unknown>>()
  const request = (path: string, accept: string, maxBytes: number, signal: AbortSignal) => ({
    path,
    maxBytes,
    signal,
    headers: { authorization, accept },
  })

  function getJson(path: string): Promise<unknown> {
    const known = answers.get(path)
    if (known !== undefined) return known
    const ask = (signal: AbortSignal) =>
      http.sendJson({
        ...request(path, 'application/json', MAX_JSON_BYTES, signal),
        maxValues: MAX_JSON_VALUES,
      })
    const answer = reads.run(path, call.signal, (signal) => despiteRefusal(() => ask(signal), call.refusal))
    answers.set(path, answer)
    return answer
  }

  return {
    who: http.who,
    async vaults() {
      const answer = await getJson('/v1/vaults').catch((thrown: unknown) => {
        throw isLocketError(thrown) && thrown.code === 'not_found' ? noConnect(http.who) : thrown
      })
      return readConnectAnswer(Vaults, answer, `the list of vaults of ${http.who}`)
    },
    itemsTitled(vaultId, title) {
      if (!FILTERABLE.test(title)) return undefined
      return rows(`${itemsPath(vaultId)}?filter=${encodeURIComponent(`title eq "${title}"`)}`)
    },
    items: (vaultId) => rows(itemsPath(vaultId)),
    async item(vaultId, itemId) {
      return readConnectAnswer(Item, await getJson(itemPath(vaultId, itemId)), `an item of ${http.who}`)
    },
    file(vaultId, itemId, fileId) {
      // The path is made of ids, because servers before 1.5.5 send a wrong `content_path` (changelog of
      // 1Password Connect).
      const path = `${itemPath(vaultId, itemId)}/files/${encodeURIComponent(fileId)}/content`
      return despiteRefusal(() => http.send(request(path, '*/*', MAX_FILE_BYTES, call.signal)), call.refusal)
    },
  }

  async function rows(path: string): Promise<readonly ItemRow[]> {
    return readConnectAnswer(ItemRows, await getJson(path), `the list of items of ${http.who}`)
  }
}

async function despiteRefusal<T>(ask: () => Promise<T>, refusal: FirstRefusal): Promise<T> {
  try {
    const answer = await ask()
    refusal.mayRetry = true
    return answer
  } catch (thrown) {
    if (!refusal.mayRetry || !isLocketError(thrown) || thrown.code !== 'auth') throw thrown
    refusal.mayRetry = false
    return ask()
  }
}

function itemsPath(vaultId: string): string {
  return `/v1/vaults/${encodeURIComponent(vaultId)}/items`
}

function itemPath(vaultId: string, itemId: string): string {
  return `${itemsPath(vaultId)}/${encodeURIComponent(itemId)}`
}

/**
 * Returns the `unavailable` error for a 404 of the list of vaults. Connect never sends it, but a reverse
 * proxy does until the server behind it has started.
 */
function noConnect(who: string): LocketError {
  return providerError('unavailable', `${who} has no list of vaults (status 404)`, {
    facts: { status: 404 },
    hint: 'is connect-host the address of a 1Password Connect server, and is it running?',
  })
}
