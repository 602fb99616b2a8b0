import { brokerAdminSection } from '../config/broker/admin-section.ts'
import { configFileSection } from '../config/sections/config-file.ts'
import {
  adminAction,
  readPlace,
  runAction,
  type ActionCall,
  type AdminAction,
} from './broker/admin-actions.ts'
import type { Command } from './define.ts'

const NONE = {} as const

const ACTIONS: ReadonlyMap<string, AdminAction> = new Map([
  ['add', adminAction('grant', NONE, ['MACHINE', 'SECRET...'], add)],
  ['rm', adminAction('grant', NONE, ['MACHINE', 'SECRET...'], remove)],
  ['list', adminAction('grant', NONE, ['MACHINE'], list)],
])

/** The command `locket grant`: which secrets a machine may read. */
export const command: Command = {
  usage: [
    'locket grant add MACHINE PROJECT/NAME...    PROJECT/* means all secrets of a project',
    'locket grant rm MACHINE PROJECT/NAME...',
    'locket grant list MACHINE',
  ],
  example: 'locket grant add web1 shop/db-password',
  sections: [brokerAdminSection, configFileSection],
  actions: ACTIONS,
  run: (context) => runAction(ACTIONS, context),
}

async function add({ positionals, context, client }: ActionCall<typeof NONE>): Promise<void> {
  const [machine = '', ...secrets] = positionals
  for (const body of secrets.map((text) => readPlace(text))) {
    await client.grant(machine, body)
    context.stderr.write(`${machine} may read ${body.project}/${body.name}\n`)
  }
}

async function remove({ positionals, context, client }: ActionCall<typeof NONE>): Promise<void> {
  const [machine = '', ...secrets] = positionals
  for (const { project, name } of secrets.map((text) => readPlace(text))) {
    await client.revoke(machine, { project, name })
    context.stderr.write(`${machine} may not read ${project}/${name} any more\n`)
  }
}

async function list({ positionals, context, client }: ActionCall<typeof NONE>): Promise<void> {
  const [machine = ''] = positionals
  const { grants } = await client.machine(machine)
  context.stdout.write(grants.map(({ project, name }) => `${project}/${name}\n`).join(''))
}
