import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { test } from 'node:test'
import { execWorld, OWN, PASSWORD, TOKEN } from './exec-command.ts'

test("the README's basic usage: two .env files and a variable, for docker compose up -d", async (t) => {
  const { exec, put, folder, env } = await execWorld(t)
  await put('.env', 'DB_PASSWORD={{ local://db/password }}\nTAG=one\n')
  await put('.env.override', 'TAG=two\n')
  const docker = await put(
    'bin/docker',
    '#!/bin/sh\necho "docker $*"\necho "$TAG $MY_SECRET $DB_PASSWORD $OP_CONNECT_TOKEN"\n',
  )
  await chmod(docker, 0o755)
  const { code, stdout, stderr } = await exec(
    [
      '--provider',
      'local',
      '--env',
      '.env',
      '--env',
      '.env.override',
      '--env',
      'MY_SECRET={{local://api/token}}',
      '--',
      'docker',
      'compose',
      'up',
      '-d',
    ],
    { PATH: `${folder}/bin:${env['PATH']}`, OP_CONNECT_TOKEN: OWN },
  )
  assert.equal(code, 0, stderr)
  assert.equal(stdout, `docker compose up -d\ntwo ${TOKEN} ${PASSWORD} \n`)
})
