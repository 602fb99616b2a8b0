import type { AnswerRow } from '../../../core/broker/answer-body.ts'
import { formatPlace } from '../../../core/broker/place.ts'
import type { SecretRecord } from '../../../core/broker/records.ts'
import { LocketError, type ErrorCode } from '../../../core/vocabulary/errors.ts'
import { fieldNames, fieldsAsJson } from '../../../core/vocabulary/fields.ts'
import type { Secret } from '../../../core/vocabulary/secret.ts'
import { createSelection } from '../audit/selection.ts'
import type { Authenticated } from '../authenticate.ts'
import type { BrokerPorts } from '../ports.ts'
import { hasFields, wipeAnswers, type ReadRequest } from '../read.ts'
import { idsOf, isSecretId, secretsMeant } from './secret-id.ts'
import { createSeenVersions } from './seen-versions.ts'

/** A secret in a list. */
export interface SecretItem {
  readonly id: string
  readonly name: string
  readonly project: string
  /** The names of the fields. Undefined: it has none, or they are not known. */
  readonly fields: readonly string[] | undefined
}

/** A secret in a list, with its value. */
export interface ValuedItem extends SecretItem {
  /** The caller must wipe it. A secret with fields is a JSON object. */
  readonly value: Secret
}

/** A read that gave no value. The broker has logged and audited why. */
export interface Unread {
  /** The id that was asked for, or the one that has failed. */
  readonly id: string
  /** `denied`: there is no grant, no such secret, or the policy forbids it. */
  readonly code: ErrorCode
}

/**
 * Reads of machines whose programs know a secret by an id and not by its project and name. Grants, policy,
 * audit and limits are those of every read.
 */
