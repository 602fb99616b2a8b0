import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { json, startService } from '../../fixtures/servers/http-fixture.ts'
import { checkWorld, documentOf } from './check-command.ts'

const TYPES = ['docker.volumedriver/1.0', 'docker.secretprovider/1.0']

/** The answers of the engine's API. A test changes them. */
function swarmOf() {
  const manager = (id: string, name: string, hasDriver: boolean) => ({
    ID: id,
    Description: {
      Hostname: name,
      Engine: { Plugins: hasDriver ? [{ Type: 'secretprovider', Name: 'locket:latest' }] : null },
    },
    ManagerStatus: { Leader: id === 'n1', Reachability: 'reachable' },
  })
  const secret = (name: string, labels: Record<string, string>, driver = 'locket') => ({
    ID: name,
    Spec: { Name: name, Labels: labels, Driver: { Name: driver } },
  })
  return {
    info: { Swarm: { NodeID: 'n1', ControlAvailable: true } },
    nodes: [manager('n1', 'one', false), manager('n2', 'two', true), manager('n3', 'three', true)],
    plugin: {
      Enabled: true,
      Config: { Interface: { Types: TYPES }, rootfs: { diff_ids: ['sha256:1'] } },
      Settings: {
        Env: ['LOCKET_SWARM_TTL=60s', 'OP_CONNECT_TOKEN=canary-check-token-5f0e'],
        Mounts: [{ Name: 'config', Source: '/etc/locket', Destination: '/etc/locket' }],
      },
    },
    secrets: [secret('db', { 'locket.secret': '{{ local://db/password }}' }), secret('other', {}, 'another')],
  }
}

async function swarmWorld(t: TestContext) {
  const world = await checkWorld(t)
  const swarm = swarmOf()
  const methods = new Set<string>()
  const socketPath = join(world.folder, 'docker.sock')
  const engine = await startService({
    socketPath,
    answer: (request, { pathname }) => {
      methods.add(request.method ?? '')
      if (pathname === '/info') return json(200, swarm.info)
      if (pathname === '/nodes') return json(200, swarm.nodes)
      if (pathname === '/secrets') return json(200, swarm.secrets)
      return pathname === '/plugins/locket/json' && swarm.plugin !== undefined
        ? json(200, swarm.plugin)
        : json(404, { message: 'plugin not found' })
    },
    failure: (status, message) => json(status, { message }),
  })
  t.after(() => engine[Symbol.asyncDispose]())
  const args = ['--swarm', '--docker-socket', socketPath]
  return {
    ...world,
    swarm,
    methods,
    checkSwarm: (...more: string[]) => world.check([...args, ...more]),
    settings: async (env: Record<string, string> = {}) =>
      documentOf((await world.check([...args, '--format=json'], env)).stdout).swarm?.settings,
  }
}

test('a Swarm in order: each manager, the references of its secrets, and nothing is changed', async (t) => {
  const { checkSwarm, methods } = await swarmWorld(t)
  const { code, stdout, stderr } = await checkSwarm()
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /^swarm: build [0-9a-f]{12}, settings [0-9a-f]{12}: .* the same on each manager$/m)
  assert.match(stdout, /^one \(this one\) +leads +enabled$/m)
  assert.match(stdout, /^three \(n3\) +reachable +enabled$/m)
  assert.match(stdout, /^local:\/\/db\/password +local +ok/m)
  assert.match(stdout, /^op-connect +ok/m)
  assert.deepEqual([...methods], ['GET'])
})

test('a manager without the plugin is a problem, with the cure', async (t) => {
  const { checkSwarm, swarm } = await swarmWorld(t)
  const [, two, three] = swarm.nodes
  if (two === undefined || three === undefined) throw new Error('no such manager')
  two.Description.Engine.Plugins = null
  three.ManagerStatus.Reachability = 'unreachable'
  const { code, stdout } = await checkSwarm()
  assert.equal(code, 78)
  assert.match(
    stdout,
    /^swarm: manager two \(n2\) has no enabled plugin locket \(install and enable it there: .*15 s\)$/m,
  )
  assert.match(stdout, /^swarm: warning: manager three \(n3\) is out of reach, so it is not checked$/m)
  assert.match(stdout, /^two \(n2\) +reachable +not enabled$/m)
})

