/**
 * `node connect-program.ts FILE`: the Connect fixture, told by a file what to serve, so that no token is
 * among its arguments.
 */
import { readFileSync } from 'node:fs'

import { startConnectServer } from '../../test/fixtures/servers/connect.ts'

await startConnectServer(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')))
