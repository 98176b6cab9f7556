/* DDPG (Lillicrap et al. 2016, Algorithm 1) for one agent: the same update as ddpg_lib.ddpg, in
   float64. A batch is a flat array, one row a transition. All of it stands in one function without
   outside names, because a worker runs its text: read from disk, a page may not load one by name. */
"use strict";
(() => {
  const core = () => {
    const clip = (x, low, high) => Math.min(Math.max(x, low), high);

    // mulberry32, as in core.js, with a stream for each purpose.
    class Random {
      constructor(seed, stream) {
        this.a = Math.imul(seed + 1, 0x9E3779B1) ^ Math.imul(stream, 0x85EBCA77);
      }
      uniform() {
        const a = this.a = this.a + 0x6D2B79F5 | 0;
        let t = Math.imul(a ^ a >>> 15, 1 | a);
        t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
        return ((t ^ t >>> 14) >>> 0) / 4294967296;
      }
      between(low, high) { return low + (high - low) * this.uniform(); }
      normal() {
        return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
      }
    }

    const tanh = x => {
      if (x * x < 1e-8) return x;
      const e = Math.exp(2 * clip(x, -20, 20));
      return (e - 1) / (e + 1);
    };
    // out[to + j] += sum over i < m of a[from + i stride] b[i, j], for j < k.
    const addProduct = (a, from, stride, b, out, to, m, k) => {
      for (let j = 0; j < k; j++) {
        let s = out[to + j];
        for (let i = 0, p = from, q = j; i < m; i++, p += stride, q += k) s += a[p] * b[q];
        out[to + j] = s;
      }
    };
    /* A perceptron with tanh in its hidden layers, for up to `rows` inputs at once. `theta` holds
       of each layer W, inputs by outputs, and b, and `gradient` dL/dtheta. */
    class Network {
      constructor(sizes, squash, rows, random = null) {
        const last = sizes.length - 1;
        Object.assign(this, { sizes, squash, last });
        let total = 0;
        const at = sizes.slice(1).map((k, l) => [total, total += sizes[l] * k, total += k]);
        this.theta = new Float64Array(total);
        this.gradient = new Float64Array(total);
        const parts = x => at.map(([w, b, end]) => [x.subarray(w, b), x.subarray(b, end)]);
        this.layers = parts(this.theta);
        this.slopes = parts(this.gradient);
        this.h = sizes.map(k => new Float64Array(rows * k)); // what comes out; h[0] is the input
        this.d = sizes.map(k => new Float64Array(rows * k)); // dL/dh, then dL/dz
        if (random)
          this.layers.forEach((both, l) => {
            const bound = l < last - 1 ? sizes[l] ** -0.5 : 3e-3;
            for (const x of both) x.forEach((_, i) => { x[i] = random.between(-bound, bound); });
          });
      }
      // The outputs of the first n rows of h[0].
      forward(n) {
        for (let l = 0; l < this.last; l++) {
          const [m, k] = [this.sizes[l], this.sizes[l + 1]], [w, b] = this.layers[l];
          const x = this.h[l], y = this.h[l + 1];
          for (let r = 0; r < n; r++) {
            for (let j = 0; j < k; j++) y[r * k + j] = b[j];
            addProduct(x, r * m, 1, w, y, r * k, m, k);
          }
          if (l < this.last - 1 || this.squash) for (let i = 0; i < n * k; i++) y[i] = tanh(y[i]);
        }
        return this.h[this.last];
      }
      // From dL/doutput in d[last] to that of the weights, or else to that of the input in d[0].
      backward(n, weights) {
        for (let l = this.last - 1; l >= 0; l--) {
          const [m, k] = [this.sizes[l], this.sizes[l + 1]], [w] = this.layers[l];
          const d = this.d[l + 1], y = this.h[l + 1], dx = this.d[l];
          if (l < this.last - 1 || this.squash)
            for (let i = 0; i < n * k; i++) d[i] *= 1 - y[i] * y[i];
          if (weights) {
            const [dw, db] = this.slopes[l];
            dw.fill(0);
            db.fill(0);
            for (let i = 0; i < m; i++) addProduct(this.h[l], i, m, d, dw, i * k, n, k);
            for (let r = 0; r < n * k; r += k) for (let j = 0; j < k; j++) db[j] += d[r + j];
            if (!l) return;
          }
          for (let r = 0; r < n; r++)
            for (let i = 0; i < m; i++) {
              let s = 0;
              for (let j = 0; j < k; j++) s += d[r * k + j] * w[i * k + j];
              dx[r * m + i] = s;
            }
        }
      }
    }

    // Adam (Kingma and Ba 2015, Algorithm 1).
    class Adam {
      constructor({ theta, gradient }) {
        Object.assign(this, { theta, gradient, t: 0 });
        this.m = new Float64Array(theta.length);
        this.v = new Float64Array(theta.length);
      }
      descend(lr) {
        const { theta, gradient, m, v } = this;
        const root = Math.sqrt(1 - 0.999 ** ++this.t), size = lr * root / (1 - 0.9 ** this.t);
        for (let i = 0; i < theta.length; i++) {
          const g = gradient[i];
          m[i] += 0.1 * (g - m[i]);
          v[i] += 0.001 * (g * g - v[i]);
          theta[i] -= size * m[i] / (Math.sqrt(v[i]) + 1e-8 * root);
        }
      }
    }

    // Pendulum-v1, as in core.js.
    const swing = (theta, speed, torque) => {
      const u = clip(torque, -2, 2), angle = Math.atan2(Math.sin(theta), Math.cos(theta));
      const next = clip(speed + (15 * Math.sin(theta) + 3 * u) * 0.05, -8, 8);
      return [theta + next * 0.05, next, -(angle ** 2 + 0.1 * speed ** 2 + 0.001 * u ** 2)];
    };
    const observe = (theta, speed) => [Math.cos(theta), Math.sin(theta), speed];
    const WIDTH = 9, A = 3, R = 4, NEXT = 5, D = 8; // of a row s, a, r, s', d, and where they are
    const LIMIT = 200;

    /* An agent at its own pendulum. Its settings may change while it learns. The bugs are classes
       of ddpg_lib.chapters.ch12.bugs: stale StaleState, mixed MixedRows, downhill WrongSign. */
    class Agent {
      constructor(seed, settings = {}) {
        const c = this.settings = {
          gamma: 0.99, tau: 0.01, sigma: 0.2, lr: 4e-3, bug: "",
          hidden: 32, batch: 32, capacity: 20000, warmup: 500, ...settings,
        };
        const made = (stream, inputs, squash) =>
          new Network([inputs, c.hidden, c.hidden, 1], squash, c.batch, new Random(seed, stream));
        [this.actor, this.actorTarget] = [made(1, 3, true), made(1, 3, true)];
        [this.critic, this.criticTarget] = [made(2, 4, false), made(2, 4, false)];
        [this.actorAdam, this.criticAdam] = [new Adam(this.actor), new Adam(this.critic)];
        this.rows = new Float64Array(c.capacity * WIDTH);
        this.drawn = new Float64Array(c.batch * WIDTH);
        this.stored = this.loss = this.q = 0;
        [this.random, this.noise] = [new Random(seed, 3), new Random(seed, 4)];
        this.reset();
      }
      reset() {
        [this.theta, this.speed] = [this.random.between(-Math.PI, Math.PI), this.random.between(-1, 1)];
        this.s = observe(this.theta, this.speed);
        this.t = 0;
      }
      // The actor's action, from -1 to 1.
      act(s) {
        this.actor.h[0].set(s);
        return this.actor.forward(1)[0];
      }
      // One step of the loop.
      step() {
        const { warmup, sigma, bug } = this.settings, warm = this.stored < warmup;
        const a = warm ? this.noise.between(-1, 1)
          : clip(this.act(this.s) + sigma * this.noise.normal(), -1, 1);
        let r;
        [this.theta, this.speed, r] = swing(this.theta, this.speed, 2 * a);
        const next = observe(this.theta, this.speed);
        this.store([...this.s, a, r, ...next, 0]); // a time limit is no end: d = 0
        if (bug !== "stale") this.s = next;
        if (++this.t === LIMIT) this.reset();
        if (!warm) this.learn(this.sample());
      }
      store(row) { this.rows.set(row, this.stored++ % this.settings.capacity * WIDTH); }
      sample() {
        const { capacity, batch } = this.settings, held = Math.min(this.stored, capacity);
        for (let i = 0; i < batch; i++) {
          const from = Math.floor(this.random.uniform() * held) * WIDTH;
          for (let j = 0; j < WIDTH; j++) this.drawn[i * WIDTH + j] = this.rows[from + j];
        }
        return this.drawn;
      }
      // What a network says of a minibatch's states, beginning at a column, and of actions.
      ask(network, rows, column, actions) {
        const x = network.h[0], n = this.settings.batch, m = network.sizes[0];
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < 3; j++) x[i * m + j] = rows[i * WIDTH + column + j];
          if (m > 3) x[i * m + 3] = actions ? actions[i] : rows[i * WIDTH + A];
        }
        return network.forward(n);
      }
      // One update of Algorithm 1.
      learn(rows) {
        const { actor, critic } = this, { gamma, tau, lr, bug, batch: n } = this.settings;
        // Set y = r + gamma (1 - d) Q'(s', mu'(s')).
        const nextQ = this.ask(this.criticTarget, rows, NEXT, this.ask(this.actorTarget, rows, NEXT));
        const y = Array.from({ length: n }, (_, i) =>
          rows[i * WIDTH + R] + gamma * (1 - rows[i * WIDTH + D]) * nextQ[i]);

        // Update the critic by minimizing the loss. Mixed rows set every target against every
        // value: the mean over all pairs has the gradient of the mean target.
        const q = this.ask(critic, rows, 0), mean = y.reduce((sum, x) => sum + x, 0) / n;
        this.loss = 0;
        for (let i = 0; i < n; i++) {
          critic.d[critic.last][i] = 2 / n * (q[i] - (bug === "mixed" ? mean : y[i]));
          this.loss += (q[i] - y[i]) ** 2 / n;
        }
        critic.backward(n, true);
        this.criticAdam.descend(lr);

        // Update the actor with the sampled policy gradient: dQ/da, which comes out of the critic
        // at its fourth input, goes on into the actor. Adam descends, hence the minus.
        const value = this.ask(critic, rows, 0, this.ask(actor, rows, 0));
        this.q = 0;
        for (let i = 0; i < n; i++) {
          this.q += value[i] / n;
          critic.d[critic.last][i] = (bug === "downhill" ? 1 : -1) / n;
        }
        critic.backward(n, false);
        for (let i = 0; i < n; i++) actor.d[actor.last][i] = critic.d[0][4 * i + 3];
        actor.backward(n, true);
        this.actorAdam.descend(lr);

        // Update the targets.
        for (const [w, online] of [[this.actorTarget, actor], [this.criticTarget, critic]])
          for (let i = 0; i < w.theta.length; i++) w.theta[i] += tau * (online.theta[i] - w.theta[i]);
      }
      // The mean return of episodes without noise from `starts` [[theta, speed], ...].
      evaluate(starts) {
        let sum = 0;
        for (let [theta, speed] of starts)
          for (let t = 0, r; t < LIMIT; t++) {
            [theta, speed, r] = swing(theta, speed, 2 * this.act(observe(theta, speed)));
            sum += r;
          }
        return sum / starts.length;
      }
    }

    /* Agents that train side by side up to the step they are told, in slices of `slice`
       milliseconds, after each of which they `post` what is new. Returns what hears orders:
       {seeds, starts, every, settings, run} begins anew, {settings} turns dials, {goal} goes on. */
    const serve = (post, slice) => {
      let agents = [], order, goal = 0, waiting = false;
      const work = () => {
        waiting = false;
        const curve = [], began = Date.now();
        do {
          if (!agents.length || agents[0].stored >= goal) return;
          for (const x of agents) x.step();
          const at = agents[0].stored;
          if (at % order.every === 0) curve.push([at, agents.map(x => x.evaluate(order.starts))]);
        } while (agents[0].stored < goal && Date.now() - began < slice);
        post({
          run: order.run, step: agents[0].stored, curve, ms: Date.now() - began,
          actors: agents.map(x => x.actor.theta.slice()), q: agents.map(x => x.q),
        });
        wait();
      };
      const wait = () => {
        if (!waiting) setTimeout(work);
        waiting = true;
      };
      return told => {
        if (told.seeds) {
          order = told;
          goal = 0;
          agents = told.seeds.map(seed => new Agent(seed, told.settings));
          const curve = [[0, agents.map(x => x.evaluate(told.starts))]];
          post({ run: told.run, step: 0, curve, ms: 0, actors: agents.map(x => x.actor.theta.slice()) });
        } else if (told.settings) for (const x of agents) Object.assign(x.settings, told.settings);
        if (told.goal) goal = told.goal;
        wait();
      };
    };
    return { Random, Network, Adam, Agent, swing, serve };
  };

  window.ddpgLiving = window.ddpgLiving || {};
  ddpgLiving.ddpg = { ...core(), core };
})();
