import { counted } from '../core/text/units.ts'
import { HEADS, shownLines, verifyLog } from '../app/audit/read-log.ts'
import { brokerAdminSection } from '../config/broker/admin-section.ts'
import { auditSourceSection, brokerLinesSection } from '../config/broker/audit-section.ts'
import { hostAuditLog } from '../config/host-audit-log.ts'
import { loadBrokerCommand } from '../config/broker/load-admin.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { loadCommand, type Loaded, type Sections } from '../config/load.ts'
import { auditFileSection, auditShowSection, auditVerifySection } from '../config/sections/log.ts'
import { nearest } from '../core/text/nearest.ts'
import { tableLines, type TableCell } from '../core/text/table.ts'
import { ERROR_KINDS, LocketError } from '../core/vocabulary/errors.ts'
import type { Action, Command, CommandContext } from './define.ts'

const BROKER = { source: auditSourceSection, admin: brokerAdminSection, configFile: configFileSection }
const VERIFY = { verify: auditVerifySection, file: auditFileSection, ...BROKER }
const SHOW = { show: auditShowSection, lines: brokerLinesSection, file: auditFileSection, ...BROKER }

interface AuditCommand extends Action {
  run(name: string, context: CommandContext): Promise<number>
}

const ACTIONS: ReadonlyMap<string, AuditCommand> = new Map([
  ['verify', action(VERIFY, verify)],
  ['show', action(SHOW, show)],
  ['export', action(BROKER, (loaded, context) => ofBroker('export', loaded, context))],
  ['head', action(BROKER, (loaded, context) => ofBroker('head', loaded, context))],
])

/** The command `locket audit`, which reads the audit log of the daemon, or the audit of a broker. */
export const command: Command = {
  usage: [
    'locket audit verify [FILE...]   exit code 0: no line was changed, removed or added',
    'locket audit show [FILE...] [--volume NAME] [--reference TEXT] [--since TIME]',
    'locket audit verify --broker [--head FILE]',
    'locket audit show --broker [--machine NAME] [--secret PROJECT/NAME] [--outcome OUTCOME] [--since TIME]',
    'locket audit export --broker   prints all lines, for `locket audit verify FILE`',
    'locket audit head --broker     prints the last hash with the signature of the broker',
    '',
    'Without FILE: the audit-log of the daemon and the files that were rotated away from it.',
  ],
  example: 'locket audit show --volume app_secrets --since 24h',
  sections: [
    auditShowSection,
    auditVerifySection,
    auditFileSection,
    auditSourceSection,
    brokerLinesSection,
    brokerAdminSection,
    configFileSection,
  ],
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
function action<S extends Sections & typeof BROKER>(
  sections: S,
  body: (loaded: Loaded<S>, context: CommandContext) => Promise<number>,
): AuditCommand {
  return {
    sections: Object.values(sections),
    takes: 'files',
    async run(name, context) {
      const { argv, env, isRoot, tables } = context
      const positionals = ['[FILE...]']
      const request = { name: `audit ${name}`, sections, argv: argv.slice(1), env, isRoot, positionals }
      const loaded = loadCommand(request)
      // The configuration file says where the broker is.
      return await body(isOfBroker(loaded) ? loadBrokerCommand({ ...request, tables }) : loaded, context)
    },
  }
}

function isOfBroker({ settings }: Loaded<typeof BROKER>): boolean {
  return settings.source.broker
}

async function verify(
  { settings, positionals }: Loaded<typeof VERIFY>,
  context: CommandContext,
): Promise<number> {
  const own = await import('./broker/audit-broker.ts')
  if (settings.source.broker)
    return await own.verifyBroker(await own.openAdmin(settings.admin, context), settings.verify, context)
  const { paths, files } = await filesOf(settings.file.path, positionals, context)
  const { stdout, stderr } = context
  const head = settings.verify.head === undefined ? undefined : await own.readHeadFile(settings.verify.head)
  if (head !== undefined)
    stderr.write(`note: line ${head.seq} of ${head.time} was signed by ${own.signerOf(head)}\n`)
  const expect = settings.verify.expect ?? own.hashIn(head)
  const { faults, remarks, last, isFound, files: checked } = await verifyLog(paths, files, expect)
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
  if (settings.source.broker) {
    const own = await import('./broker/audit-broker.ts')
    return await own.showBroker(await own.openAdmin(settings.admin, context), settings, context)
  }
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

/** Runs an action that only the audit of a broker has. */
async function ofBroker(
  name: 'export' | 'head',
  { settings }: Loaded<typeof BROKER>,
  context: CommandContext,
): Promise<number> {
  if (!settings.source.broker)
    throw new LocketError('usage', `locket audit ${name} is for the audit of a broker`, {
      hint: 'add --broker; the log of the daemon is a file',
    })
  const own = await import('./broker/audit-broker.ts')
  const client = await own.openAdmin(settings.admin, context)
  return name === 'export' ? await own.exportBroker(client, context) : await own.headOfBroker(client, context)
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
  return new LocketError('usage', `locket audit takes one of ${names.join(', ')}`, {
    hint: near === undefined ? '`locket audit --help` tells more' : `did you mean ${near}?`,
  })
}
