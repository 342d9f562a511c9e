import { createServer as createHttpServer } from 'node:http'
import { createServer } from '@millrace/server'

const http = createHttpServer((_request, response) => response.end('Hello from node:http\n'))
const millrace = createServer()
millrace.attach(http)
http.listen(process.env.PORT ?? 8080, () => console.log(`http://localhost:${http.address().port}`))
