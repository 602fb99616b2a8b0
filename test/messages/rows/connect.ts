import { asks } from '../asks.ts'
import type { Slip } from '../slip.ts'

/** Mistakes with the credentials and addresses of 1Password, and with connections. */
export const CONNECT_SLIPS: readonly Slip[] = [
  asks(
    'connect',
    'op-connect: a wrong token',
    { env: { OP_CONNECT_TOKEN: 'canary-6b1d-other' } },
    {
      exit: 77,
      what: 'does not accept the credential',
      where: /op-connect at http:\S+/,
      why: 'status 401',
      fix: 'is it complete, current and for this server?',
    },
  ),
  asks(
    'connect',
    'op-connect: a token with a blank',
    { env: { OP_CONNECT_TOKEN: 'canary-6b1d canary-6b1d' } },
    {
      exit: 77,
      what: 'holds characters that no credential has',
      where: 'connect-token',
      why: 'characters',
      fix: 'printable ASCII without spaces',
    },
  ),
  asks(
    'connect',
    'op-connect: nothing listens',
    { env: { OP_CONNECT_HOST: 'http://127.0.0.1:1' } },
    {
      exit: 69,
      what: 'refused the connection',
      where: 'op-connect at http://127.0.0.1:1',
      why: 'refused',
      fix: 'is it running, and the address right?',
    },
  ),
  asks(
    'connect',
    'op-connect: a name that does not resolve',
    { env: { OP_CONNECT_HOST: 'http://connect.invalid' } },
    {
      exit: 69,
      what: 'has a host name that does not resolve',
      where: 'op-connect at http://connect.invalid',
      why: "a managed plugin shares the host's network",
      fix: 'is the name right?',
    },
  ),
  asks(
    'connect',
    'op-connect: https for a server of http',
    { env: { OP_CONNECT_HOST: 'PLAIN' } },
    {
      exit: 76,
      what: 'does not speak TLS as expected',
      where: /op-connect at https:\S+/,
      why: 'TLS',
      fix: 'https or http?',
    },
  ),
  asks(
    'connect',
    'op-connect: another service on the port',
    { env: { OP_CONNECT_HOST: 'SILENT' } },
    {
      exit: 69,
      what: 'broke off before the answer was complete',
      where: /op-connect at http:\S+/,
      why: 'broke off',
      fix: 'is it the right port, and no proxy or firewall in between?',
    },
  ),
  asks(
    'connect',
    'op-connect: an expired certificate of a trusted authority',
    { env: { OP_CONNECT_HOST: 'EXPIRED', OP_CONNECT_CA_CERT: 'AUTHORITY' } },
    {
      exit: 76,
      what: 'has a certificate that expired at 2025-03-01 00:00 UTC',
      where: /op-connect at https:\S+/,
      why: 'expired',
      fix: /\(renew it on the server; is this host's clock right\?\) /,
    },
  ),
  asks(
    'connect',
    'op-connect: a certificate that nobody vouches for',
    { env: { OP_CONNECT_HOST: 'SELF_SIGNED' } },
    {
      exit: 76,
      what: 'has a certificate that is not trusted',
      where: /op-connect at https:\S+/,
      why: 'not trusted',
      fix: "name its CA in the provider's ca-cert setting",
    },
  ),
  asks(
    'connect',
    'op-connect: an authority that is not there',
    { env: { OP_CONNECT_HOST: 'SELF_SIGNED', OP_CONNECT_CA_CERT: '/no/ca.pem' } },
    {
      exit: 74,
      what: 'cannot read /no/ca.pem',
      where: 'connect-ca-cert',
      why: 'it does not exist',
      fix: 'it does not exist',
    },
  ),
  asks(
    'connect',
    'op-connect: an authority that is not PEM',
    { env: { OP_CONNECT_HOST: 'SELF_SIGNED', OP_CONNECT_CA_CERT: 'FOLDER/t.tmpl' } },
    {
      exit: 78,
      what: 'holds no certificate',
      where: 'connect-ca-cert: FOLDER/t.tmpl',
      why: 'no certificate',
      fix: 'in PEM form',
    },
  ),
  asks(
    undefined,
    'op-connect: an address and no token',
    { env: { OP_CONNECT_HOST: 'http://c' } },
    {
      exit: 78,
      what: 'op:// may mean op-connect or op',
      where: 't.tmpl: line 1, column 1',
      why: 'neither has a credential',
      fix: 'op-connect needs connect-token (OP_CONNECT_TOKEN), op needs op-token (OP_SERVICE_ACCOUNT_TOKEN)',
    },
  ),
  asks(
    undefined,
    'op-connect: a token and no address',
    { env: { OP_CONNECT_TOKEN: 'canary-6b1d' } },
    {
      exit: 78,
      what: 'needs op-connect',
      where: 't.tmpl: line 1, column 1',
      why: 'connect-host (OP_CONNECT_HOST) is not set',
      fix: 'OP_CONNECT_HOST',
    },
  ),
  asks(
    'connect',
    'credentials of both kinds of op://',
    { env: { OP_SERVICE_ACCOUNT_TOKEN: 'ops_canary-6b1d' } },
    {
      exit: 78,
      what: 'op:// may mean op-connect or op',
      where: 't.tmpl: line 1, column 1',
      why: 'more than one has a credential',
      fix: 'set provider to op-connect or op',
    },
  ),
  asks(
    'connect',
    'a proxy that does not run',
    {
      env: { HTTP_PROXY: 'http://127.0.0.1:1', OP_CONNECT_HOST: 'http://connect.example' },
    },
    {
      exit: 69,
      what: 'refused the connection',
      where: 'HTTP_PROXY 127.0.0.1:1',
      why: 'refused',
      fix: 'is HTTP_PROXY right, and the proxy running?',
    },
  ),
  asks(
    undefined,
    'op: a token that is none',
    { env: { OP_SERVICE_ACCOUNT_TOKEN: 'canary-6b1d' } },
    {
      exit: 77,
      what: 'op-token is not a service account token',
      where: 'op-token',
      why: 'it begins with ops_ and is one long word',
      fix: 'was it copied whole?',
    },
  ),
]
