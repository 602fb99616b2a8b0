import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, test } from 'node:test'

import { IMAGE } from '../../scripts/engine/engine.ts'
import { busyboxTar } from '../../scripts/engine/image.ts'
import { bootSystemd } from '../../scripts/engine/systemd.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-systemd-password-77c1'
const TOML = '/etc/locket/locket.toml'
const CONFIG = '[volume]\nprovider = "local"\n'
/** A container that reads its volume and goes on running. */
const RUN = 'docker run --pull=never --network=none -v db:/s'
const READ = 'docker exec app cat /s/password'
const FIRST = `${RUN} -d --restart=always --name app ${IMAGE} sh -c 'trap exit TERM; sleep 100000 & wait'`
const NEW = `${RUN} --rm ${IMAGE} cat /s/password`

const host = await bootSystemd()
after(() => host[Symbol.asyncDispose]())

test('make install and enable --now: a container reads its secret', async () => {
  await host.ok('make -s -C /mnt/checkout install')
  assert.equal(
    await host.ok('systemctl is-enabled locket || true'),
    'disabled',
    'an installation starts nothing',
  )
  await host.ok(`locket secret set db/password --stdin`, { input: PASSWORD })
  await writeConfig(CONFIG)
  await host.ok('systemctl enable --now docker')
  await host.ok(`docker import --change 'ENV PATH=/bin' - ${IMAGE}`, {
    input: await readFile(await busyboxTar()),
  })
  await host.ok('systemctl enable --now locket')
  await host.ok("docker volume create -d locket -o 'secret.password={{ local://db/password }}' db")
  await host.ok(FIRST)
  assert.equal(await host.ok(READ), PASSWORD)
})

test('the process has a name, and its arguments', async () => {
  assert.equal(await host.ok('cat /proc/$(systemctl show -P MainPID locket)/comm'), 'locket')
  const words = await host.ok('tr "\\0" " " < /proc/$(systemctl show -P MainPID locket)/cmdline')
  assert.match(words, /locket volume --config \/etc\/locket\/locket\.toml/)
})

test('lines of the journal carry one date, and the priority of their level', async () => {
  await until('the journal has the line of the mount', async () =>
    /volume\.mounted/.test(await journal('cat')),
  )
  const lines = (await journal('cat')).split('\n')
  assert.ok(lines.some((line) => line.startsWith('INFO volume.mounted ')))
  assert.deepEqual(
    lines.filter((line) => /\d{4}-\d\d-\d\d/.test(line)),
    [],
  )
  const entries = (await journal('json')).split('\n').map((line) => Object(JSON.parse(line)))
  const mounted = entries.find(({ MESSAGE }) => String(MESSAGE).includes('volume.mounted'))
  assert.equal(mounted.PRIORITY, '6')
})

test('restarts of locket and of the engine, and a kill: the secret is there', async () => {
  await host.ok('systemctl restart locket')
  assert.equal(await host.ok(READ), PASSWORD)
  assert.equal(await host.ok(NEW), PASSWORD)
  await host.ok('systemctl restart docker')
  await until('the container is back', async () => (await host.run(READ)).stdout === PASSWORD)
  const before = await host.ok('systemctl show -P MainPID locket')
  await host.ok('systemctl kill --kill-whom=main --signal=KILL locket')
  await until('systemd has started locket again', async () => {
    const [pid, state] = (await host.ok('systemctl show -P MainPID -P ActiveState locket'))
      .split(/\s+/)
      .toSorted()
    return state === 'active' && pid !== before
  })
  assert.equal(await host.ok(READ), PASSWORD)
  assert.equal(await host.ok(NEW), PASSWORD)
})

test('a cold start: the container has its secret before anybody asks', async () => {
  await host.reboot()
  await until('the container is back', async () => (await host.run(READ)).stdout === PASSWORD)
  assert.equal(await host.ok('systemctl is-active locket'), 'active')
})

test('credentials of systemd: the key is encrypted on disk, and mounts reach the engine', async () => {
  const folder = '/etc/systemd/system/locket.service.d'
  const drop = '[Service]\nLoadCredentialEncrypted=local.key:/etc/locket/local.key.cred\n'
  await host.ok('systemd-creds encrypt --name=local.key /etc/locket/local.key /etc/locket/local.key.cred')
  await host.ok('mv /etc/locket/local.key /root/local.key')
  await host.ok(`mkdir -p ${folder} && cat > ${folder}/credentials.conf`, { input: drop })
  await writeConfig(`${CONFIG}local-key = "/run/credentials/locket.service/local.key"\n`)
  await host.ok('systemctl daemon-reload && systemctl restart locket')
  assert.equal(
    await host.ok('readlink /proc/$(systemctl show -P MainPID locket)/ns/mnt'),
    await host.ok('readlink /proc/1/ns/mnt'),
    'with mounts of its own the engine would not see the volumes',
  )
  await host.ok("docker volume create -d locket -o 'secret.password={{ local://db/password }}' sealed")
  assert.equal(await host.ok(NEW.replace('db:', 'sealed:')), PASSWORD)
  const files = 'find /etc/locket /var/lib/locket -xdev -type f -print0'
  const found = await host.run(`${files} | xargs -0 grep -lF -- "$(tail -n 1 /root/local.key)"`)
  assert.equal(found.stdout, '')
})

test('a broken TOML: one start, no restart, and containers keep their files', async () => {
  await writeConfig('this is not TOML\n')
  const ran = await host.run('systemctl restart locket')
  assert.notEqual(ran.code, 0)
  await until('the unit has failed', async () => (await host.ok('systemctl is-failed locket')) === 'failed')
  const show = await host.ok('systemctl show locket -p NRestarts -p ExecMainStatus')
  assert.deepEqual(show.split('\n').toSorted(), ['ExecMainStatus=78', 'NRestarts=0'])
  assert.match(await journal('cat'), /locket\.toml/)
  assert.equal(await host.ok(READ), PASSWORD)
  await writeConfig(`${CONFIG}local-key = "/run/credentials/locket.service/local.key"\n`)
  await host.ok('systemctl reset-failed locket && systemctl start locket')
  assert.equal(await host.ok(NEW), PASSWORD)
})

test('the broker unit is confined as systemd-analyze measures it', async () => {
  await host.ok('systemd-analyze security --threshold=45 locket-serve.service')
})

test('no value is in the journal, in what the engine shows, or on disk', async () => {
  const all = await host.ok('journalctl --no-pager -o cat; docker inspect app; docker volume inspect db')
  assert.ok(!all.includes(PASSWORD))
  const files = 'find /etc/locket /etc/systemd /var/log /var/lib/locket -xdev -type f -print0'
  const found = await host.run(`${files} | xargs -0 grep -lF ${PASSWORD}`)
  assert.equal(found.stdout, '')
})

async function journal(format: string): Promise<string> {
  return await host.ok(`journalctl -u locket _SYSTEMD_UNIT=locket.service --no-pager -o ${format}`)
}

async function writeConfig(text: string): Promise<void> {
  await host.ok(`cat > ${TOML}`, { input: text })
}
