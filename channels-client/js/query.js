// Keeps the lists in a TanStack Query cache in step with what a server says was created, updated or deleted.

/** @typedef {import('@tanstack/react-query').QueryClient} QueryClient */
/** @typedef {import('@tanstack/react-query').Query<any, any, any, any>} Query */
/** @typedef {import('@tanstack/react-query').QueryKey} QueryKey */
/**
 * @template Item
 * @typedef {object} SyncOptions
 * @property {QueryKey} queryKey                    of the queries to keep in step; those whose keys begin with it, too
 * @property {string} [created]                     the type of the event that brings a new item
 * @property {string} [updated]                     the type of the event that brings an item as it is now
 * @property {string} [deleted]                     the type of the event after which an item is gone
 * @property {(event: any) => Item} [item]          the item in an event, by default the event itself
 * @property {(item: any) => unknown} [id]          what an item is known by, also one that is gone; by default its `id`
 * @property {(item: Item, cached: Item) => boolean} [isNewer]  than the one in the cache; by default it always is
 * @property {(item: Item, queryKey: QueryKey) => boolean} [belongs]  whether an item is one of this query's; by default
 *   a new one is, and one that changed stays where it is
 * @property {'start' | 'end'} [add]                where a new item goes, by default `end`
 */

/**
 * Changes the cached data of all queries under `queryKey` when an event comes, and has them fetched again whenever the
 * connection opens, and now if it is open: what happened before was not heard. The data may be a list, a page as Django REST framework makes
 * them, `{count, results}`, the pages of an infinite query, or one item.
 * @template [Item=any]
 * @param {QueryClient} queryClient
 * @param {import('./connection.js').Connection<any>} connection
 * @param {SyncOptions<Item>} options
 * @returns {() => void} ends it
 */
export function syncQueries(queryClient, connection, options) {
  const { queryKey, created, updated, deleted, item = (event) => event, id = ({ id: own }) => own } = options;
  const { isNewer = () => true, belongs, add = 'end' } = options;

  /** @param {(data: any, key: QueryKey) => any} change */
  const changeAll = (change) => {
    for (const query of queryClient.getQueryCache().findAll({ queryKey })) {
      if (query.state.data !== undefined) {
        const { isInvalidated } = query.state;
        queryClient.setQueryData(query.queryKey, (/** @type {any} */ data) => change(data, query.queryKey));
        // one event does not make up for what was missed before
        if (isInvalidated) {
          queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true, refetchType: 'none' });
        }
      }
      if (query.state.fetchStatus === 'fetching') fetchAgainLater(query);
    }
  };
  /** @type {WeakSet<Query>} */
  const later = new WeakSet();
  /** An answer that is under way may be older than the event. @param {Query} query */
  const fetchAgainLater = (query) => {
    if (later.has(query)) return;
    later.add(query);
    const again = () => {
      later.delete(query);
      queryClient.invalidateQueries({ queryKey: query.queryKey, exact: true });
    };
    query.promise?.then(again, again);
  };
  /** @param {any} event @param {boolean} isNew  an item that is not there may be on another page, unless it is new */
  const put = (event, isNew) => {
    const next = item(event);
    changeAll((data, key) => {
      const belongsHere = belongs?.(next, key);
      return withItem(data, next, { id, isNewer, add, stays: belongsHere ?? true, joins: belongsHere ?? isNew });
    });
  };
  /** @param {any} event */
  const remove = (event) => {
    const gone = id(item(event));
    changeAll((data) => withoutItem(data, gone, id));
  };

  const life = new AbortController();
  const { signal } = life;
  if (created) connection.on(created, (event) => put(event, true), { signal });
  if (updated) connection.on(updated, (event) => put(event, false), { signal });
  if (deleted) connection.on(deleted, remove, { signal });
  /** @param {{state: string}} status */
  const fetchAgain = ({ state }) => {
    if (state === 'open') queryClient.invalidateQueries({ queryKey });
  };
  connection.onState(fetchAgain, { signal });
  // what happened between an answer and now was not heard either
  fetchAgain(connection.status);
  return () => life.abort();
}

/**
 * @typedef {object} Placing
 * @property {(item: any) => unknown} id
 * @property {(item: any, cached: any) => boolean} isNewer
 * @property {'start' | 'end'} add
 * @property {boolean} stays  whether a query that has the item keeps it
 * @property {boolean} joins  whether one that does not have it gets it
 */

/** @param {any} data @param {any} item @param {Placing} how */
function withItem(data, item, how) {
  const { id, isNewer, stays, joins } = how;
  const lists = listsOf(data);
  if (!lists) return id(data) === id(item) && isNewer(item, data) ? item : data;
  const cached = lists.flat().find((other) => id(other) === id(item));
  if (cached === undefined) return joins ? added(data, item, how) : data;
  if (!isNewer(item, cached)) return data;
  if (!stays) return withoutItem(data, id(item), id);
  return changed(data, (list) => list.map((other) => (other === cached ? item : other)));
}

/** @param {any} data @param {unknown} gone @param {(item: any) => unknown} id */
function withoutItem(data, gone, id) {
  if (!listsOf(data)?.flat().some((other) => id(other) === gone)) return data;
  return counted(changed(data, (list) => list.filter((other) => id(other) !== gone)), -1);
}

/** @param {any} data @param {any} item @param {Placing} how */
function added(data, item, { add }) {
  const last = (listsOf(data) ?? []).length - 1;
  const to = add === 'start' ? 0 : last;
  const put = (/** @type {any[]} */ list) => (add === 'start' ? [item, ...list] : [...list, item]);
  return counted(changed(data, (list, index) => (index === to ? put(list) : list)), 1);
}

/**
 * The lists in a query's data, one for each page; `undefined` if it is one item.
 * @param {any} data
 * @returns {any[][] | undefined}
 */
function listsOf(data) {
  if (Array.isArray(data)) return [data];
  if (Array.isArray(data?.results)) return [data.results];
  if (Array.isArray(data?.pages)) return data.pages.map((/** @type {any} */ page) => listsOf(page)?.[0] ?? []);
  return undefined;
}

/** @param {any} data @param {(list: any[], index: number) => any[]} change @param {number} [index] @returns {any} */
function changed(data, change, index = 0) {
  if (Array.isArray(data)) return change(data, index);
  if (Array.isArray(data.results)) return { ...data, results: change(data.results, index) };
  return onPages(data, (page, nth) => changed(page, change, nth));
}

/** A page that counts its items, or several that do, counts on. @param {any} data @param {number} by @returns {any} */
function counted(data, by) {
  if (Array.isArray(data.pages)) return onPages(data, (page) => counted(page, by));
  return typeof data.count === 'number' ? { ...data, count: data.count + by } : data;
}

/** @param {any} data @param {(page: any, nth: number) => any} change */
function onPages(data, change) {
  return { ...data, pages: data.pages.map(change) };
}
