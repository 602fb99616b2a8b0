import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { signAwsRequest } from './sign.ts'

/**
 * AWS's published test suite for Signature Version 4, as its SDKs carry it (`aws-sig-v4-test-suite`): the
 * cases without a query, because locket sends none. Key, time, region and service are the same in all.
 */
const KEY_ID = 'AKIDEXAMPLE'
const SECRET_KEY = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const NOW = Date.parse('2015-08-30T12:36:00Z')
const TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

const VECTORS: readonly {
  readonly name: string
  readonly method: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly token?: string
  readonly signedHeaders: string
  readonly signature: string
}[] = [
  {
    name: 'get-vanilla',
    method: 'GET',
    signedHeaders: 'host;x-amz-date',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  {
    name: 'post-vanilla',
    method: 'POST',
    signedHeaders: 'host;x-amz-date',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  {
    name: 'get-unreserved',
    method: 'GET',
    path: '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    signedHeaders: 'host;x-amz-date',
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  {
    name: 'get-header-value-trim',
    method: 'GET',
    headers: { 'My-Header1': ' value1', 'My-Header2': ' "a   b   c"' },
    signedHeaders: 'host;my-header1;my-header2;x-amz-date',
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  {
    name: 'post-header-key-sort',
    method: 'POST',
    headers: { 'My-Header1': 'value1' },
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  },
  {
    name: 'post-header-value-case',
    method: 'POST',
    headers: { 'My-Header1': 'VALUE1' },
    signedHeaders: 'host;my-header1;x-amz-date',
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  {
    name: 'post-sts-header-before',
    method: 'POST',
    token: TOKEN,
    signedHeaders: 'host;x-amz-date;x-amz-security-token',
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
  {
    name: 'post-x-www-form-urlencoded',
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signedHeaders: 'content-type;host;x-amz-date',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
]

for (const { name, method, path = '/', headers = {}, body, token, signedHeaders, signature } of VECTORS)
  test(`a request is signed as AWS publishes it: ${name}`, () => {
    const keys = { accessKeyId: KEY_ID, secretAccessKey: Secret.fromText(SECRET_KEY), sessionToken: token }
    const signed = signAwsRequest(
      {
        method,
        url: new URL(`https://example.amazonaws.com${path}`),
        headers,
        body: body === undefined ? undefined : Buffer.from(body),
      },
      keys,
      { region: 'us-east-1', service: 'service', now: NOW },
    )
    assert.equal(
      signed['authorization'],
      `AWS4-HMAC-SHA256 Credential=${KEY_ID}/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    )
    assert.equal(signed['x-amz-date'], '20150830T123600Z')
    assert.equal(signed['x-amz-security-token'], token)
  })

test('a port that is not the usual one is part of the signed host', () => {
  const sign = (url: string): string | undefined =>
    signAwsRequest(
      { method: 'POST', url: new URL(url), headers: {}, body: undefined },
      { accessKeyId: KEY_ID, secretAccessKey: Secret.fromText(SECRET_KEY) },
      { region: 'us-east-1', service: 'service', now: NOW },
    )['authorization']
  assert.equal(sign('https://example.amazonaws.com:443/'), sign('https://example.amazonaws.com/'))
  assert.notEqual(sign('https://example.amazonaws.com:8443/'), sign('https://example.amazonaws.com/'))
})
