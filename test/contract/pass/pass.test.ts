import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { providerContract } from '../provider/provider-contract.ts'
import { subject } from './pass-store.ts'

if (spawnSync('pass', ['version']).status === 0) providerContract(subject)
else
  test('the program pass was not met', (t) => {
    t.diagnostic('pass is not on the PATH, see `make programs`')
  })
