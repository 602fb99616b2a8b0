import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { providerContract } from '../provider/provider-contract.ts'
import { subject } from './keepassxc-database.ts'

if (spawnSync('keepassxc-cli', ['--version']).status === 0) providerContract(subject)
else
  test('the program keepassxc-cli was not met', (t) => {
    t.diagnostic('keepassxc-cli is not on the PATH, see `make programs`')
  })
