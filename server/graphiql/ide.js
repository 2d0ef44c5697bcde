/* Opens GraphiQL on the page's configuration: the endpoint, the example queries and the demo tokens. */
(() => {
  'use strict';

  const configuration = JSON.parse(document.getElementById('configuration').textContent);
  const place = document.getElementById('ide');

  if (!window.GraphiQL || !window.GraphiQLPluginExplorer) {
    const notice = document.createElement('p');
    notice.className = 'notice';
    notice.textContent =
      `The IDE's files did not load${configuration.cdn ? ` from ${configuration.cdn}` : ''}. ` +
      `The API itself answers at ${configuration.endpoint}.`;
    place.replaceChildren(notice);
    return;
  }

  const { createElement, useEffect, useRef } = React;

  const OF_ROLE = { learner: 'with the learner\u2019s token', staff: 'with the staff token' };

  const authorization = token => JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2);

  /* Without a demo token the header is a form to fill in. */
  const headersOf = role => authorization(configuration.tokens[role] ?? '');

  const examples = configuration.examples.map(example => ({ ...example, headers: headersOf(example.role) }));

  /*
   * Keeps the tabs in the browser, but never a demo token: tokens expire, so a mark stands in their place and turns
   * into the page's present token when the tab is read. The three editors' texts are read from the active tab alone;
   * GraphiQL writes them apart as well, and opens a second copy of the tab when the two differ.
   */
  class TabStorage {
    static #EDITORS = { 'graphiql:query': 'query', 'graphiql:variables': 'variables', 'graphiql:headers': 'headers' };
    static #TABS = 'graphiql:tabState';
    #kept = GraphiQL.createLocalStorage({ namespace: 'paceline' });
    #roles = Object.keys(OF_ROLE);

    get length() {
      return this.#kept.length;
    }

    getItem(key) {
      const property = TabStorage.#EDITORS[key];
      if (property) {
        return this.#activeTab()?.[property] ?? null;
      }
      const text = this.#kept.getItem(key);
      return text && this.#roles.reduce((read, role) => read.replaceAll(mark(role), configuration.tokens[role] ?? ''), text);
    }

    setItem(key, text) {
      if (key in TabStorage.#EDITORS) {
        return;
      }
      const written = this.#roles
        .filter(role => configuration.tokens[role])
        .reduce((left, role) => left.replaceAll(configuration.tokens[role], mark(role)), text);
      this.#kept.setItem(key, written);
    }

    removeItem(key) {
      this.#kept.removeItem(key);
    }

    clear() {
      this.#kept.clear();
    }

    get isEmpty() {
      return this.#kept.getItem(TabStorage.#TABS) === null;
    }

    #activeTab() {
      const state = JSON.parse(this.getItem(TabStorage.#TABS));
      return state?.tabs[state.activeTabIndex];
    }
  }

  function mark(role) {
    return `<the ${role}'s token>`;
  }

  /* Answers every request, GraphiQL's own question for the schema among them. */
  function fetcher(request, { headers = {} } = {}) {
    const sent = asWritten(request);
    return isSubscription(sent) ? subscription(sent, headers) : answer(sent, headers);
  }

  /*
   * GraphiQL reads the editor's text a moment after it was filled: who is quicker would send the name of the operation in
   * the tab before, and is answered by the text alone.
   */
  function asWritten({ operationName, ...request }) {
    return operationName && isIn(request.query, operationName) ? { ...request, operationName } : request;
  }

  function isSubscription({ operationName, query }) {
    return operationName ? isIn(query, `subscription\\s+${operationName}`) : /^\s*subscription\b/m.test(query);
  }

  function isIn(query, words) {
    return new RegExp(`\\b${words}\\b`).test(query);
  }

  function ask(request, headers, accept, signal) {
    const sent = new Headers({ Accept: accept, 'Content-Type': 'application/json' });
    for (const [name, value] of Object.entries(headers)) {
      /* A form that nobody filled in is no token: with none at all the schema is still answered. */
      if (String(value).trim() !== 'Bearer') {
        sent.set(name, value);
      }
    }
    return fetch(configuration.endpoint, { method: 'POST', headers: sent, body: JSON.stringify(request), signal });
  }

  async function answer(request, headers) {
    const response = await ask(request, headers, 'application/graphql-response+json, application/json');
    return response.json();
  }

  /* The answers of a subscription, until it ends or GraphiQL calls return(): an iterator that waits could not hear that. */
  function subscription(request, headers) {
    const stop = new AbortController();
    const results = streamed(request, headers, stop.signal);
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: () => results.next(),
      return() {
        stop.abort();
        return results.return();
      },
    };
  }

  async function* streamed(request, headers, signal) {
    try {
      const response = await ask(request, headers, 'text/event-stream', signal);
      if (!response.ok) {
        yield await response.json();
        return;
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) {
          throw new Error('The server ended the stream. Run the subscription again.');
        }
        const events = (text + value).split('\n\n');
        text = events.pop();
        for (const [event, data] of events.filter(block => !block.startsWith(':')).map(fieldsOf)) {
          if (event === 'complete') {
            return;
          }
          yield JSON.parse(data);
        }
      }
    } catch (fault) {
      if (!signal.aborted) {
        throw fault;
      }
    }
  }

  /* The name and the data of a server-sent event. */
  function fieldsOf(block) {
    return ['event', 'data'].map(name =>
      block
        .split('\n')
        .find(line => line.startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim(),
    );
  }

  /* The examples stay within reach when their tabs were changed or closed. */
  function Examples() {
    const editor = GraphiQL.React.useEditorContext({ nonNull: true });
    const opening = useRef(null);

    useEffect(() => {
      const example = opening.current;
      if (example) {
        opening.current = null;
        editor.queryEditor?.setValue(example.query);
        editor.variableEditor?.setValue(example.variables);
        editor.headerEditor?.setValue(example.headers);
      }
    });

    function open(example) {
      const index = editor.tabs.findIndex(tab => tab.query === example.query);
      opening.current = example;
      if (index < 0) {
        editor.addTab();
      } else {
        editor.changeTab(index);
      }
    }

    return createElement(
      'section',
      { 'aria-label': 'Examples' },
      createElement('div', { className: 'graphiql-doc-explorer-title' }, 'Examples'),
      createElement(
        'ul',
        { className: 'example-list' },
        examples.map(example =>
          createElement(
            'li',
            { key: example.name },
            createElement(
              'button',
              { type: 'button', className: 'graphiql-un-styled', onClick: () => open(example) },
              example.name,
              createElement('div', { className: 'example-role' }, OF_ROLE[example.role]),
            ),
          ),
        ),
      ),
    );
  }

  function ExamplesIcon() {
    return createElement(
      'svg',
      { viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor', strokeWidth: 1.5, 'aria-hidden': true },
      createElement('path', { d: 'M4 5h16M4 12h16M4 19h10' }),
    );
  }

  /* A link may bring a query and its variables, behind the #, which no server gets to see: it opens in a tab of its own. */
  function linked() {
    const parameters = new URLSearchParams(location.hash.slice(1));
    if (!parameters.has('query')) {
      return null;
    }
    history.replaceState(null, '', location.pathname);
    return { query: parameters.get('query'), variables: parameters.get('variables') ?? '', headers: headersOf('learner') };
  }

  const link = linked();
  const tabs = examples.map(({ query, variables, headers }) => ({ query, variables, headers }));

  /* GraphiQL reads which panel was open, and leaves it to others to write it. */
  const PANEL = 'graphiql:visiblePlugin';
  const storage = new TabStorage();
  if (storage.isEmpty) {
    storage.setItem(PANEL, 'Documentation Explorer');
  }

  ReactDOM.createRoot(place).render(
    createElement(
      GraphiQL,
      {
        fetcher,
        storage,
        ...link,
        defaultTabs: link === null ? tabs : [link, ...tabs],
        defaultQuery: '',
        defaultHeaders: headersOf('learner'),
        defaultEditorToolsVisibility: true,
        isHeadersEditorEnabled: true,
        /* Where there are demo tokens there is nothing secret in a header; elsewhere it is for whoever typed it to say. */
        shouldPersistHeaders: Object.keys(configuration.tokens).length > 0 ? true : undefined,
        onTogglePluginVisibility: panel => storage.setItem(PANEL, panel?.title ?? ''),
        plugins: [
          { title: 'Examples', icon: ExamplesIcon, content: Examples },
          GraphiQLPluginExplorer.explorerPlugin({ showAttribution: false }),
        ],
      },
      createElement(GraphiQL.Logo, null, 'Paceline'),
    ),
  );
})();
