import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { startBroker, type TestBroker } from '../../support/broker.ts'
import { MAIN } from '../../support/program.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { untilLogged } from '../../support/until-logged.ts'

async function started(t: TestContext, args: readonly string[] = []): Promise<TestBroker> {
  const broker = await startBroker({ folder: await temporaryFolder(t), args })
  t.after(() => broker.stop())
  broker.put({ DB: 'canary-audit-db' })
  for (const name of ['db', 'gone'])
    await broker.admin('POST', '/v1/secrets', {
      project: 'shop',
      name,
      reference: `dotenv://${name.toUpperCase()}`,
    })
  return broker
}

/** Runs a command of locket on the host of the broker. */
function locket({ folder }: TestBroker, ...words: string[]) {
  const env = { PATH: process.env['PATH'] ?? '', LOCKET_BROKER_DIR: join(folder, 'broker') }
  const child = spawn(process.execPath, [MAIN, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, out, err })),
  )
}

function rowsOf(out: string): readonly (readonly string[])[] {
  return out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/ {2,}/).slice(1))
}

test('locket audit shows who read what from a broker, by filter, and never a value', async (t) => {
  const broker = await started(t)
  const web1 = await broker.machine('web1', ['shop/db', 'shop/gone'])
  const web2 = await broker.machine('web2', [])
  await broker.resolve(web1, 'shop/db', 'shop/gone')
  await broker.resolve(web2, 'shop/db')
  const all = await locket(broker, 'audit', 'show', '--broker')
  assert.equal(all.code, 0, all.err)
  assert.doesNotMatch(all.out, /canary/)
  assert.deepEqual(
    rowsOf(all.out).map(([action]) => action),
    'start secret.add secret.add machine.add enrol machine.add enrol read read read read'.split(' '),
  )
  const reads = await locket(broker, 'audit', 'show', '--broker', '--secret', 'shop/gone')
  assert.deepEqual(rowsOf(reads.out), [
    ['secret.add', 'admin', 'shop/gone', 'allowed', 'admin'],
    ['read', 'web1', 'shop/gone', '127.0.0.1', 'allowed', 'grant'],
    ['read', 'web1', 'shop/gone', '127.0.0.1', 'failed', 'not_found'],
  ])
  const denied = await locket(broker, 'audit', 'show', '--broker', '--machine', 'web2', '--outcome', 'denied')
  assert.deepEqual(rowsOf(denied.out), [['read', 'web2', 'shop/db', '127.0.0.1', 'denied', 'no grant']])
  const last = await locket(broker, 'audit', 'show', '--broker', '--limit', '1', '--format', 'json')
  assert.match(last.err, /older lines are left out/)
  const line = JSON.parse(last.out) as Record<string, unknown>
  assert.deepEqual([line['seq'], line['machine'], line['secret']], [11, 'web2', 'shop/db'])
  const wrong = await locket(broker, 'audit', 'show', '--broker', '--volume', 'v')
  assert.deepEqual([wrong.code, /use --machine/.test(wrong.err)], [64, true])
})

test('a signed head finds lines that were changed or cut off, also in an exported file', async (t) => {
  const broker = await started(t)
  const { folder } = broker
  const [headFile, exported] = [join(folder, 'head.json'), join(folder, 'audit.jsonl')]
  const head = await locket(broker, 'audit', 'head', '--broker')
  writeFileSync(headFile, head.out)
  await broker.machine('web1', ['shop/db'])
  const whole = await locket(broker, 'audit', 'verify', '--broker', '--head', headFile)
  assert.deepEqual(
    [whole.code, whole.out.startsWith('the chain is whole: 5 lines\nlast hash: ')],
    [0, true],
    whole.out,
  )
  writeFileSync(exported, (await locket(broker, 'audit', 'export', '--broker')).out)
  const ofFile = await locket(broker, 'audit', 'verify', exported, '--head', headFile)
  assert.match(ofFile.err, /note: line 3 of .* was signed by SHA256:/)
  assert.match(ofFile.out, /the chain is whole: 5 lines in 1 file/)
  writeFileSync(headFile, head.out.replace('"seq":3', '"seq":2'))
  const forged = await locket(broker, 'audit', 'verify', '--broker', '--head', headFile)
  assert.deepEqual([forged.code, /the signature in .* does not fit/.test(forged.err)], [65, true])
  writeFileSync(headFile, head.out)

  const raw = new DatabaseSync(join(folder, 'broker', 'broker.db'))
  t.after(() => raw.close())
  raw.exec("UPDATE audit SET outcome = 'denied' WHERE seq = 2")
  const changed = await locket(broker, 'audit', 'verify', '--broker')
  assert.equal(changed.code, 65)
  assert.match(changed.out, /audit:3 does not follow the line before it/)
  raw.exec("UPDATE audit SET outcome = 'allowed' WHERE seq = 2")
  assert.equal((await locket(broker, 'audit', 'verify', '--broker')).code, 0)
  // Somebody with the database cuts the end off, and moves the head back.
  raw.exec(
    'DELETE FROM audit WHERE seq > 2; UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit WHERE seq = 2) WHERE id = 1',
  )
  const cut = await locket(broker, 'audit', 'verify', '--broker', '--head', headFile)
  assert.deepEqual([cut.code, /no line has the hash/.test(cut.out)], [65, true])
})

