import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ECHO_PROGRAM } from '../../scripts/engine/echo-program.ts'
import { IMAGE, startEngine } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { onHost } from '../../scripts/engine/locket.ts'
import { buildImage, putOnHost, sidecarProject } from '../../scripts/engine/sidecar.ts'
import { until } from '../../scripts/engine/until.ts'
import {
  certifyAuthority,
  certifyServer,
  createCertificateKey,
} from '../../src/host/broker/tls/certificate.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { setSecret } from '../support/local-secrets.ts'

const VALUE = 'canary-blind-compose-value-4d7e'
const HOST = 'target:8443'
const FOLDER = '/run/e2e/compose/blind'

const engine = await startEngine()
after(() => engine[Symbol.asyncDispose]())
await buildImage(engine)
const scratch = await mkdtemp(join(tmpdir(), 'locket-blind-e2e-'))
after(() => rm(scratch, { recursive: true, force: true }))

/** The compose file of the guide, with a server of the test in place of the public API. */
async function composed(): Promise<string> {
  const guide = await readFile('docs/guides/blind.md', 'utf8')
  const yaml = /## In Compose.*?```yaml\n(.*?)```/s.exec(guide)?.[1] ?? assert.fail('no compose file')
  const tests = [
    '--upstream-ca=/app/ca.pem',
    '--allow-address=172.16.0.0/12',
    '--allow-address=192.168.0.0/16',
  ]
  const target = `
  target:
    image: locket:latest
    user: "0:0"
    entrypoint: ["/locket/bin/node", "-e", ${JSON.stringify(ECHO_PROGRAM.replaceAll('$', '$$$$'))}]
    command: []
    healthcheck: { disable: true }
    volumes: ["./tls:/tls:ro"]
    networks: { default: { aliases: [stranger] } }
`
  return yaml
    .replace(
      '      - --placeholders=/blind\n',
      (line) => line + tests.map((flag) => `      - ${flag}\n`).join(''),
    )
    .replace(
      '      - /etc/locket:/etc/locket:ro\n',
      '      - ./store:/etc/locket:ro\n      - ./ca.pem:/app/ca.pem:ro\n',
    )
    .replace('image: my-agent', 'image: agent')
    .replace('command: ["python", "agent.py"]', 'command: ["sleep", "1000"]')
    .replace('\nnetworks:\n', `${target}networks:\n`)
}

async function prepare(): Promise<void> {
  await setSecret(scratch, 'api/token', VALUE)
  const binding = `{ hosts = ["${HOST}"], header = "Authorization" }`
  await putOnHost(
    engine,
    `${FOLDER}/locket.toml`,
    `[secrets]\nTOKEN = { ref = "local://api/token", blind = ${binding} }\n`,
  )
  const authority = createCertificateKey()
  const { key, certificate } = certifyServer(authority, ['target', 'stranger'], Date.now())
  await putOnHost(engine, `${FOLDER}/ca.pem`, certifyAuthority(authority, Date.now()))
  await putOnHost(engine, `${FOLDER}/tls/cert.pem`, certificate)
  await putOnHost(engine, `${FOLDER}/tls/key.pem`, key.export({ format: 'pem', type: 'pkcs8' }))
  await mkdir(onHost(engine, `${FOLDER}/store`), { recursive: true })
  for (const name of ['secrets.age', 'local.key'])
    await copyFile(join(scratch, name), onHost(engine, `${FOLDER}/store/${name}`))
  const lines = [
    `FROM ${IMAGE}`,
    ...['locket', 'lib', 'lib64'].map((it) => `COPY --from=locket:latest /${it} /${it}`),
  ]
  await mkdir(join(scratch, 'context'))
  await writeFile(join(scratch, 'context/Dockerfile'), `${lines.join('\n')}\n`)
  const env = { ...engine.env, DOCKER_BUILDKIT: '0' }
  await engine.ok(['build', '-q', '-t', 'agent', join(scratch, 'context')], { env })
}

/** Prints the status and the text of an answer, or why there is none. */
const ASK = `
  const [url, limit] = process.argv.slice(1)
  const headers = { authorization: 'Bearer ' + process.env.TOKEN }
  fetch(url, { headers, signal: AbortSignal.timeout(Number(limit)) }).then(
    async (answer) => console.log(answer.status, answer.headers.get('x-copy'), await answer.text()),
    (error) => console.log('none', error.cause?.code ?? error.name, error.cause?.message),
  )`

