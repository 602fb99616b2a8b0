import type { TestBroker } from './broker.ts'

/** A line of the audit. */
interface AuditLine {
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly machine?: string
  readonly secret?: string
  readonly address: string
  readonly outcome: string
  readonly reason: string
}

/** Returns the lines of an action, the newest first. */
export async function auditOf(broker: TestBroker, action: string): Promise<readonly AuditLine[]> {
  const { bytes } = await broker.admin('GET', '/v1/audit?limit=500')
  const { lines } = JSON.parse(bytes.toString()) as { lines: readonly AuditLine[] }
  return lines.filter((line) => line.action === action)
}