test('export and head need --broker', async (t) => {
  const broker = await started(t)
  for (const name of ['export', 'head'])
    assert.match((await locket(broker, 'audit', name)).err, /is for the audit of a broker \(add --broker/)
})

const RULES = `
[[policy]]
name = "web"
when = 'machine.startsWith("web")'
effect = "allow"
`

/** Replaces a file in one step, so that nobody reads half of it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

test('a policy decides after grants, and is read again with its file and by SIGHUP', async (t) => {
  const file = join(await temporaryFolder(t), 'policy.toml')
  replace(file, RULES)
  const broker = await started(t, ['--policy-file', file])
  const [web1, other] = [await broker.machine('web1', ['shop/db']), await broker.machine('job', ['shop/db'])]
  const answerOf = async (machine: typeof web1) =>
    Object.keys((await broker.resolve(machine, 'shop/db')).json.answers['shop/db'] ?? {})[0]
  assert.deepEqual([await answerOf(web1), await answerOf(other)], ['value', 'error'])
  replace(file, RULES.replace('"web")', '"job")').replace('name = "web"', 'name = "jobs"'))
  await until('the new policy is in effect', async () => (await answerOf(other)) === 'value')
  assert.equal(await answerOf(web1), 'error')
  replace(file, '[[policy]]\nname = "broken"\n')
  await until('the wrong file is logged', () => broker.output().includes('broker.policy-kept'))
  await untilLogged(
    () => broker.output(),
    /broker\.policy-kept the policy stays as it was: .*policy\.toml line 1: when is missing/,
  )
  assert.equal(await answerOf(other), 'value')
  replace(file, RULES)
  broker.process.kill('SIGHUP')
  await until('the first policy is in effect again', async () => (await answerOf(web1)) === 'value')
  const { out } = await locket(broker, 'audit', 'show', '--broker', '--limit', '1000')
  const loads = rowsOf(out).filter(([action]) => action === 'policy.load')
  assert.deepEqual(
    loads.map((row) => row.at(-2)),
    ['allowed', 'allowed', 'failed', 'allowed'],
  )
  const rules = new Set(
    rowsOf(out)
      .filter(([action]) => action === 'read')
      .map((row) => row.at(-1)),
  )
  assert.deepEqual(rules, new Set(['web', 'no rule', 'jobs']))
  const shown = await broker.admin('GET', '/v1/policy')
  assert.match(shown.bytes.toString(), /"name":"web","when":"machine/)
})

test('a wrong policy refuses the start, with its line', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'policy.toml')
  writeFileSync(file, RULES.replace('machine.', 'machin.'))
  await assert.rejects(startBroker({ folder, args: ['--policy-file', file] }), {
    message: /policy\.toml line 4: the rule "web": there is no variable machin/,
  })
})

test('serve check runs the examples of a policy, as text and as JSON, with an exit code', async (t) => {
  const folder = await temporaryFolder(t)
  const file = join(folder, 'policy.toml')
  const example = (machine: string, effect: string) =>
    `[[example]]\nmachine = "${machine}"\nsecret = "shop/db"\neffect = "${effect}"\n`
  const run = (text: string, ...words: string[]) => {
    writeFileSync(file, text)
    return locket({ folder } as TestBroker, 'serve', 'check', ...words)
  }
  const good = await run(RULES + example('web1', 'allow') + example('job', 'deny'), file)
  assert.deepEqual([good.code, good.out], [0, `${file}: 1 rule, 2 examples, 0 wrong\n`])
  const bad = await run(RULES + example('job', 'allow'), '--policy-file', file)
  assert.equal(bad.code, 78)
  assert.match(
    bad.out,
    /line 6: job reads shop\/db: expected allow, got deny by no rule\nnote: no example is/,
  )
  const json = await run(RULES + example('job', 'allow'), file, '--format', 'json')
  const report = JSON.parse(json.out) as { ok: boolean; examples: readonly { got: unknown }[] }
  assert.deepEqual(
    [json.code, report.ok, report.examples[0]?.got],
    [78, false, { effect: 'deny', rule: 'no rule' }],
  )
  const wrong = await run(RULES.replace('("web")', '('), file)
  assert.deepEqual(
    [wrong.code, /policy\.toml line 4: the rule "web": line 1, character/.test(wrong.err)],
    [78, true],
  )
  const none = await locket({ folder } as TestBroker, 'serve', 'check')
  assert.deepEqual([none.code, /there is no policy to check/.test(none.err)], [64, true])
})
