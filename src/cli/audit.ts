import { counted } from '../core/text/units.ts'
import { HEADS, shownLines, verifyLog } from '../app/audit/read-log.ts'
import { hostAuditLog } from '../config/host-audit-log.ts'
import { loadCommand, type Loaded, type Sections } from '../config/load.ts'
import { auditFileSection, auditShowSection, auditVerifySection } from '../config/sections/log.ts'
import { nearest } from '../core/text/nearest.ts'
import { tableLines, type TableCell } from '../core/text/table.ts'
import { ERROR_KINDS, LocketError } from '../core/vocabulary/errors.ts'
import type { Action, Command, CommandContext } from './define.ts'

const VERIFY = { verify: auditVerifySection, file: auditFileSection }
const SHOW = { show: auditShowSection, file: auditFileSection }

interface AuditCommand extends Action {
  run(name: string, context: CommandContext): Promise<number>
}

const ACTIONS: ReadonlyMap<string, AuditCommand> = new Map([
  ['verify', action(VERIFY, verify)],
  ['show', action(SHOW, show)],
])

/** The command `locket audit`, which reads the audit log of the daemon. */
export const command: Command = {
  usage: [
    'locket audit verify [FILE...]   exit code 0: no line was changed, removed or added',
    'locket audit show [FILE...] [--volume NAME] [--reference TEXT] [--since TIME]',
    '',
    'Without FILE: the audit-log of the daemon and the files that were rotated away from it.',
  ],
  example: 'locket audit show --volume app_secrets --since 24h',
  sections: [auditShowSection, auditVerifySection, auditFileSection],
  takes: 'files',
  actions: ACTIONS,
  async run(context) {
    const [name = ''] = context.argv
    const chosen = ACTIONS.get(name)
    if (chosen === undefined) throw unknownAction(name)
    return await chosen.run(name, context)
  },
}

/** Returns an action that loads its settings and calls `body`. */
function action<S extends Sections>(
  sections: S,
  body: (loaded: Loaded<S>, context: CommandContext) => Promise<number>,
): AuditCommand {
  return {
    sections: Object.values(sections),
    takes: 'files',
    async run(name, context) {
      const { argv, env, isRoot } = context
      const positionals = ['[FILE...]']
      const request = { name: `audit ${name}`, sections, argv: argv.slice(1), env, isRoot, positionals }
      return await body(loadCommand(request), context)
    },
  }
}

async function verify(
  { settings, positionals }: Loaded<typeof VERIFY>,
  context: CommandContext,
): Promise<number> {
  const { paths, files } = await filesOf(settings.file.path, positionals, context)
  const { expect } = settings.verify
  const { faults, remarks, last, isFound, files: checked } = await verifyLog(paths, files, expect)
  const { stdout, stderr } = context
  const all =
    isFound === false ? [...faults, `no line has the hash ${expect}: the end of the log is gone`] : faults
  for (const remark of remarks) stderr.write(`note: ${remark}\n`)
  for (const fault of all) stdout.write(`${fault}\n`)
  const lines = checked.reduce((sum, file) => sum + file.lines, 0)
  if (all.length > 0) return ERROR_KINDS.audit_broken.exit
  stdout.write(`the chain is whole: ${counted(lines, 'line')} in ${counted(checked.length, 'file')}\n`)
  if (last !== undefined) stdout.write(`last hash: ${last}\n`)
  return 0
}

/** Rows that are aligned together. */
const ROWS_AT_ONCE = 1000
/** A longer text does not widen its column. */
const WIDEST = 60

async function show(
  { settings, positionals }: Loaded<typeof SHOW>,
  context: CommandContext,
): Promise<number> {
  const { paths, files } = await filesOf(settings.file.path, positionals, context)
  const { volume, reference, since, until, format } = settings.show
  const { calledAt, stdout } = context
  const filter = { volume, reference, since: since?.(calledAt), until: until?.(calledAt) }
  let rows: (readonly TableCell[])[] = [HEADS]
  const print = () => {
    if (rows.length > 0) stdout.write(`${tableLines(rows, { widest: WIDEST }).join('\n')}\n`)
    rows = []
  }
  for await (const line of shownLines(paths, files, filter)) {
    if (format === 'json') stdout.write(`${line.text}\n`)
    else rows.push(...line.rows)
    if (rows.length >= ROWS_AT_ONCE) print()
  }
  if (format === 'table') print()
  return 0
}

async function filesOf(
  configured: string | undefined,
  named: readonly string[],
  { env, tables }: CommandContext,
) {
  const { openAuditFiles } = await import('../wire.ts')
  const files = openAuditFiles()
  if (named.length > 0) return { files, paths: named }
  const path = configured ?? hostAuditLog({ env, tables })
  if (path === undefined)
    throw new LocketError('usage', 'there is no audit log to read: audit-log is off', {
      hint: 'name the files, or set --audit-log',
    })
  const paths = await files.list(path)
  if (paths.length === 0)
    throw new LocketError('io', `there is no ${path}, and no file was rotated away from it`)
  return { files, paths }
}

function unknownAction(name: string): LocketError {
  const names = [...ACTIONS.keys()]
  const near = nearest(name, names)
  return new LocketError('usage', `locket audit takes ${names.join(' or ')}`, {
    hint: near === undefined ? '`locket audit --help` tells more' : `did you mean ${near}?`,
  })
}
