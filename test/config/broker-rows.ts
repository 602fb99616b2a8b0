import { credentialPath, daemonRow, type Loaded, type SettingRow } from './setting-rows.ts'

/** Reads a setting of the provider `locket`, which only the daemon's own configuration sets. */
function ofBroker(key: string): (loaded: Loaded) => unknown {
  return ({ daemon }) => {
    const { providers } = daemon.volumeConfig({})
    const value = providers.find((instance) => instance.name === 'locket')?.settings[key]
    return Array.isArray(value) ? value.map((rate: { text: string }) => rate.text).join(' ') : value
  }
}

/** The settings of the provider `locket`. */
export const BROKER_ROWS: Readonly<Record<string, SettingRow>> = {
  'broker-identity': daemonRow(
    ['/a', '/b'],
    ['/a', '/b'],
    '/etc/locket/identity/identity.json',
    ofBroker('identity'),
  ),
  'broker-token': daemonRow(['file:/a', 'file:/b'], ['/a', '/b'], undefined, ({ daemon }) =>
    credentialPath('locket', 'token')(daemon.volumeConfig({})),
  ),
  'broker-max-concurrent': daemonRow(['1', '2'], [1, 2], 20, ofBroker('maxConcurrent')),
  'broker-max-rate': daemonRow(['5/s, 60/m', 'none'], ['5/s 60/m', ''], '20/s', ofBroker('maxRate')),
  'broker-ca-cert': daemonRow(['/a', '/b'], ['/a', '/b'], undefined, ofBroker('caCert')),
}