test('the plugin here: missing, disabled, of an old version', async (t) => {
  const { checkSwarm, swarm } = await swarmWorld(t)
  const { plugin } = swarm
  for (const [given, message] of [
    [undefined, /this manager has no plugin locket \(install it on each manager/],
    [{ ...plugin, Enabled: false }, /the plugin locket of this manager is disabled \(docker plugin enable/],
    [
      { ...plugin, Config: { ...plugin.Config, Interface: { Types: TYPES.slice(0, 1) } } },
      /the plugin locket of this manager is not a secret driver/,
    ],
  ] as const) {
    Object.assign(swarm, { plugin: given })
    const { code, stdout } = await checkSwarm()
    assert.equal(code, 78)
    assert.match(stdout, message)
    assert.match(stdout, /^one \(this one\) +leads +not enabled$/m)
  }
})

test('no manager, and no engine: one line that says so', async (t) => {
  const { checkSwarm, check, swarm } = await swarmWorld(t)
  swarm.info.Swarm.ControlAvailable = false
  const worker = await checkSwarm()
  assert.equal(worker.code, 78)
  assert.match(worker.stdout, /^swarm: this node is not a manager of a Swarm \(run the command on a manager/m)
  const none = await check(['--swarm', '--docker-socket', '/nowhere/docker.sock'])
  assert.equal(none.code, 69)
  assert.match(none.stdout, /^swarm: the Docker Engine cannot be reached at \/nowhere\/docker\.sock/m)
})

test('labels that the plugin would refuse, and references without a value, name their secret', async (t) => {
  const { checkSwarm, swarm } = await swarmWorld(t)
  const labels = { 'locket.secret': 'canary' }
  swarm.secrets.push({ ID: 's3', Spec: { Name: 'bad', Labels: labels, Driver: { Name: 'locket:latest' } } })
  const gone = { 'locket.secret': 'local://gone' }
  swarm.secrets.push({ ID: 's4', Spec: { Name: 'gone', Labels: gone, Driver: { Name: 'locket' } } })
  const { code, stdout } = await checkSwarm()
  assert.equal(code, 78)
  assert.match(stdout, /^swarm: Swarm secret bad: label locket\.secret: has no reference to a secret/m)
  assert.match(stdout, /^local:\/\/gone +local +there is no such secret.*\n {2}in Swarm secret gone$/m)
})

test('the login of a proxy is not compared, and its address is', async (t) => {
  const { swarm, settings } = await swarmWorld(t)
  const { Env } = swarm.plugin.Settings
  const withProxy = async (address: string) => {
    swarm.plugin.Settings.Env = [...Env, `HTTPS_PROXY=${address}`]
    return await settings()
  }
  const first = await withProxy('http://user:weak@proxy.example:3128')
  assert.equal(await withProxy('http://user:other@proxy.example:3128'), first)
  assert.equal(await withProxy('http://proxy.example:3128'), first)
  assert.notEqual(await withProxy('http://proxy.example:3129'), first)
})

test('the settings that are compared: all but credentials', async (t) => {
  const { swarm, settings } = await swarmWorld(t)
  const first = await settings()
  assert.match(first ?? '', /^[0-9a-f]{12}$/)
  const { Env } = swarm.plugin.Settings
  Env[1] = 'OP_CONNECT_TOKEN=another'
  assert.equal(await settings(), first)
  assert.notEqual(await settings({ OP_CONNECT_MAX_CONCURRENT: '3' }), first)
  Env[0] = 'LOCKET_SWARM_TTL=1s'
  assert.notEqual(await settings(), first)
})

test('a configuration that the plugin reads and the check does not', async (t) => {
  const { checkSwarm, put } = await swarmWorld(t)
  await put('locket.toml', '[volume]\nlinger = "1s"\n')
  const { stdout } = await checkSwarm('--config', 'locket.toml')
  assert.match(
    stdout,
    /^swarm: warning: the plugin reads \/etc\/locket\/locket\.toml, and this check did not/m,
  )
})
