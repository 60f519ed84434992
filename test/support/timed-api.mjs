/** A process with an API of endless pages that notes by its own clock when it was asked. */
import { createServer } from 'node:http';

const times = [];
let count = 0;
const server = createServer((_, response) => {
  times.push(performance.now());
  count += 1;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify([{ id: count }]));
});
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send(times));
process.on('disconnect', () => process.exit());
