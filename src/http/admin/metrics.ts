import type { Metric } from 'prom-client'
import Registry from 'prom-client/lib/registry.js'
import type { Counts } from '../../app/admin/metrics/counts.ts'
import { metricFamilies, type MetricFamily } from '../../app/admin/metrics/families.ts'
import type { Driver } from '../../app/volume/driver.ts'

/** The text of all metrics, and its Content-Type. */
interface MetricsText {
  readonly type: string
  readonly text: string
}

/** Returns all metrics in the text format of Prometheus, as they are now. */
export async function metricsText(driver: Driver, counts: Counts): Promise<MetricsText> {
  const registry = new Registry()
  for (const family of await metricFamilies(driver, counts)) registry.registerMetric(asMetric(family))
  return { type: registry.contentType, text: await registry.metrics() }
}

/**
 * Returns the family as the registry reads a metric. The package's own metrics count by themselves, so they
 * would have to be loaded before the first event.
 */
function asMetric({ name, help, type, samples }: MetricFamily): Metric {
  const values = samples.map(({ suffix = '', labels, value }) => ({
    metricName: `${name}${suffix}`,
    labels,
    value,
  }))
  return { name, get: async () => ({ name, help, type, values }) } as unknown as Metric
}
