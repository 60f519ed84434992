// Makes a table fit, in a process of its own, which a test kills.
// Usage: node define-table.mjs '{"endpoint": …, "credentials": …, "where": …, "demand": …}'
import { systemClock } from '../../dist/lib/clock.js';
import { connect } from '../../dist/lib/dsql/connect.js';
import { defineTable } from '../../dist/lib/load/define-table.js';

const { credentials, demand, endpoint, where } = JSON.parse(process.argv[2]);
const sql = connect(endpoint, { maxConnections: 2, credentials });
await defineTable({ sql, where, retry: { clock: systemClock, random: Math.random }, pid: process.pid }, demand);
await sql.end({ timeout: 1 });
