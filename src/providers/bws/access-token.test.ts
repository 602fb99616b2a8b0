import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../core/vocabulary/secret.ts'
import { parseAccessToken } from './access-token.ts'

const CLIENT = 'ec2c1d46-6a4b-4751-a310-af9601317f2d'

test('a token is split into its parts, and its key matches the published test vector', () => {
  for (const seed of ['X8vbvA0bduihIDe/qrzIQQ==', 'X8vbvA0bduihIDe/qrzIQQ']) {
    const token = parseAccessToken(Secret.fromText(`0.${CLIENT}.some-secret:${seed}`), 'bws: bws-token')
    assert.equal(token.clientId, CLIENT)
    assert.equal(token.clientSecret, 'some-secret')
    assert.equal(
      Buffer.from(token.key).toString('base64'),
      'H9/oIRLtL9nGCQOVDjSMoEbJsjWXSOCb3qeyDt6ckzS3FhyboEDWyTP/CQfbIszNmAVg2ExFganG1FVFGXO/Jg==',
    )
  }
})