test('the compose file of the guide: an agent without a way out uses a value that it never has', async () => {
  await prepare()
  const project = await sidecarProject(engine, 'blind', await composed())
  const agent = project.container('agent')
  const ran = await project.compose(['up', '-d', '--no-color'])
  const logsOf = async (service: string) => {
    const { stdout, stderr } = await engine.docker(['logs', project.container(service)])
    return stdout + stderr
  }
  assert.equal(ran.code, 0, `${ran.stderr}\n${await logsOf('proxy')}`)
  await until('the target listens', async () => (await logsOf('target')).includes('listening'))
  const shell = (script: string) => engine.ok(['exec', agent, 'sh', '-c', script])
  const node = (...words: readonly string[]) => ['/locket/bin/node', '-e', ASK, ...words]
  /** Asks as the programs of the agent do, by the proxy. */
  const ask = (url: string) =>
    engine.ok(['exec', agent, 'sh', '-c', 'set -a; . /blind/env; exec "$@"', '--', ...node(url, '60000')])
  /** Asks without the proxy. */
  const askDirectly = (url: string) => engine.ok(['exec', agent, ...node(url, '4000')])

  const placeholder = await shell('. /blind/env; echo "$TOKEN"')
  assert.match(placeholder, /^locketblind/)
  const answer = await ask(`https://${HOST}/echo`)
  assert.match(answer, /^200 Bearer locketblind/)
  const digest = createHash('sha256').update(`Bearer ${VALUE}`).digest('hex')
  assert.ok((await logsOf('target')).includes(`/echo ${digest}`), await logsOf('target'))

  // The same server under a name that nothing is bound to.
  assert.match(await ask('https://stranger:8443/stranger'), /^none /)
  const networks = await engine.ok([
    'inspect',
    '--format',
    '{{json .NetworkSettings.Networks}}',
    project.container('target'),
  ])
  const onNetworks: Record<string, { IPAddress: string } | undefined> = JSON.parse(networks)
  const address = onNetworks['blind_default']?.IPAddress ?? ''
  assert.match(address, /^\d+\./)
  for (const host of [address, 'target'])
    assert.match(await askDirectly(`https://${host}:8443/direct`), /^none /)
  assert.doesNotMatch(await logsOf('target'), /direct|stranger/)
  // A container with a way out does reach it, so that the answers above mean something.
  const trust = ['-v', `${FOLDER}/ca.pem:/ca.pem:ro`, '-e', 'NODE_EXTRA_CA_CERTS=/ca.pem']
  const control = ['run', '--rm', '--network', 'blind_default', ...trust, 'agent']
  assert.match(await engine.ok([...control, ...node(`https://${HOST}/control`, '60000')]), /^200 /)
  // The host would answer on the address of the gateway, if it had that address.
  const log = join(scratch, 'listener')
  const listener = await engine.sandbox.spawn(
    'busybox',
    ['nc', '-ll', '-p', '9999', '-e', 'echo', 'reached'],
    { log },
  )
  const gateway = `ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'`
  const knock = `nc -w 3 $(${gateway}) 9999 </dev/null; echo knocked`
  assert.equal(await shell(knock), 'knocked')
  const outside = ['run', '--rm', '--network', 'blind_default', 'agent', 'sh', '-c', knock]
  assert.equal(await engine.ok(outside), 'reached\nknocked')
  await listener.kill('SIGKILL')

  const places = [answer, await shell('cat /blind/env /blind/ca.pem; tr "\\0" "\\n" < /proc/1/environ')]
  for (const service of ['proxy', 'agent', 'target']) places.push(await logsOf(service))
  assertNoSecret(places.join('\n'), [VALUE], 'the agent or a log')
  assert.deepEqual(await findLeaks(engine, [VALUE], { paths: [FOLDER] }), [])
  const down = await project.compose(['down', '-v', '-t', '10'])
  assert.equal(down.code, 0, down.stderr)
})

test('the entry point and the init container of the founding document, by its .keyzero.toml', async () => {
  const file = `${FOLDER}/run/.keyzero.toml`
  await putOnHost(engine, file, '[secrets]\nAPI_KEY = { provider = "local", ref = "api/token" }\n')
  const mounts = ['-v', `${file}:/app/.keyzero.toml:ro`, '-v', `${FOLDER}/store:/etc/locket:ro`, '-w', '/app']
  const keep = ['run', '--network', 'none', ...mounts]
  const digest = createHash('sha256').update(VALUE).digest('hex')
  const command = ['agent', '/locket/bin/locket', 'run', '--', 'sh', '-c']
  assert.equal(
    await engine.ok([...keep, '--name', 'app', ...command, 'printf %s "$API_KEY" | sha256sum']),
    `${digest}  -`,
  )
  const words = ['agent', '/locket/bin/locket', 'export', '--format', 'env', '--output', '/secrets/.env']
  await engine.ok([...keep, '--name', 'init', '--tmpfs', '/secrets', ...words])
  assert.deepEqual(await findLeaks(engine, [VALUE], { paths: [FOLDER] }), [])
  for (const name of ['app', 'init']) {
    const { stdout, stderr } = await engine.docker(['logs', name])
    assertNoSecret(stdout + stderr, [VALUE], `the log of ${name}`)
    await engine.ok(['rm', name])
  }
  const volume = ['run', '--rm', '--network', 'none', ...mounts, '-v', 'handed:/secrets']
  await engine.ok([...volume, ...words])
  const read = ['run', '--rm', '--network', 'none', '-v', 'handed:/secrets:ro', IMAGE, 'sh', '-c']
  assert.equal(
    await engine.ok([...read, '. /secrets/.env; printf %s "$API_KEY" | sha256sum']),
    `${digest}  -`,
  )
  await engine.ok(['volume', 'rm', 'handed'])
})
