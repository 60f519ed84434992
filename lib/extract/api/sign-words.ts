/**
 * The names by which APIs say that there is more, how much there is, or that something went wrong, from the
 * documentation of public APIs. Names are compared without case and without anything but letters and digits.
 */

/** What a member of a response or a header may say. */
export type SignKind =
  /** True: there is more. */
  | 'more'
  /** False: there is more. */
  | 'end'
  /** What asks for the next page: a URL, a number or a cursor. */
  | 'next'
  /** A cursor only where the page has items, because it may stay when there is no more. */
  | 'cursor'
  /** How many items there are. */
  | 'total'
  /** How many pages there are. */
  | 'pages'
  /** A number of pages, or a flag that says whether this is the last. */
  | 'last'
  /** A cursor of the last item, which stays where there is no more: only beside a flag it leads on. */
  | 'end_cursor'
  /** Which page this is: its number, or where its items begin. */
  | 'position'
  /** Links by relation. */
  | 'links'
  /** How many items a page has at most. */
  | 'page_size'
  /** Anything but nothing: an error. */
  | 'error'
  /** False: an error. */
  | 'ok'
  /** A word such as `error`, or a number that HTTP has for errors. */
  | 'status'
  /** A number that HTTP has for errors; at the root only where there are no rows, for it may be a code of anything. */
  | 'code'
  /** A number: above zero there is more. */
  | 'remaining'
  /** Anything but nothing: why rows were left out. */
  | 'cut'
  /** A number above zero: parts of the answer are missing. */
  | 'failed';

/** Names that mean the same wherever they stand. */
const clear: Readonly<Record<string, SignKind>> = Object.fromEntries([
  ...words(
    'more',
    'hasmore hasmoreitems hasmorerecords hasmoreresults hasmorepages hasmoredata hasnext hasnextpage morerecords moreresults moreitems moredata moreavailable nextpageavailable exceededtransferlimit istruncated incompleteresults',
  ),
  ...words('end', 'islast islastpage endofstream endoflist isend isfinished iscomplete isdone nomore exhausted'),
  ...words(
    'next',
    'nextcursor cursornext nextpagetoken nexttoken nextpage nextpageid nextpagenumber nextpageno nextpagekey nextpageurl nextpageuri nextpagelink nextlink nexturl nexturi nexthref nextrecordsurl nextresultsurl nextbatch nextbatchurl nextoffset nextstart nextstartat nextindex nextkey nextmarker nextid nextposition nextcontinuationtoken continuationtoken nextcontinuation odatanextlink nextsearchafter lastevaluatedkey mscontinuation nextrange',
  ),
  ...words(
    'remaining',
    'remainingitemcount remainingitems remainingcount remainingrecords remainingrows remainingresults',
  ),
  ...words('cut', 'incompletereason truncationreason truncatedreason'),
  ...words('cursor', 'aftercursor cursorafter bookmark'),
  ...words('end_cursor', 'endcursor lastcursor'),
  ...words(
    'total',
    'totalcount totalcounts totalresults totalresult totalsize totalelements totalitems totalrecords totalrecord totalrows totalrow totalhits totalentries totalobjects totaldocs totaldocuments totalrecordcount totalresultcount totalrecordscount totalnum totalnumber totalfound totalmatches totalavailable totalcountofitems grandtotal numfound numberoffound numresults numrecords numberofresults numberofrecords numberofitems nbhits foundrows foundcount recordsfiltered recordcount recordscount rowcount rowscount resultcount resultscount itemcount itemscount odatacount itotaldisplayrecords opensearchtotalresults',
  ),
  ...words(
    'pages',
    'totalpages totalpage totalpagecount totalpagescount pagecount pagescount numpages numberofpages nbpages pagestotal lastpagenumber',
  ),
]);

/** Parameters and members that tell how many items a page has at most. */
const pageSizes = words(
  'page_size',
  'limit pagesize perpage pagelimit maxresults maxresult resultsperpage itemsperpage hitsperpage rowsperpage recordsperpage maxrecords maxitems maxrows pagelength pagelen maxpagesize resultrecordcount',
);
const pageSizeParams = new Set([
  ...pageSizes.map(([name]) => name),
  ...'size count rows first top take num length n'.split(' '),
]);

/** Names that mean something only at the root, in an object about the pages, or on the way to the rows. */
const vague: Readonly<Record<string, SignKind>> = Object.fromEntries([
  ...words('more', 'more partial truncated incomplete'),
  ...words('end', 'done finished complete completed eof'),
  ...words('next', 'next continuation continue'),
  ...words('cursor', 'cursor after offset'),
  ...words('total', 'total count found hits'),
  ...words('pages', 'pages'),
  ...pageSizes,
  ...words('last', 'last lastpage'),
  ...words('links', 'link links'),
  ...words('position', 'page pageno pagenumber pagenum currentpage number pageindex skip start startat startindex'),
  ...words(
    'error',
    'error errors err errormessage errormsg errmsg errorcode errcode errno errordescription errordetails errorreason errorcount errorscount numerrors iserror haserror haserrors partialfailureerror partialerror partialerrors retcode returncode fault faults exception exceptions failures',
  ),
  ...words('ok', 'ok success succeeded successful issuccess issuccessful'),
  ...words(
    'status',
    'status state result resultcode stat responsestatus statuscode httpstatus httpstatuscode httpcode responsecode',
  ),
  ...words('code', 'code'),
  ...words('failed', 'failed timedout'),
]);

/** Names of objects about the response, not of what it is about. */
const aboutResponse = new Set(
  'meta metadata metainfo pagination paging pageinfo page pager pages pageable paginginfo paginationinfo pagingmetadata paginationmetadata cursor cursors link links response responsemetadata responseinfo responsestatus searchmetadata searchinformation searchinfo queryinfo querymetadata querycontinue data result results resultset resultinfo output body payload hits shards info header headers request 0 1 total next feed collection envelope odata more range'.split(
    ' ',
  ),
);

function words(kind: SignKind, names: string): readonly (readonly [string, SignKind])[] {
  return names.split(' ').map((name) => [name, kind] as const);
}

export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** What a member says by its name, and whether the name alone is enough to know. */
export function signKind(name: string): { readonly kind: SignKind; readonly clear: boolean } | undefined {
  const plain = plainName(name);
  if (Object.hasOwn(clear, plain)) return { kind: clear[plain] as SignKind, clear: true };
  return Object.hasOwn(vague, plain) ? { kind: vague[plain] as SignKind, clear: false } : undefined;
}

/** Whether an object of this name is about the response, not about its rows. */
export function isAboutResponse(name: string): boolean {
  return aboutResponse.has(plainName(name));
}

/** Whether a parameter of a request asks for so many items at most. */
export function isPageSizeParameter(name: string): boolean {
  return pageSizeParams.has(plainName(name));
}
