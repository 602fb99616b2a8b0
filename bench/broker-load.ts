import http from 'node:http'

/** One request. Without a body it is a GET. */
export interface Sent {
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

interface Order {
  readonly port: number
  readonly path: string
  readonly requests: readonly Sent[]
  readonly connections: number
}

let order: Order | undefined

// The first message has the requests, and the second one starts them.
process.on('message', (message: Order | 'go') => {
  if (message === 'go' && order !== undefined) void run(order).then((took) => process.send?.(took))
  else if (message !== 'go') {
    order = message
    process.send?.('ready')
  }
})

async function run({ port, path, requests, connections }: Order): Promise<readonly number[]> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const took: number[] = []
  let next = 0
  const one = async (): Promise<void> => {
    for (let request = requests[next++]; request !== undefined; request = requests[next++]) {
      const start = performance.now()
      await ask({ agent, host: '127.0.0.1', port, path }, request)
      took.push(performance.now() - start)
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  agent.destroy()
  return took
}

function ask(to: http.RequestOptions, { body, headers }: Sent): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const method = body === undefined ? 'GET' : 'POST'
  const request = http.request({ ...to, method, headers: { ...headers } }, (answer) => {
    answer.resume()
    answer.once('end', () =>
      answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`)),
    )
  })
  request.once('error', reject)
  request.end(body)
  return promise
}
