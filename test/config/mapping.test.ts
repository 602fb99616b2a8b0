import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { loadMapping } from '../../src/config/mapping/load-mapping.ts'
import type { SettingsOf } from '../../src/settings/field.ts'
import type { mappingSection } from '../../src/config/mapping/section.ts'
import { withoutUsedToken, withVaultVariables } from '../../src/config/mapping/vault-variables.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

type Choice = Partial<SettingsOf<typeof mappingSection>>

/** Writes the files into a folder and reads the mapping in one of its folders. */
async function mapped(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  {
    choice = {},
    cwd = '.',
    isMapped = 'always' as const,
  }: { choice?: Choice; cwd?: string; isMapped?: 'always' } = {},
) {
  const folder = await temporaryFolder(t)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text, { mode: 0o644 })
  }
  const problems: string[] = []
  const by = { cwd: join(folder, cwd), uid: process.getuid?.() ?? 0 }
  const settings = { path: undefined, environment: undefined, only: undefined, ...choice }
  const mapping = loadMapping(settings, { isMapped, by, tables: TABLES }, problems)
  const variables = (mapping?.entries ?? []).map(({ name, source }) => [
    name,
    source.kind === 'inline' ? source.template : source.path,
  ])
  return {
    folder,
    by,
    variables: Object.fromEntries(variables) as Record<string, string>,
    files: mapping?.facts.files.map((path) => path.slice(folder.length + 1)),
    problems: problems.map((problem) => problem.replaceAll(folder, 'FOLDER')),
  }
}

test('each way to write a variable becomes a reference', async (t) => {
  const { variables, problems } = await mapped(t, {
    'locket.toml': `[secrets]
TEXT = "postgres://app:{{ local://db/password }}@db"
BARE = "op://vault/item/field"
TABLE = { provider = "vault", ref = "secret/data/prod/db", field = "url" }
LATER = { resolver = "hashicorp", ref = "secret/data/prod/db/url" }
WHOLE = { provider = "1password", ref = "op://vault/item/field" }
ENV = { provider = "env_file", ref = "TOKEN", allow_empty = true }
NAMED = { provider = "prod", ref = "db/password" }
[providers.prod]
kind = "local"
`,
  })
  assert.deepEqual(problems, [])
  assert.deepEqual(variables, {
    TEXT: 'postgres://app:{{ local://db/password }}@db',
    BARE: '{{ op://vault/item/field }}',
    TABLE: '{{ bao://secret/prod/db/url?kv=2 }}',
    LATER: '{{ bao://secret/prod/db/url?whole&kv=2 }}',
    WHOLE: '{{ op://vault/item/field }}',
    ENV: '{{ dotenv://TOKEN }}',
    NAMED: '{{ prod+local://db/password }}',
  })
})

test('a mistake is reported with its line and without the value', async (t) => {
  const { variables, problems } = await mapped(t, {
    'locket.toml': `[secrets]
PLAIN = "canary-plain"
"A B" = "{{ local://a }}"
NUMBER = 5
NONE = { ref = "a" }
BOTH = { provider = "vault", resolver = "vault", ref = "a" }
NEAR = { provider = "vualt", ref = "a" }
FIELD = { provider = "local", ref = "a", field = "canary-field" }
WHOLE = { provider = "op", ref = "op://a/b/c", field = "d" }
MORE = { provider = "local", ref = "a", fields = "canary" }
AWS = { provider = "aws", ref = "prod/key" }
[resolvers.x]
type = "hashicorp"
[secretz]
A = "{{ local://a }}"
`,
  })
  assert.deepEqual(variables, {})
  const says = (line: number, text: string) => {
    const found = problems.find((problem) => problem.startsWith(`FOLDER/locket.toml line ${line}`))
    assert.ok(found?.includes(text), `line ${line}: ${found}`)
  }
  says(2, 'PLAIN: it has no reference')
  says(3, 'A B is not a valid name for a variable')
  says(4, 'NUMBER: write "{{ REFERENCE }}"')
  says(5, 'NONE: it has no provider')
  says(6, 'BOTH: provider and resolver are the same')
  says(7, 'NEAR: there is no provider of this name, did you mean vault?')
  says(8, 'FIELD: a secret of local has no fields')
  says(9, 'WHOLE: the ref is a whole reference')
  says(10, 'MORE: there is no key fields, did you mean field?')
  says(11, 'AWS: the ref of provider aws begins with sm:// or ssm://')
  says(12, 'write [providers.NAME]')
  says(14, '[secretz] is not a table of a mapping file')
  assert.doesNotMatch(problems.join(), /canary/)
})

const LAYERED = {
  'locket.toml': `[secrets]
A = "{{ local://a }}"
B = "{{ local://b }}"
[production.secrets]
B = "{{ local://production/b }}"
`,
  'locket.local.toml': '[secrets]\nA = "{{ local://mine/a }}"\n',
}

