import { parseHostPattern } from '../../core/blind/authority.ts'
import { parseCidr } from '../../core/broker/addresses.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath, HostAndPort, Names, Switch } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'
import { refreshField } from '../sections/rendering.ts'

const Hosts = Names.transform((names) =>
  names.map((name) => {
    const pattern = parseHostPattern(name)
    if (pattern !== undefined) return pattern
    throw new LocketError('config', 'must be names such as api.example, *.example.com or api.example:8443')
  }),
)

const Networks = Names.transform((texts) =>
  texts.map((text) => {
    const cidr = parseCidr(text)
    if (cidr !== undefined) return cidr
    throw new LocketError('config', 'must be addresses or networks such as 10.1.0.0/16')
  }),
)

/** Port 0 is one that the system chooses. */
const Listen = AnyText.transform((text) => {
  const [, v6, name, digits] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):([0-9]{1,5})$/i.exec(text) ?? []
  const host = v6 ?? name
  if (host !== undefined && Number(digits) <= 65_535) return { host, port: Number(digits) }
  throw new LocketError('config', 'must be ADDRESS:PORT, such as 0.0.0.0:7470')
})

/** The settings of the proxy of blind mode, of `locket run --blind` and `locket proxy` alike. */
export const egressSection = section('egress', 'Blind mode', {
  hosts: field({
    name: 'allow-host',
    env: 'LOCKET_ALLOW_HOSTS',
    kind: 'list',
    schema: Hosts.optional(),
    example: 'pypi.org,*.pythonhosted.org',
    summary: 'a host that may be asked although no secret is bound to it; it gets no value',
    placeholder: 'HOST[:PORT]',
  }),
  addresses: field({
    name: 'allow-address',
    env: 'LOCKET_ALLOW_ADDRESSES',
    kind: 'list',
    schema: Networks.optional(),
    example: '10.1.0.0/16',
    summary: 'addresses beside those of the public internet that hosts may have',
    placeholder: 'NETWORK',
  }),
  upstreamCa: field({
    name: 'upstream-ca',
    env: 'LOCKET_UPSTREAM_CA',
    schema: AbsolutePath.optional(),
    example: '/etc/locket/ca.pem',
    summary: 'a PEM file of authorities that vouch for hosts, beside the usual ones',
    placeholder: 'FILE',
  }),
})

/** The switch of `locket run`. */
export const blindSection = section('blind', 'Blind mode', {
  isBlind: field({
    name: 'blind',
    env: 'LOCKET_BLIND',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary:
      'give the command placeholders, and put the values into its HTTPS requests: only into those that the mapping file binds them to',
  }),
})

/** The settings of `locket proxy` itself. */
export const proxySection = section('proxy', 'locket proxy', {
  listen: field({
    name: 'proxy-listen',
    env: 'LOCKET_PROXY_LISTEN',
    schema: Listen,
    default: '127.0.0.1:7470',
    summary: 'the address that the proxy listens on: 0.0.0.0:7470 in a container',
    placeholder: 'ADDRESS:PORT',
  }),
  name: field({
    name: 'proxy-name',
    env: 'LOCKET_PROXY_NAME',
    schema: HostAndPort.optional(),
    example: 'proxy:7470',
    summary: 'the address by which the programs reach it; left out: the one that it listens on',
    placeholder: 'HOST:PORT',
  }),
  folder: field({
    name: 'placeholders',
    env: 'LOCKET_PLACEHOLDERS',
    schema: AbsolutePath,
    default: '/run/locket/blind',
    summary: 'the folder of the file `env`, with placeholders and proxy variables, and of the certificates',
    placeholder: 'DIR',
  }),
  refresh: refreshField('how often values are asked for again'),
})
