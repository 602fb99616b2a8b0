import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { keepassxc } from '../../../src/providers/keepassxc/keepassxc.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { credentialFile } from '../provider/credential-file.ts'
import { NO_SERVER_KNOBS } from '../provider/no-server.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'

export const PASSWORD = 'keepassxc-canary-one'
const OTHER_PASSWORD = 'keepassxc-canary-two'

export const subject: ProviderSubject = {
  def: keepassxc,
  start: startBackend,
  foreign: ['keepassxc:a', 'keepass://a', ' keepassxc://a', 'pass://a'],
  malformed: [
    'keepassxc://',
    'keepassxc:/a',
    'keepassxc:///a',
    'keepassxc://a//b',
    'keepassxc://a/',
    'keepassxc://a#b',
    'keepassxc://a?field=',
    'keepassxc://a?attribute=b',
  ],
  spellings: [
    ['keepassxc://a/b', 'KEEPASSXC://a/%62', 'keepassxc://a/b?field=Password'],
    ['keepassxc://a/B'],
    ['keepassxc://a%2Fb'],
    ['keepassxc://a/b?field=UserName'],
    ['keepassxc://a/b?field=*'],
    ['keepassxc://a/b?field=%2A'],
  ],
  required: ['keepassxc-database'],
  textOnly: 'a database holds text in XML',
  lacks: NO_SERVER_KNOBS,
}

/** Entries by path, each with its attributes. The title is the last part. `UUID` is the id, in base64. */
export type Entries = Map<string, Readonly<Record<string, string>>>

/** Makes a database of these entries by keepassxc-cli. */
export async function makeDatabase(place: string, entries: Entries, password: string): Promise<void> {
  const xml = `${place}.xml`
  await writeFile(xml, xmlOf(entries))
  await rm(place, { force: true })
  const child = spawn('keepassxc-cli', ['import', '-p', '-t', '100', xml, place], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.stdin.end(`${password}\n${password}\n`)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`keepassxc-cli import: exit code ${code}`)
}

function xmlOf(entries: Entries): string {
  const groups = [...entries].map(([path, fields]) => {
    const [title = '', ...above] = path.split('/').toReversed()
    const { UUID = uuid(), ...attributes } = fields
    const strings = Object.entries({ Title: title, ...attributes }).map(
      ([key, value]) => `<String><Key>${escaped(key)}</Key><Value>${escaped(value)}</Value></String>`,
    )
    return above.reduce(
      (inner, name) => `<Group><UUID>${uuid()}</UUID><Name>${escaped(name)}</Name>${inner}</Group>`,
      `<Entry><UUID>${UUID}</UUID>${strings.join('')}</Entry>`,
    )
  })
  return `<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group><UUID>${uuid()}</UUID><Name>Root</Name>${groups.join('')}</Group></Root></KeePassFile>`
}

function uuid(): string {
  return randomBytes(16).toString('base64')
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>\r]/g, (mark) => `&#${mark.charCodeAt(0)};`)
}

async function startBackend(t: TestContext): Promise<Backend> {
  const folder = await temporaryFolder(t)
  const database = join(folder, 'secrets.kdbx')
  const file = await credentialFile(t, 'password', PASSWORD)
  const settings = { database, password: `file:${file.path}` }
  const entries: Entries = new Map([['there/anyway', { Password: 'canary-9f2c-value-other' }]])
  await makeDatabase(database, entries, PASSWORD)
  return {
    settings,
    async put(name, value) {
      entries.set(`contract/${name}`, { Password: new TextDecoder().decode(value) })
      await makeDatabase(database, entries, PASSWORD)
      return `keepassxc://contract/${name}`
    },
    async putAll(values) {
      entries.set('contract/all', values)
      await makeDatabase(database, entries, PASSWORD)
      return 'keepassxc://contract/all?field=*'
    },
    missing: 'keepassxc://contract/nothing',
    canaries: [PASSWORD, OTHER_PASSWORD],
    deps: { env: { PATH: process.env['PATH'] } },
    knobs: {
      async badCredential() {
        return { ...settings, password: 'keepassxc-canary-unknown' }
      },
      async lateCredential() {
        const late = file.late(PASSWORD)
        return { settings: { ...settings, password: `file:${late.path}` }, ...late }
      },
      async rotateCredential() {
        await makeDatabase(database, entries, OTHER_PASSWORD)
        await file.swap(OTHER_PASSWORD)
      },
    },
  }
}
