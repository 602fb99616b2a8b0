import { isIP } from 'node:net'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import * as z from 'zod'
import { LocketError } from '../../../core/vocabulary/errors.ts'
import type { OpenRequest, PageAnswer, PageRequest, Route } from '../route.ts'
import { sessionCookies } from './login.ts'

// The library takes long to load: it is loaded with the first passkey.

const Text = z.string().max(16_384)
const Credential = z.looseObject({
  id: z.string().min(1).max(1400),
  rawId: Text,
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: Text }),
  clientExtensionResults: z.looseObject({}).default({}),
})
const Used = z.object({ credential: Credential })
const Added = z.object({ credential: Credential, name: z.string().max(200) })

/** The host name that passkeys are for. An address of digits cannot have passkeys. */
function hostOf({ origin }: Pick<OpenRequest, 'origin'>): string {
  const { hostname } = new URL(origin)
  if (isIP(hostname.replaceAll(/[[\]]/g, '')) === 0) return hostname
  throw new LocketError('usage', 'passkeys need a host name: open the dashboard as localhost')
}

function parsed<S extends z.ZodType>(shape: S, json: unknown): z.output<S> {
  const read = shape.safeParse(json)
  if (read.success) return read.data
  throw new LocketError('usage', 'the answer of the passkey is not understood')
}

/** Runs a check of the library. Its errors say nothing that a person can use. */
async function verified<T extends { readonly verified: boolean }>(check: () => Promise<T>): Promise<T> {
  try {
    const result = await check()
    if (result.verified) return result
  } catch {
    // The next line refuses.
  }
  throw new LocketError('auth', 'the passkey was not accepted')
}

function json(value: unknown): PageAnswer {
  return { kind: 'json', value }
}

async function addOptions(request: PageRequest): Promise<PageAnswer> {
  const rpID = hostOf(request)
  const { generateRegistrationOptions } = await import('@simplewebauthn/server')
  const { dashboard, visit, visitor } = request
  const own = await dashboard.passkeys.list(visit)
  const challenge = Buffer.from(await dashboard.passkeys.challenge(visitor, visit), 'base64url')
  return json(
    await generateRegistrationOptions({
      rpName: 'locket',
      rpID,
      userName: visit.person.name,
      userDisplayName: visit.person.name,
      userID: new Uint8Array(Buffer.from(visit.person.id)),
      challenge: new Uint8Array(challenge),
      attestationType: 'none',
      excludeCredentials: own.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    }),
  )
}

async function add(request: PageRequest): Promise<PageAnswer> {
  const { dashboard, visit, visitor, origin } = request
  const { credential, name } = parsed(Added, request.json)
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server')
  const { registrationInfo } = await verified(() =>
    verifyRegistrationResponse({
      response: credential as unknown as RegistrationResponseJSON,
      expectedChallenge: (challenge) => dashboard.passkeys.take(challenge),
      expectedOrigin: origin,
      expectedRPID: hostOf(request),
    }),
  )
  if (registrationInfo === undefined) throw new LocketError('auth', 'the passkey was not accepted')
  const { id, publicKey, counter } = registrationInfo.credential
  await dashboard.passkeys.add(visit, visitor, { id, publicKey, counter, name })
  return json({ to: '/account?done=added' })
}

async function loginOptions(request: OpenRequest): Promise<PageAnswer> {
  const rpID = hostOf(request)
  const { generateAuthenticationOptions } = await import('@simplewebauthn/server')
  const challenge = Buffer.from(await request.dashboard.passkeys.challenge(request.visitor), 'base64url')
  return json(
    await generateAuthenticationOptions({
      rpID,
      challenge: new Uint8Array(challenge),
      userVerification: 'required',
    }),
  )
}

async function login(request: OpenRequest): Promise<PageAnswer> {
  const { dashboard, visitor, origin, now } = request
  const { credential } = parsed(Used, request.json)
  const found = await dashboard.passkeys.find(credential.id)
  if (found === undefined) throw new LocketError('auth', 'the passkey was not accepted')
  const { passkey, person } = found
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server')
  const { authenticationInfo } = await verified(() =>
    verifyAuthenticationResponse({
      response: credential as unknown as AuthenticationResponseJSON,
      expectedChallenge: (challenge) => dashboard.passkeys.take(challenge),
      expectedOrigin: origin,
      expectedRPID: hostOf(request),
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(passkey.publicKey),
        counter: passkey.counter,
      },
    }),
  )
  const counter = authenticationInfo.newCounter
  const { token, expires } = await dashboard.passkeys.open({ passkey, person, counter }, visitor)
  return { kind: 'json', value: { to: '/' }, cookies: sessionCookies(token, expires - now) }
}

/** The calls of the script for passkeys. */
export const PASSKEY_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/passkeys/add-options', run: addOptions },
  { method: 'POST', path: '/passkeys/add', run: add },
  { method: 'POST', path: '/passkeys/login-options', isOpen: true, run: loginOptions },
  { method: 'POST', path: '/passkeys/login', isOpen: true, run: login },
]
