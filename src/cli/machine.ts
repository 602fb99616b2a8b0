import { brokerAdminSection, machineAddSection } from '../config/broker/admin-section.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import {
  adminAction,
  readPlace,
  runAction,
  shownTime,
  tableText,
  type ActionCall,
  type AdminAction,
} from './broker/admin-actions.ts'
import type { Command } from './define.ts'

const ADD = { add: machineAddSection } as const
const NONE = {} as const

const ACTIONS: ReadonlyMap<string, AdminAction> = new Map([
  ['add', adminAction('machine', ADD, ['NAME'], add)],
  ['list', adminAction('machine', NONE, [], list)],
  ['show', adminAction('machine', NONE, ['NAME'], show)],
  ['enable', adminAction('machine', NONE, ['NAME'], (call) => turn(call, 'enable'))],
  ['disable', adminAction('machine', NONE, ['NAME'], (call) => turn(call, 'disable'))],
  ['rm', adminAction('machine', NONE, ['NAME'], remove)],
])

/** The command `locket machine`: the machines that a broker of this host answers. */
export const command: Command = {
  usage: [
    'locket machine add NAME [--project PROJECT] [--secret NAME]... [--cidr CIDR]... [--expires TIME]',
    'locket machine add NAME --issuer ISSUER --claim NAME=PATTERN... [FLAGS]   a workload with a token',
    'locket machine list',
    'locket machine show NAME',
    'locket machine enable NAME',
    'locket machine disable NAME      its next request is refused',
    'locket machine rm NAME           removes its grants too',
  ],
  example: 'locket machine add web1 --project shop --secret db-password',
  sections: [machineAddSection, brokerAdminSection, configFileSection],
  actions: ACTIONS,
  run: (context) => runAction(ACTIONS, context),
}

async function add({ settings, positionals, context, client }: ActionCall<typeof ADD>): Promise<void> {
  const [name = ''] = positionals
  const { project, secrets, cidrs = [], expires, approve, bundle } = settings.add
  const grants =
    secrets?.map((text) => readPlace(text, project)) ??
    (project === undefined ? [] : [{ project, name: '*' }])
  const common = {
    name,
    grants,
    cidrs,
    ...(expires === undefined ? {} : { expires: momentOf(expires, context.calledAt) }),
  }
  const workload = workloadOf(settings.add)
  const warn = (): void => {
    if (grants.length === 0)
      context.stderr.write(`${name} may read nothing yet: locket grant add ${name} PROJECT/NAME\n`)
  }
  if (workload !== undefined) {
    const { identity } = await client.addWorkload({ ...common, workload })
    warn()
    context.stderr.write(`this is the identity.json of ${name}; it holds no secret:\n`)
    context.stdout.write(identity)
    return
  }
  if (bundle !== undefined && approve)
    throw new LocketError('usage', '--approve compares the fingerprint of a key that the machine makes', {
      hint: 'leave out --approve or --bundle',
    })
  const { token, tokenExpires, url } = await client.addMachine({
    ...common,
    how: bundle === undefined ? 'enrol' : 'bundle',
    needsApproval: approve,
  })
  warn()
  if (bundle === undefined) {
    context.stderr.write(`run this on ${name} before ${shownTime(tokenExpires)} UTC; it works once:\n`)
    context.stdout.write(`locket enrol ${url} ${token}\n`)
    return
  }
  const zip = await client.download(token)
  try {
    await (await import('../wire.ts')).writePrivateFile(bundle, zip)
  } finally {
    zip.fill(0)
  }
  context.stderr.write(`wrote ${bundle}: the broker keeps no copy of its key\n`)
}

/** Returns the rule of a workload. Undefined: the machine has a key. Throws `usage`. */
function workloadOf({
  issuer,
  claims = [],
  approve,
  bundle,
}: ActionCall<typeof ADD>['settings']['add']):
  | { issuer: string; claims: Record<string, string> }
  | undefined {
  if (issuer === undefined && claims.length === 0) return undefined
  if (issuer === undefined) throw new LocketError('usage', '--claim needs --issuer')
  if (approve || bundle !== undefined)
    throw new LocketError('usage', '--issuer is for a machine without a key', {
      hint: 'leave out --approve and --bundle',
    })
  const pairs = claims.map((text): readonly [string, string] => {
    const [, name, pattern] = /^([^=]+)=(.*)$/s.exec(text) ?? []
    if (name !== undefined && pattern !== undefined) return [name, pattern]
    throw new LocketError('usage', '--claim takes NAME=PATTERN, like repository=acme/shop')
  })
  const repeated = pairs.find(([name], index) => pairs.findIndex(([other]) => other === name) < index)
  if (repeated !== undefined) throw new LocketError('usage', `--claim ${repeated[0]} is given twice`)
  return { issuer, claims: Object.fromEntries(pairs) }
}

function momentOf(expires: { readonly inMs: number } | { readonly at: string }, now: number): string {
  return 'at' in expires ? expires.at : new Date(now + expires.inMs).toISOString()
}

async function list({ context, client }: ActionCall<typeof NONE>): Promise<void> {
  const machines = await client.machines()
  if (machines.length === 0) return void context.stderr.write('no machines yet\n')
  const rows = machines.map(({ name, state, lastSeen, expires }) => [
    name,
    state,
    shownTime(lastSeen),
    shownTime(expires),
  ])
  context.stdout.write(tableText([['NAME', 'STATE', 'LAST SEEN', 'EXPIRES'], ...rows]))
}

async function show({ positionals, context, client }: ActionCall<typeof NONE>): Promise<void> {
  const [name = ''] = positionals
  const machine = await client.machine(name)
  const { cidrs, grants, workload } = machine
  context.stdout.write(
    tableText([
      ['name', machine.name],
      ['id', machine.id],
      ['state', machine.state],
      ['fingerprint', machine.fingerprint ?? '-'],
      ...(workload === undefined ? [] : [['token of', workload.issuer]]),
      ...Object.entries(workload?.claims ?? {}).map(([claim, pattern]) => ['claim', `${claim}=${pattern}`]),
      ['networks', cidrs.length === 0 ? 'any' : cidrs.join(' ')],
      ['expires', shownTime(machine.expires)],
      ['created', shownTime(machine.createdAt)],
      ['last seen', shownTime(machine.lastSeen)],
      ...grants.map((grant) => ['may read', `${grant.project}/${grant.name}`]),
    ]),
  )
}

async function turn(
  { positionals, context, client }: ActionCall<typeof NONE>,
  to: 'enable' | 'disable',
): Promise<void> {
  const [name = ''] = positionals
  await client.turn(name, to)
  context.stderr.write(`${to}d ${name}\n`)
}

async function remove({ positionals, context, client }: ActionCall<typeof NONE>): Promise<void> {
  const [name = ''] = positionals
  await client.removeMachine(name)
  context.stderr.write(`removed ${name}\n`)
}
