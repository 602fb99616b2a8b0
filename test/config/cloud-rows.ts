import { credentialPath, ratesOf, row, setting, type Options, type SettingRow } from './setting-rows.ts'

const AWS_KEY: Options = { 'aws-access-key-id': 'ID', 'aws-secret-access-key': 'file:/t' }
const AZURE_SECRET: Options = { 'azure-client-secret': 'file:/t' }
const UUID = '3832b656-a93b-45ad-bdfa-b267016802c3'
const ARNS = ['arn:aws:iam::1:role/a', 'arn:aws:iam::1:role/b'] as const

/** The settings of the managers of clouds. */
export const CLOUD_ROWS: Readonly<Record<string, SettingRow>> = {
  ...awsRows('aws-sm', '100/s'),
  ...awsRows('aws-ssm', '40/s'),
  'aws-region': row(
    ['eu-west-1', 'us-gov-east-1'],
    ['eu-west-1', 'us-gov-east-1'],
    undefined,
    setting('aws-sm', 'region'),
  ),
  'aws-access-key-id': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('aws-ssm', 'accessKeyId'),
  ),
  'aws-secret-access-key': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('aws-sm', 'secretAccessKey'),
  ),
  'aws-session-token': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('aws-sm', 'sessionToken'),
  ),
  'aws-profile': plain(['a', 'b'], setting('aws-sm', 'profile')),
  'aws-config-file': plain(['/a', '/b'], setting('aws-sm', 'configFile')),
  'aws-shared-credentials-file': plain(['/a', '/b'], setting('aws-ssm', 'credentialsFile')),
  'aws-role-arn': plain(ARNS, setting('aws-sm', 'roleArn')),
  'aws-web-identity-token-file': plain(['/a', '/b'], setting('aws-sm', 'webIdentityTokenFile')),
  'aws-role-session-name': row(['aa', 'b@c'], ['aa', 'b@c'], 'locket', setting('aws-sm', 'roleSessionName')),
  'aws-endpoint-url': address('aws-sm', 'endpoint', AWS_KEY),
  'aws-sts-endpoint-url': address('aws-sm', 'stsEndpoint', AWS_KEY),
  'gcp-sm-project': row(
    ['my-project', '123'],
    ['my-project', '123'],
    undefined,
    setting('gcp-sm', 'project'),
  ),
  'gcp-sm-credentials': row(
    ['/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('gcp-sm', 'credentials'),
  ),
  'gcp-sm-url': {
    ...address('gcp-sm', 'url', { 'gcp-sm-credentials': '/t' }),
    byDefault: 'https://secretmanager.googleapis.com',
  },
  ...trafficRows('gcp-sm', '1000/s', { 'gcp-sm-credentials': '/t' }),
  'azure-kv-vault': row(
    ['my-vault', 'bbb.vault.azure.cn'],
    ['my-vault.vault.azure.net', 'bbb.vault.azure.cn'],
    undefined,
    setting('azure-kv', 'vault'),
  ),
  'azure-tenant-id': plain(['a', 'b.example'], setting('azure-kv', 'tenantId')),
  'azure-client-id': plain([UUID, UUID.replace('3', '4')], setting('azure-kv', 'clientId')),
  'azure-client-secret': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('azure-kv', 'clientSecret'),
  ),
  'azure-federated-token-file': plain(['/a', '/b'], setting('azure-kv', 'tokenFile')),
  'azure-authority-host': {
    ...address('azure-kv', 'authority', AZURE_SECRET),
    byDefault: 'https://login.microsoftonline.com',
  },
  'azure-kv-url': address('azure-kv', 'url', AZURE_SECRET),
  ...trafficRows('azure-kv', '400/s', AZURE_SECRET),
  'doppler-token': row(['file:/a', 'file:/b'], ['/a', '/b'], undefined, credentialPath('doppler', 'token')),
  'doppler-project': plain(['a', 'b'], setting('doppler', 'project')),
  'doppler-config': plain(['a', 'b'], setting('doppler', 'config')),
  'doppler-url': {
    ...address('doppler', 'url', { 'doppler-token': 'file:/t' }),
    byDefault: 'https://api.doppler.com',
  },
  ...trafficRows('doppler', '240/m', { 'doppler-token': 'file:/t' }),
  'age-folder': { ...plain(['/a', '/b'], setting('age', 'folder')), byDefault: '/etc/locket/age' },
  'age-identity': { ...plain(['/a', '/b'], setting('age', 'identity')), byDefault: '/etc/locket/age.key' },
  'sops-folder': { ...plain(['/a', '/b'], setting('sops', 'folder')), byDefault: '/etc/locket/sops' },
  'sops-age-key-file': plain(['/a', '/b'], setting('sops', 'ageKeyFile')),
  'pass-store': plain(['/a', '/b'], setting('pass', 'store')),
  'pass-gnupg-home': plain(['/a', '/b'], setting('pass', 'gnupgHome')),
  'keepassxc-database': plain(['/a', '/b'], setting('keepassxc', 'database')),
  'keepassxc-password': row(
    ['file:/a', 'file:/b'],
    ['/a', '/b'],
    undefined,
    credentialPath('keepassxc', 'password'),
  ),
  'keepassxc-key-file': plain(['/a', '/b'], setting('keepassxc', 'keyFile')),
  'aws-ca-cert': { ...plain(['/a', '/b'], setting('aws-ssm', 'caCert')), alongside: AWS_KEY },
}

/** The settings that network providers have in common. */
function trafficRows(kind: string, rate: string, alongside: Options): Readonly<Record<string, SettingRow>> {
  return {
    [`${kind}-max-concurrent`]: row(['1', '2'], [1, 2], 20, setting(kind, 'maxConcurrent')),
    [`${kind}-max-rate`]: { ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], rate, ratesOf(kind)), alongside },
    [`${kind}-ca-cert`]: { ...plain(['/a', '/b'], setting(kind, 'caCert')), alongside },
  }
}

function awsRows(kind: string, rate: string): Readonly<Record<string, SettingRow>> {
  return {
    [`${kind}-endpoint-url`]: address(kind, 'serviceEndpoint', AWS_KEY),
    [`${kind}-max-concurrent`]: row(['1', '2'], [1, 2], 20, setting(kind, 'maxConcurrent')),
    [`${kind}-max-rate`]: {
      ...row(['5/s, 60/m', 'none'], ['5/s 60/m', ''], rate, ratesOf(kind)),
      alongside: AWS_KEY,
    },
  }
}

/** A setting whose value is its text. */
function plain(texts: SettingRow['texts'], read: Parameters<typeof row>[3]): SettingRow {
  return row(texts, texts, undefined, read)
}

function address(kind: string, key: string, alongside: Options): SettingRow {
  const texts = ['http://a/', 'https://b:1/c'] as const
  return { ...row(texts, ['http://a', 'https://b:1/c'], undefined, setting(kind, key)), alongside }
}
