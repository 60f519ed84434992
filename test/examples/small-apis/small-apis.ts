import { airtable } from './airtable.ts';
import { freee, type Rotation } from './freee.ts';
import { github } from './github.ts';
import { googleSheets } from './google-sheets.ts';
import { hubspot } from './hubspot.ts';
import { jira } from './jira.ts';
import { kintone } from './kintone.ts';
import { notion } from './notion.ts';
import { salesforce } from './salesforce.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import type { SmallApi } from './small-api.ts';
import { stripe } from './stripe.ts';
import { zendesk } from './zendesk.ts';

/**
 * Small copies of the APIs that `examples/apis` has recipes for. What was read of each API's documentation stands in its
 * recipe; a copy refuses what the documentation does not know.
 */
export function smallApis(rotation: Rotation): Readonly<Record<string, SmallApi>> {
  return {
    airtable,
    freee: freee(rotation),
    github,
    'google-sheets': googleSheets,
    hubspot,
    jira,
    kintone,
    notion,
    salesforce,
    shopify,
    slack,
    stripe,
    zendesk,
  };
}
