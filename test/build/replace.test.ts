import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DIST } from '../../scripts/engine/plugin.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { processFacts, untilAsleep } from '../support/process-facts.ts'

// The program that `make rootfs` leaves, or LOCKET_E2E_DIST: its launcher sees what Node changes.

const LAUNCHER = join(DIST, 'locket/bin/locket')
/** Variables with the names that a shell script likes to use. */
const ENV = {
  PATH: process.env['PATH'] ?? '',
  PWD: '/',
  name: 'a',
  value: 'b',
  fd: 'c',
  program: 'd',
  here: 'e',
}

/** The facts about a command that bash starts after these lines. */
async function commandAfter(t: TestContext, lines: string, before: readonly string[]) {
  const child = spawn('bash', ['-c', `${lines}; exec "$@"`, 'bash', ...before, 'sleep', '60'], {
    cwd: '/',
    env: ENV,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  const pid = child.pid ?? assert.fail('it did not start')
  await untilAsleep(pid)
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  // bash gives every command its own path and its depth.
  const own = environment.filter((line) => !/^(_|SHLVL)=/.test(line)).toSorted()
  return { ...processFacts(pid), environment: own }
}

test('a command in the place of locket has all that locket was started with', async (t) => {
  const mapping = join(await temporaryFolder(t), 'locket.toml')
  writeFileSync(mapping, '[secrets]\n')
  for (const lines of [
    'true',
    'ulimit -Sn 512',
    'ulimit -Sn unlimited 2>/dev/null || ulimit -Sn 1024; ulimit -Hn 2048',
    // Not SIGCHLD: a shell handles it, so the launcher does not see it ignored.
    "trap '' HUP INT QUIT USR1 USR2 PIPE XFSZ TTOU RTMIN+1",
    'exec 3</etc/passwd 4</etc/group 7>&1 9<>/dev/null 12</etc/hostname 40</etc/hosts',
    'umask 027; ulimit -c 0; cd /tmp',
  ]) {
    const direct = await commandAfter(t, lines, [])
    for (const words of [['exec'], ['run', '--mapping', mapping]]) {
      const replaced = await commandAfter(t, lines, [LAUNCHER, ...words, '--'])
      assert.deepEqual(replaced, direct, `${words[0]} after ${lines}`)
    }
  }
})