export interface ReadById {
  /** Rejects with `usage` for a text that is not an id. The caller must wipe the value. */
  one(by: Authenticated, id: string, signal: AbortSignal): Promise<{ readonly value: Secret } | Unread>
  /** Resolves with what is granted, in one project or in all. The names of fields are read for it. */
  list(by: Authenticated, asked: AskedSecrets): Promise<readonly SecretItem[]>
  /** As `list`, with the values. Leaves out what the policy forbids; any other failure is the answer. */
  all(by: Authenticated, asked: AskedSecrets): Promise<readonly ValuedItem[] | Unread>
  /**
   * Resolves with what has changed since the machine read it or asked the last time. The first question about
   * a secret has no change. A failure of a provider is not a change.
   */
  changes(
    by: Authenticated,
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, WatchedChange>>
  /** Resolves with the projects of the granted secrets. */
  projects(by: Authenticated): Promise<readonly string[]>
}

/** The change of a watched secret. `deleted`: its provider has it no more. */
export type WatchedChange = 'changed' | 'deleted' | 'access_denied'

/** Which secrets a list is for. */
interface AskedSecrets {
  /** Undefined: those of all projects. */
  readonly project: string | undefined
  readonly signal: AbortSignal
}

type Read = (by: Authenticated, request: ReadRequest) => Promise<ReadonlyMap<string, AnswerRow>>

/** Secrets that are read for one list. */
const MOST_SECRETS = 2000

/** Returns the reads by id of a broker. */
export function createReadById(ports: BrokerPorts, read: Read): ReadById {
  const { store, clock, audit, parseRef } = ports
  const seen = createSeenVersions()
  const selection = createSelection(ports)

  async function readAll(
    by: Authenticated,
    refs: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, AnswerRow>> {
    if (refs.length > MOST_SECRETS)
      throw new LocketError('too_large', `more than ${MOST_SECRETS} secrets: ask for one project`)
    if (refs.length === 0) return new Map()
    return await read(by, { refs, known: new Map(), context: {}, signal })
  }

  /** Returns the granted secrets with their ids, and the reference that reads each. */
  async function granted({ machine }: Authenticated, project: string | undefined) {
    const secrets = await store.granted(machine.id)
    const idOf = idsOf(secrets)
    return secrets
      .filter((secret) => project === undefined || secret.project === project)
      .map((secret) => {
        const takesFields = hasFields(secret.reference, parseRef)
        const text = formatPlace(takesFields ? { ...placeOf(secret), isAll: true } : placeOf(secret))
        return { id: idOf(secret), name: secret.name, project: secret.project, takesFields, text }
      })
  }

  function changeOf(machine: string, text: string, row: AnswerRow | undefined): WatchedChange | undefined {
    if (row?.kind === 'value') return seen.note(machine, text, row.version) ? 'changed' : undefined
    if (codeOf(row) === 'denied') return 'access_denied'
    return codeOf(row) === 'not_found' ? 'deleted' : undefined
  }

  /** Stores the line of an id that means nothing that this machine may read. */
  async function recordUnknown({ machine, address }: Authenticated, id: string): Promise<void> {
    const actor = `machine ${machine.id}`
    const line = { actor, action: 'read', target: id, machine: machine.name, address } as const
    await audit([{ ...line, at: clock.now(), outcome: 'denied', reason: 'no grant' }])
  }

  return {
    async one(by, id, signal) {
      if (!isSecretId(id)) throw new LocketError('usage', 'the id of a secret is sk_ and its name')
      const [secret, ...others] = secretsMeant(id, await store.granted(by.machine.id))
      if (others.length > 0) return { id, code: 'ambiguous' }
      if (secret === undefined) {
        await recordUnknown(by, id)
        return { id, code: 'denied' }
      }
      const text = formatPlace(placeOf(secret))
      const row = (await readAll(by, [text], signal)).get(text)
      if (row?.kind !== 'value') return { id, code: codeOf(row) }
      seen.note(by.machine.id, text, row.version)
      return { value: row.value }
    },

    async changes(by, ids, signal) {
      const secrets = await store.granted(by.machine.id)
      const texts = new Map<string, string>()
      const changes = new Map<string, WatchedChange>()
      for (const id of ids) {
        const [secret, ...others] = secretsMeant(id, secrets)
        if (secret !== undefined && others.length === 0) texts.set(id, formatPlace(placeOf(secret)))
        else changes.set(id, 'access_denied')
      }
      const rows = await readAll(by, [...new Set(texts.values())], signal)
      wipeAnswers(rows)
      for (const [id, text] of texts) {
        const change = changeOf(by.machine.id, text, rows.get(text))
        if (change !== undefined) changes.set(id, change)
      }
      return changes
    },

    async list(by, { project, signal }) {
      const visible = new Set((await selection.visible(by)).map((one) => `${one.project}/${one.name}`))
      const all = await granted(by, project)
      const secrets = all.filter((secret) => visible.has(`${secret.project}/${secret.name}`))
      const texts = secrets.filter(({ takesFields }) => takesFields).map(({ text }) => text)
      const rows = await readAll(by, texts, signal)
      try {
        return secrets.map(({ id, name, project: own, text }) => ({
          id,
          name,
          project: own,
          fields: fieldsOf(rows.get(text)),
        }))
      } finally {
        wipeAnswers(rows)
      }
    },

    async all(by, { project, signal }) {
      const secrets = await granted(by, project)
      const rows = await readAll(
        by,
        secrets.map(({ text }) => text),
        signal,
      )
      const items: ValuedItem[] = []
      try {
        for (const { id, name, project: own, text } of secrets) {
          const row = rows.get(text)
          if (row?.kind === 'value')
            items.push({ id, name, project: own, fields: fieldsOf(row), value: valueOf(row) })
          else if (codeOf(row) !== 'denied') return dropped(items, { id, code: codeOf(row) })
        }
        return items
      } catch (thrown) {
        dropped(items, undefined)
        throw thrown
      } finally {
        wipeAnswers(rows)
      }
    },

    async projects(by) {
      return [...new Set((await selection.visible(by)).map(({ project }) => project))]
    },
  }
}

function placeOf({ project, name }: SecretRecord) {
  return { project, name }
}

function codeOf(row: AnswerRow | undefined): ErrorCode {
  return row?.kind === 'error' ? row.code : 'internal'
}

function fieldsOf(row: AnswerRow | undefined): readonly string[] | undefined {
  return row?.kind === 'value' && row.isPacked ? fieldNames(row.value) : undefined
}

function valueOf(row: Extract<AnswerRow, { kind: 'value' }>): Secret {
  return row.isPacked ? fieldsAsJson(row.value) : row.value.copy()
}

/** Wipes the values that are not sent, and returns what is sent in their place. */
function dropped<T>(items: readonly ValuedItem[], instead: T): T {
  for (const { value } of items) value.wipe()
  return instead
}
