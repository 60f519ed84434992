/**
 * Reads every page of an API, one after the other on one connection, and throws the bytes away: what the server and the
 * socket take. Arguments: the URL without the page, and the number of pages; prints the bytes.
 */
import { Agent, get } from 'node:http';

const [url = '', pages = '0'] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let bytes = 0;
for (let page = 1; page <= Number(pages); page += 1) {
  await new Promise<void>((resolve, reject) => {
    get(`${url}?page=${page}`, { agent }, (response) => {
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
      });
      response.once('end', resolve);
      response.once('error', reject);
    }).once('error', reject);
  });
}
agent.destroy();
process.stdout.write(`${bytes}\n`);
