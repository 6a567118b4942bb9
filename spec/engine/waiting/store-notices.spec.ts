import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { PostgresStore } from 'retrysafe/postgres';
import { RedisStore } from 'retrysafe/redis';
import { type Deferred, defer } from '../../support/defer.js';
import { restOfTurn } from '../../support/deployment.js';
import { rejection } from '../../support/rejection.js';
import { unhandledDuring } from '../../support/unhandled-rejections.js';

/** An application's own wrapper around any subscriber. It says when it listens. */
class Subscriber {
  readonly begins: Deferred<void>[] = [];
  readonly ignored: string[] = [];
  readonly #listeners = new Map<string, (message: string) => void>();

  subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    const begin = defer();
    this.begins.push(begin);
    return begin.promise.then(() => {
      this.#listeners.set(channel, listener);
    });
  }

  async unsubscribe(channel: string): Promise<void> {
    this.ignored.push(channel);
    this.#listeners.delete(channel);
  }

  tell(key: string): void {
    this.#listeners.get(`app:${key}`)?.(key);
  }
}

/** Tests what stores with notices share, with two of them. Their own specs use the real servers. */
describe('notices of a store', () => {
  let subscriber: Subscriber;
  let changed: (key: string, signal: AbortSignal) => Promise<void>;

  beforeEach(() => {
    subscriber = new Subscriber();
    const store = new RedisStore({ client: async () => [], prefix: 'app:', subscriber });
    changed = (key, signal) => store.changed?.(key, signal) as Promise<void>;
  });

  /** Whether a promise has settled, without the help of a timer. */
  async function stateOf(promise: Promise<void>): Promise<string> {
    let state = 'open';
    promise.then(
      () => {
        state = 'resolved';
      },
      () => {
        state = 'rejected';
      },
    );
    await restOfTurn();
    return state;
  }

  it('there is one when it has begun to listen, and then one for each change', async () => {
    const { signal } = new AbortController();
    const begun = changed('a', signal);
    expect(await stateOf(begun)).to.equal('open');
    subscriber.begins[0]?.resolve();
    expect(await stateOf(begun)).to.equal('resolved');
    const notice = changed('a', signal);
    expect(await stateOf(notice)).to.equal('open');
    subscriber.tell('b');
    expect(await stateOf(notice)).to.equal('open');
    subscriber.tell('a');
    expect(await stateOf(notice)).to.equal('resolved');
    expect(await stateOf(changed('a', signal)), 'no change since').to.equal('open');
  });

  it('a change between two waits is told to the next wait, once', async () => {
    const { signal } = new AbortController();
    const begun = changed('a', signal);
    subscriber.begins[0]?.resolve();
    await begun;
    subscriber.tell('a');
    subscriber.tell('a');
    expect(await stateOf(changed('a', signal))).to.equal('resolved');
    expect(await stateOf(changed('a', signal))).to.equal('open');
  });

  it('every call that waits for a key is told, and the store listens until the last of them stops', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const begun = [changed('a', one.signal), changed('a', other.signal)];
    for (const begin of subscriber.begins) begin.resolve();
    await Promise.all(begun);
    const told = [changed('a', one.signal), changed('a', other.signal)];
    subscriber.tell('a');
    await Promise.all(told);
    one.abort();
    expect(subscriber.ignored).to.deep.equal([]);
    const still = changed('a', other.signal);
    subscriber.tell('a');
    await still;
    other.abort();
    expect(subscriber.ignored).to.deep.equal(['app:a']);
  });

  it('a call that stops waiting is released at once, also before the store listens', async () => {
    const controller = new AbortController();
    const waiting = changed('a', controller.signal);
    controller.abort();
    expect(await stateOf(waiting)).to.equal('resolved');
    expect(subscriber.ignored).to.deep.equal(['app:a']);
    expect(await stateOf(changed('a', controller.signal))).to.equal('resolved');
    expect(subscriber.begins, 'nothing is begun for who has left').to.have.length(1);
  });

  it('a waiting call is told where the store cannot listen, and the next call tries again', async () => {
    const { signal } = new AbortController();
    const waiting = changed('a', signal);
    subscriber.begins[0]?.reject(new Error('no connection'));
    expect(await rejection(waiting)).to.have.property('message', 'no connection');
    const next = changed('a', new AbortController().signal);
    subscriber.begins[1]?.resolve();
    expect(await stateOf(next)).to.equal('resolved');
  });

  it('a subscriber that throws when it is told to stop breaks nothing', async () => {
    const controller = new AbortController();
    subscriber.unsubscribe = () => {
      throw new Error('no connection');
    };
    const uncaught: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const unhandled = await unhandledDuring(async () => {
        const waiting = changed('a', controller.signal);
        controller.abort();
        await waiting;
        await restOfTurn();
      });
      expect([...unhandled, ...uncaught]).to.deep.equal([]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    }
  });

  describe('on a connection that listens for all keys', () => {
    class Connection extends EventEmitter {
      isUp = false;

      async query(): Promise<void> {
        if (!this.isUp) throw new Error('no connection');
      }
    }

    it('arrive once, however often listening was started, and end with it', async () => {
      const listener = new Connection();
      const store = new PostgresStore({ client: { query: async () => [] }, listener });
      for (let tries = 0; tries < 20; tries += 1) {
        const refused = store.changed?.('a', new AbortController().signal) as Promise<void>;
        expect(await rejection(refused)).to.have.property('message', 'no connection');
      }
      expect(listener.listenerCount('notification')).to.equal(1);
      expect(listener.listenerCount('end')).to.equal(1);
      listener.isUp = true;
      const { signal } = new AbortController();
      await store.changed?.('a', signal);
      const waiting = store.changed?.('a', signal) as Promise<void>;
      listener.emit('end');
      expect(await rejection(waiting)).to.match(/has ended/);
      expect(await rejection(store.changed?.('b', signal) as Promise<void>)).to.match(/has ended/);
    });
  });
});
