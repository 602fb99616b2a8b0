import { verifyPieces } from '../../app/audit/verify-pieces.ts'
import type { brokerAdminSection } from '../../config/broker/admin-section.ts'
import type { brokerLinesSection } from '../../config/broker/audit-section.ts'
import type { Loaded } from '../../config/load.ts'
import type { auditShowSection } from '../../config/sections/log.ts'
import { isSignedHead, type SignedHead } from '../../core/broker/audit/signed-head.ts'
import { keyFingerprint, readPublicKey } from '../../core/broker/keys.ts'
import { tableLines, type TableCell } from '../../core/text/table.ts'
import { counted } from '../../core/text/units.ts'
import { ERROR_KINDS, errnoOf, LocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { BrokerAdminClient } from '../../http/broker-client/admin-client.ts'
import type { CommandContext } from '../define.ts'

type Admin = Loaded<{ readonly admin: typeof brokerAdminSection }>['settings']['admin']
type ShowSettings = Loaded<{
  readonly show: typeof auditShowSection
  readonly lines: typeof brokerLinesSection
}>['settings']

/** A signed head with the key that has signed it. */
interface KeyedHead extends SignedHead {
  readonly serverKey: string
}

const NAME = 'audit'
const MOST_ROWS = 1000
/** A longer text does not widen its column. */
const WIDEST = 60
const HEADS = ['TIME', 'ACTION', 'MACHINE', 'TARGET', 'ADDRESS', 'OUTCOME', 'RULE']

/** Opens the admin API of the broker of this host. */
export async function openAdmin(admin: Admin, { signal }: CommandContext): Promise<BrokerAdminClient> {
  const { openBrokerAdmin } = await import('../../http/broker-client/admin-client.ts')
  return await openBrokerAdmin(admin, signal)
}

/** Prints lines of the audit, the oldest first. */
export async function showBroker(
  client: BrokerAdminClient,
  { show, lines: { machine, secret, outcome, limit } }: ShowSettings,
  { stdout, stderr, calledAt }: CommandContext,
): Promise<number> {
  if (show.volume !== undefined || show.reference !== undefined)
    throw new LocketError('usage', 'a broker knows no volumes and no references of machines', {
      hint: 'use --machine and --secret with --broker',
    })
  const times = { since: show.since?.(calledAt), until: show.until?.(calledAt) }
  const filter = { machine, secret, outcome, since: momentOf(times.since), until: momentOf(times.until) }
  const found = []
  let before: number | undefined
  do {
    const most = String(Math.min(MOST_ROWS, limit - found.length))
    const page = await client.audit(texts({ ...filter, limit: most, before: before?.toString() }))
    found.push(...page.lines)
    before = page.next
  } while (before !== undefined && found.length < limit)
  if (before !== undefined) stderr.write(`older lines are left out: --limit shows more than ${limit}\n`)
  found.reverse()
  if (show.format === 'json') {
    for (const line of found) stdout.write(`${JSON.stringify(line)}\n`)
    return 0
  }
  const rows = found.map((line) => [
    line.time.slice(0, 19).replace('T', ' '),
    line.action,
    line.machine ?? line.actor,
    line.target,
    line.address,
    line.outcome,
    line.reason,
  ])
  const cells = [HEADS, ...rows].map((row): readonly TableCell[] =>
    row.map((text) => ({ text: onOneLine(text) })),
  )
  stdout.write(`${tableLines(cells, { widest: WIDEST }).join('\n')}\n`)
  return 0
}

/** Checks the chain of a broker. Returns 0 when it is whole, and 65 otherwise. */
export async function verifyBroker(
  client: BrokerAdminClient,
  { expect, head: headFile }: { readonly expect?: string | undefined; readonly head?: string | undefined },
  { stdout, stderr }: CommandContext,
): Promise<number> {
  const [now, kept] = [
    await client.auditHead(),
    headFile === undefined ? undefined : await readHeadFile(headFile),
  ]
  if (kept !== undefined && kept.serverKey !== now.serverKey)
    throw new LocketError('audit_broken', `${headFile} was signed by another broker than this one`)
  const wanted = [expect, hashIn(kept), hashIn(now)].filter((hash) => hash !== undefined)
  const result = await verifyPieces(NAME, (after) => client.auditChain(after), { expected: wanted })
  const missing = result.missing.map(
    (hash) => `no line has the hash ${hash}: lines are gone, or were deleted for their age`,
  )
  for (const remark of result.remarks) stderr.write(`note: ${remark}\n`)
  for (const fault of [...result.faults, ...missing]) stdout.write(`${fault}\n`)
  if (result.faults.length + missing.length > 0) return ERROR_KINDS.audit_broken.exit
  stdout.write(`the chain is whole: ${counted(result.lines, 'line')}\n`)
  if (result.last !== undefined) stdout.write(`last hash: ${result.last}\n`)
  return 0
}

/** Prints all lines as they are hashed, and says at the end whether the chain is whole. */
export async function exportBroker(client: BrokerAdminClient, { stdout }: CommandContext): Promise<number> {
  const onLine = (line: string): void => void stdout.write(`${line}\n`)
  const { faults } = await verifyPieces(NAME, (after) => client.auditChain(after), { expected: [], onLine })
  if (faults.length === 0) return 0
  throw new LocketError('audit_broken', faults.join('; '), { list: faults })
}

/** Prints the signed head. */
export async function headOfBroker(client: BrokerAdminClient, { stdout }: CommandContext): Promise<number> {
  stdout.write(`${JSON.stringify(await client.auditHead())}\n`)
  return 0
}

/** Reads a signed head and checks its signature. Rejects with `io`, `config` or `audit_broken`. */
export async function readHeadFile(path: string): Promise<KeyedHead> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(path, 'utf8').catch((thrown: unknown) => {
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errnoOf(thrown))}`, { cause: thrown })
  })
  const { SignedHeadShape } = await import('../../http/broker/admin-shapes.ts')
  const head = SignedHeadShape.safeParse(parsed(text))
  const key = head.success ? readPublicKey(head.data.serverKey) : undefined
  if (!head.success || key === undefined)
    throw new LocketError('config', `${path} is not a file of locket audit head --broker`)
  if (!isSignedHead(head.data, key))
    throw new LocketError('audit_broken', `the signature in ${path} does not fit: the file was changed`)
  return head.data
}

/** Returns the fingerprint of the key that has signed a head. */
export function signerOf({ serverKey }: KeyedHead): string {
  return keyFingerprint(readPublicKey(serverKey) ?? new Uint8Array())
}

/** Returns the hash of a line. Undefined: the chain had no line. */
export function hashIn(head: SignedHead | undefined): string | undefined {
  return head === undefined || head.seq === 0 ? undefined : head.hash
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function momentOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

/** Leaves out what is not set. */
function texts(query: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