test('an environment and a local overlay are laid over [secrets], and --only chooses', async (t) => {
  const plain = await mapped(t, LAYERED)
  assert.deepEqual(plain.variables, { A: '{{ local://mine/a }}', B: '{{ local://b }}' })
  assert.deepEqual(plain.files, ['locket.toml', 'locket.local.toml'])
  const production = await mapped(t, LAYERED, { choice: { environment: 'production', only: ['B'] } })
  assert.deepEqual(production.variables, { B: '{{ local://production/b }}' })
  const wrong = await mapped(t, LAYERED, { choice: { environment: 'prod', only: ['AA'] } })
  assert.deepEqual(wrong.problems, [
    'environment prod: the mapping file does not have it, there is production',
    'flag --only: the mapping file has no variable AA, did you mean A?',
  ])
})

test('the file is looked for upwards; one without secrets is passed over', async (t) => {
  const text = '[secrets]\nA = "{{ local://a }}"\n'
  const files = { '.keyzero.toml': text, 'a/b/c/x': '', 'a/locket.toml': '[volume]\nwatch = true\n' }
  assert.deepEqual((await mapped(t, files, { cwd: 'a/b/c' })).files, ['.keyzero.toml'])
  const both = await mapped(t, { ...files, 'a/.locket.toml': text }, { cwd: 'a/b/c' })
  assert.deepEqual(both.files, ['a/.locket.toml'])
  const none = await mapped(t, { x: '' })
  assert.match(none.problems.join(), /^there is no mapping file: no locket\.toml, .* in FOLDER or above it/)
  const named = await mapped(t, files, { choice: { path: 'gone.toml' } })
  assert.deepEqual(named.problems, ['flag --mapping: there is no file gone.toml'])
})

test('a file above the working directory that another user can write is not used', async (t) => {
  const { folder, by } = await mapped(t, { 'locket.toml': '[secrets]\nA = "{{ local://a }}"\n', 'a/x': '' })
  const find = (cwd: string, path?: string) => {
    const problems: string[] = []
    const settings = { path, environment: undefined, only: undefined }
    const mapping = loadMapping(
      settings,
      { isMapped: 'always', by: { ...by, cwd }, tables: TABLES },
      problems,
    )
    return { count: mapping?.entries.length ?? 0, problems: problems.join() }
  }
  const file = join(folder, 'locket.toml')
  assert.equal(find(join(folder, 'a')).count, 1)
  await chmod(file, 0o666)
  assert.match(find(join(folder, 'a')).problems, /locket\.toml is not used: other users can write it/)
  assert.equal(find(folder).count, 1)
  assert.equal(find(join(folder, 'a'), file).count, 1)
  await chmod(file, 0o644)
  const overlay = join(folder, 'locket.local.toml')
  await writeFile(overlay, '[secrets]\nA = "{{ local://b }}"\n')
  await chown(overlay, 1234, 1234)
  assert.match(
    find(join(folder, 'a')).problems,
    /locket\.local\.toml is not used: it belongs to the user 1234/,
  )
  await rm(overlay)
  await chown(file, 1234, 1234)
  assert.match(find(join(folder, 'a')).problems, /it belongs to the user 1234 \(name it with --mapping/)
})

test('a link above the working directory, and a pipe, are refused at once', async (t) => {
  const { folder, by } = await mapped(t, { 'locket.toml': '[secrets]\nA = "{{ local://a }}"\n', 'a/x': '' })
  const file = join(folder, 'locket.toml')
  const find = (cwd: string) => {
    const problems: string[] = []
    const settings = { path: undefined, environment: undefined, only: undefined }
    loadMapping(settings, { isMapped: 'always', by: { ...by, cwd }, tables: TABLES }, problems)
    return problems.join()
  }
  await rename(file, join(folder, 'other.toml'))
  await symlink('other.toml', file)
  assert.match(find(join(folder, 'a')), /cannot be read: a part of the path is a link that is not followed/)
  assert.equal(find(folder), '')
  await rm(file)
  execFileSync('mkfifo', [file])
  assert.match(find(folder), /locket\.toml is not used: it is not a file/)
})

test("Vault's own variables are read where no setting of locket is in their place", () => {
  const vault = { VAULT_ADDR: 'https://v', VAULT_TOKEN: 'canary', VAULT_NAMESPACE: 'team', A: '1' }
  const all = withVaultVariables(vault)
  assert.deepEqual([all['BAO_URL'], all['BAO_TOKEN'], all['BAO_NAMESPACE']], ['https://v', 'canary', 'team'])
  assert.deepEqual(withoutUsedToken(vault, all), { VAULT_ADDR: 'https://v', VAULT_NAMESPACE: 'team', A: '1' })
  const role = { ...vault, BAO_SECRET_ID_FILE: '/x' }
  assert.equal(withVaultVariables(role)['BAO_TOKEN'], undefined)
  assert.deepEqual(withoutUsedToken(role, withVaultVariables(role)), role)
  const file = withVaultVariables({ VAULT_ADDR: 'https://v', VAULT_TOKEN_FILE: '/run/token' })
  assert.equal(file['BAO_TOKEN_FILE'], '/run/token')
  const own = { ...vault, BAO_URL: 'https://own' }
  assert.deepEqual(withVaultVariables(own), own)
})
