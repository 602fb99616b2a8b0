import { brokerAdminSection, secretRefSection } from '../config/broker/admin-section.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import {
  adminAction,
  readPlace,
  runAction,
  tableText,
  type ActionCall,
  type AdminAction,
} from './broker/admin-actions.ts'
import type { Command } from './define.ts'

const PROJECT = { secretRef: secretRefSection } as const

const ACTIONS: ReadonlyMap<string, AdminAction> = new Map([
  ['add', adminAction('secret-ref', PROJECT, ['NAME', 'REFERENCE'], add)],
  ['rm', adminAction('secret-ref', PROJECT, ['NAME...'], remove)],
  ['list', adminAction('secret-ref', PROJECT, [], list)],
])

/** The command `locket secret-ref`: the names under which machines read references of this broker. */
export const command: Command = {
  usage: [
    'locket secret-ref add NAME REFERENCE --project PROJECT',
    'locket secret-ref rm NAME... --project PROJECT',
    'locket secret-ref list [--project PROJECT]',
  ],
  example:
    'locket secret-ref add db-password op://Servers/Database/password --project shop      machines read locket://shop/db-password',
  sections: [secretRefSection, brokerAdminSection, configFileSection],
  actions: ACTIONS,
  run: (context) => runAction(ACTIONS, context),
}

async function add({ settings, positionals, context, client }: ActionCall<typeof PROJECT>): Promise<void> {
  const [text = '', reference = ''] = positionals
  const { project, name } = readPlace(text, settings.secretRef.project)
  await client.addSecret({ project, name, reference })
  context.stderr.write(`locket://${project}/${name} is ${reference}\n`)
}

async function remove({ settings, positionals, context, client }: ActionCall<typeof PROJECT>): Promise<void> {
  for (const { project, name } of positionals.map((text) => readPlace(text, settings.secretRef.project))) {
    await client.removeSecret({ project, name })
    context.stderr.write(`removed locket://${project}/${name} and its grants\n`)
  }
}

async function list({ settings, context, client }: ActionCall<typeof PROJECT>): Promise<void> {
  const { project } = settings.secretRef
  const all = await client.secrets()
  const shown = all.filter((secret) => project === undefined || secret.project === project)
  if (shown.length === 0) return void context.stderr.write('no secrets yet\n')
  const rows = shown.map((secret) => [`${secret.project}/${secret.name}`, secret.reference])
  context.stdout.write(tableText([['SECRET', 'REFERENCE'], ...rows]))
}
