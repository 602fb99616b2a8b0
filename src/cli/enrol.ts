import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { enrolSection } from '../config/broker/admin-section.ts'
import { loadCommand } from '../config/load.ts'
import { formatIdentity, IDENTITY_FILES } from '../core/broker/identity-file.ts'
import { createSigningKey, keyFingerprint, privateKeyPem, rawPublicKey } from '../core/broker/keys.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import type { Command, CommandContext } from './define.ts'

const SECTIONS = { enrol: enrolSection } as const

/** The command `locket enrol`: makes the key of this machine, and brings its public half to a broker. */
export const command: Command = {
  usage: ['locket enrol URL TOKEN [--identity-dir DIR]'],
  example: 'locket enrol https://broker.example:7468 le_…      as `locket machine add` has printed it',
  sections: [enrolSection],
  async run(context) {
    const { name, argv, env, isRoot, signal } = context
    const positionals = ['URL', 'TOKEN']
    const { settings, positionals: words } = loadCommand({
      name,
      sections: SECTIONS,
      argv,
      env,
      isRoot,
      positionals,
    })
    const [url = '', token = ''] = words
    const { folder } = settings.enrol
    await refuseToReplace(join(folder, IDENTITY_FILES.identity))
    const { writePrivateFile } = await import('../wire.ts')
    const { enrolAt } = await import('../http/broker-client/enrol-client.ts')
    const key = createSigningKey()
    const pem = privateKeyPem(key)
    // The key is on disk before the token is used up: a token works once.
    await writePrivateFile(join(folder, IDENTITY_FILES.key), pem)
    pem.fill(0)
    const { identity, state } = await enrolAt({ url, token, key, signal })
    await writePrivateFile(join(folder, IDENTITY_FILES.identity), formatIdentity(identity))
    report(context, {
      folder,
      name: identity.machineName,
      state,
      fingerprint: keyFingerprint(rawPublicKey(key)),
    })
    return 0
  },
}

interface Report {
  readonly folder: string
  readonly name: string
  readonly state: string
  readonly fingerprint: string
}

function report({ stderr }: CommandContext, { folder, name, state, fingerprint }: Report): void {
  stderr.write(`this machine is ${name}; its identity is in ${folder}\nfingerprint: ${fingerprint}\n`)
  if (state === 'pending')
    stderr.write(`it waits for approval: compare the fingerprint with locket machine show ${name}\n`)
}

/** An identity that is replaced is lost for good, so it is never replaced. */
async function refuseToReplace(path: string): Promise<void> {
  const isThere = await readFile(path).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw new LocketError('usage', `this machine has an identity already: ${path}`, {
      hint: 'remove it, or name another folder with --identity-dir',
    })
}
