import { createServer } from '@millrace/server'
import express from 'express'

const app = express()
app.get('/', (_request, response) => response.send('Hello from Express\n'))
const http = app.listen(process.env.PORT ?? 8080, () =>
  console.log(`http://localhost:${http.address().port}`),
)
const millrace = createServer()
millrace.attach(http)
